using KvmTop.Linux;
using KvmTop.Simulator.Model;

namespace KvmTop.Simulator.Files;

/// <summary>
/// A file whose text is made when it is read from its beginning. A reader that comes back for the rest gets the rest of that same text,
/// as the kernel's seq files give it: the moment is remembered, and the text of a moment never changes.
/// </summary>
internal abstract class SimulatedFile(SimClock clock) : HostFile
{
    private const int LargestText = 64 << 20;

    [ThreadStatic]
    private static byte[]? t_scratch;

    private long _moment = -1;
    private long _length = -1;
    private volatile bool _closed;

    public sealed override int ReadAt(long offset, Span<byte> buffer)
    {
        if (_closed)
        {
            return -(int)Errno.EBADF;
        }

        if (offset < 0)
        {
            return -(int)Errno.EINVAL;
        }

        if (offset > 0 && _moment >= 0)
        {
            return _length >= 0 && offset >= _length ? 0 : ReadPart(offset, buffer, _moment);
        }

        var now = clock.Now();
        _moment = now;
        _length = -1;
        if (offset > 0)
        {
            return ReadPart(offset, buffer, now);
        }

        var writer = new Utf8Writer(buffer);
        var errno = Write(ref writer, now);
        if (errno != Errno.None)
        {
            return -(int)errno;
        }

        if (writer.Overflowed)
        {
            return ReadPart(0, buffer, now);
        }

        _length = writer.Length;
        return writer.Length;
    }

    protected abstract Errno Write(ref Utf8Writer writer, long now);

    protected override void Dispose(bool disposing) => _closed = true;

    private int ReadPart(long offset, Span<byte> buffer, long moment)
    {
        var scratch = t_scratch ??= new byte[16384];
        while (true)
        {
            var writer = new Utf8Writer(scratch);
            var errno = Write(ref writer, moment);
            if (errno != Errno.None)
            {
                return -(int)errno;
            }

            if (!writer.Overflowed || scratch.Length >= LargestText)
            {
                _length = writer.Length;
                var rest = scratch.AsSpan((int)Math.Min(offset, writer.Length), Math.Max(0, (int)(writer.Length - offset)));
                rest = rest[..Math.Min(rest.Length, buffer.Length)];
                rest.CopyTo(buffer);
                return rest.Length;
            }

            t_scratch = scratch = new byte[scratch.Length * 2];
        }
    }
}

/// <summary>Writes a file of the host as it is at a moment.</summary>
internal delegate Errno FormatFile(ref Utf8Writer writer, long now);

/// <summary>A file of the host as a whole.</summary>
internal sealed class HostWideFile(SimClock clock, FormatFile format) : SimulatedFile(clock)
{
    protected override Errno Write(ref Utf8Writer writer, long now) => format(ref writer, now);
}

/// <summary>Writes a file of a process or thread.</summary>
internal delegate void FormatProcess(ref Utf8Writer writer, in ProcessMoment moment);

/// <summary>A file of a process or thread. When that has ended the answer is ESRCH, also when its id has been given to another.</summary>
internal sealed class ProcessFile(HostModel host, SimProcess process, long generation, SimThread? thread, FormatProcess format) : SimulatedFile(host.Clock)
{
    protected override Errno Write(ref Utf8Writer writer, long now)
    {
        if (!process.Life.IsAlive(generation, now))
        {
            return Errno.ESRCH;
        }

        var moment = new ProcessMoment(host, process, generation, thread, now);
        format(ref writer, moment);
        return Errno.None;
    }
}

/// <summary>A process, or one of its threads, at a moment.</summary>
internal readonly ref struct ProcessMoment(HostModel host, SimProcess process, long generation, SimThread? thread, long now)
{
    public readonly HostModel Host = host;
    public readonly SimProcess Process = process;
    public readonly long Now = now;
    public readonly long Generation = generation;

    /// <summary>The thread that is spoken of; the main thread for the process's own files.</summary>
    public readonly SimThread Thread = thread ?? process.Threads[0];

    /// <summary>True for the files of the whole process.</summary>
    public readonly bool IsWhole = thread is null;
    public readonly long Lived = process.Life.Lived(now);
    public readonly long LivedBefore = process.Life.LivedBefore(generation);

    public int Pid => Process.Life.PidOf(Generation);

    public int Tid => Pid + Thread.Offset;

    public bool IsRunning => Thread.IsRunning(Now, Lived);

    /// <summary>What a wave has brought together in this generation.</summary>
    public long Since(Wave wave) => LivedBefore == 0 ? wave.Integral(Lived) : wave.Integral(Lived) - wave.Integral(LivedBefore);

    public CpuUse ThreadTimes => LivedBefore == 0 ? Thread.Times(Lived) : Thread.Times(Lived) - Thread.Times(LivedBefore);
}
