namespace KvmTop.Linux;

/// <summary>What stands before the text of a record of the kernel log.</summary>
/// <param name="Sequence">Its number.</param>
/// <param name="Priority">0 (emergency) to 7 (debug), as in syslog(3).</param>
/// <param name="Facility">0 for the kernel's own. Programs that write to /dev/kmsg have another, and cannot have this one (printk.c, devkmsg_write).</param>
/// <param name="SinceBoot">When, by a clock that stands still while the machine sleeps.</param>
public readonly record struct KernelRecord(long Sequence, int Priority, int Facility, TimeSpan SinceBoot);

/// <summary>Takes a record with the first line of its text, as the kernel wrote it.</summary>
public delegate void KernelRecordTaker(in KernelRecord record, ReadOnlySpan<byte> text);

/// <summary>
/// The kernel log from <c>/dev/kmsg</c> (Documentation/ABI/testing/dev-kmsg): one record per read, "priority,sequence,microseconds,flags;text", further lines of
/// it begin with a blank. EPIPE says that records were overwritten before they were read: go on. EAGAIN is the end for now. Reading needs CAP_SYSLOG where
/// kernel.dmesg_restrict is 1.
/// </summary>
public sealed class KernelLog : IDisposable
{
    /// <summary>Where it is.</summary>
    public const string Path = "/dev/kmsg";

    private const int LongestRecord = 8192;

    // A storm of messages must not keep us here: the rest comes with the next reading.
    private const int MostRecords = 200_000;

    private readonly byte[] _record = new byte[LongestRecord];
    private readonly HostFile _file;
    private readonly bool _isLive;
    private bool _ended;

    private KernelLog(HostFile file, bool isLive) => (_file, _isLive) = (file, isLive);

    /// <summary>Records that were overwritten before they were read, at least.</summary>
    public long Overruns { get; private set; }

    /// <summary>Opens it at its oldest record.</summary>
    public static Errno Open(HostRoot host, out KernelLog? log)
    {
        var errno = host.Open(Path, out var file);
        log = file is null ? null : new KernelLog(file, host.IsLive);
        return errno;
    }

    /// <summary>Hands on what has come since the last call, oldest first.</summary>
    public Errno ReadNew(KernelRecordTaker take)
    {
        if (!_isLive)
        {
            return ReadCaptured(take);
        }

        for (var i = 0; i < MostRecords; i++)
        {
            var n = _file.ReadAt(0, _record);
            if (n <= 0)
            {
                switch ((Errno)(-n))
                {
                    case Errno.None or Errno.EAGAIN:
                        return Errno.None;
                    case Errno.EPIPE or Errno.EINTR:
                        Overruns += n == -(int)Errno.EPIPE ? 1 : 0;
                        continue;
                    case Errno.EINVAL:
                        // Longer than any record should be: the kernel has skipped it.
                        continue;
                    case var errno:
                        return errno;
                }
            }

            Hand(_record.AsSpan(0, n), take);
        }

        return Errno.None;
    }

    /// <summary>Reads what stands before the text of a record; false when it is none.</summary>
    public static bool TryParse(ReadOnlySpan<byte> record, out KernelRecord head, out ReadOnlySpan<byte> text)
    {
        head = default;
        text = default;
        var semicolon = record.IndexOf((byte)';');
        if (semicolon < 0)
            return false;

        var fields = record[..semicolon];
        text = record[(semicolon + 1)..];
        var end = text.IndexOf((byte)'\n');
        text = end < 0 ? text : text[..end];
        if (!Next(ref fields, out var priority) || !Next(ref fields, out var sequence) || !Next(ref fields, out var microseconds) || priority is < 0 or > int.MaxValue)
            return false;

        head = new KernelRecord(sequence, (int)(priority & 7), (int)(priority >> 3), TimeSpan.FromMicroseconds(Math.Clamp(microseconds, 0, long.MaxValue / 20)));
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static void Hand(ReadOnlySpan<byte> record, KernelRecordTaker take)
    {
        if (TryParse(record, out var head, out var text))
            take(head, text);
    }

    private static bool Next(ref ReadOnlySpan<byte> head, out long number)
    {
        var comma = head.IndexOf((byte)',');
        var field = comma < 0 ? head : head[..comma];
        head = comma < 0 ? default : head[(comma + 1)..];
        return ByteFields.Parse(field, out number);
    }

    // A captured log is a file of records, one per line; it ends.
    private Errno ReadCaptured(KernelRecordTaker take)
    {
        if (_ended)
            return Errno.None;

        _ended = true;
        var records = new ByteLines(new ReadBuffer(65536, 4 << 20).ReadAll(_file, out var errno));
        while (records.TryNext(out var record))
            Hand(record, take);
        return errno;
    }
}
