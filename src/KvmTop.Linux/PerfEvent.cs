using System.Runtime.InteropServices;
using System.Text;

namespace KvmTop.Linux;

/// <summary>
/// One tracepoint on one thread: a descriptor of perf_event_open(2). Sampling events write records into a ring (<see cref="PerfRingBuffer"/>); all events
/// count, whether a record found room or not. Nothing outside this process sees or feels it but the thread, which runs a little longer per event.
/// </summary>
public sealed class PerfEvent : IDisposable
{
    private const nuint IocEnable = 0x2400;
    private const nuint IocDisable = 0x2401;
    private const nuint IocSetOutput = 0x2405;
    private const nuint IocSetFilter = 0x40082406;
    private const nint FlagGroup = 1;
    private const nint OpenCloseOnExec = 8;

    private int _fd;

    private PerfEvent(int fd) => _fd = fd;

    internal int Descriptor => _fd;

    /// <summary>Opens an event that writes time and raw data of every hit into a ring. It is off until <see cref="EnableGroup"/>.</summary>
    /// <param name="id">The event's number, from tracefs.</param>
    /// <param name="tid">The thread.</param>
    /// <param name="leader">The first event of the thread; null for that one itself. All of a group are switched at one moment and read together.</param>
    /// <param name="watermark">Wake who polls when that many bytes wait.</param>
    /// <param name="result">The event, or null.</param>
    /// <returns>EACCES and EPERM: not allowed (perf_event_paranoid, lockdown). ESRCH: the thread has ended. EMFILE: out of descriptors.</returns>
    public static Errno OpenSampling(ulong id, int tid, PerfEvent? leader, uint watermark, out PerfEvent? result) =>
        Open(id, tid, leader, PerfEventAttributes.SampleTime | PerfEventAttributes.SampleRaw, watermark, out result);

    /// <summary>The same without records: it only counts.</summary>
    public static Errno OpenCounting(ulong id, int tid, PerfEvent? leader, out PerfEvent? result) => Open(id, tid, leader, 0, 0, out result);

    /// <summary>Sends this event's records into the ring that belongs to another event of the same thread, so that their order is kept.</summary>
    public Errno SendTo(PerfEvent owner) => Check(Libc.ioctl(_fd, IocSetOutput, owner._fd));

    /// <summary>Passes only hits for which the expression holds (<c>load != 0</c>; Documentation/trace/events.rst). Belongs to this descriptor alone.</summary>
    public unsafe Errno SetFilter(string filter)
    {
        fixed (byte* text = Encoding.ASCII.GetBytes(filter + "\0"))
        {
            return Check(Libc.ioctl(_fd, IocSetFilter, text));
        }
    }

    /// <summary>Switches a leader's whole group on.</summary>
    public Errno EnableGroup() => Check(Libc.ioctl(_fd, IocEnable, FlagGroup));

    /// <summary>Switches a leader's whole group off.</summary>
    public Errno DisableGroup() => Check(Libc.ioctl(_fd, IocDisable, FlagGroup));

    /// <summary>Hits of each event of a leader's group, in the order of their opening, added to <paramref name="counts"/>.</summary>
    public unsafe Errno AddCounts(Span<ulong> counts)
    {
        Span<ulong> values = stackalloc ulong[1 + 64];
        nint read;
        fixed (ulong* p = values)
        {
            read = Libc.perf_read(_fd, p, values.Length * sizeof(ulong));
        }

        if (read < sizeof(ulong))
        {
            return read < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.ENODATA;
        }

        var n = Math.Min((int)Math.Min(values[0], 64), counts.Length);
        for (var i = 0; i < n; i++)
        {
            counts[i] += values[i + 1];
        }

        return Errno.None;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        var fd = Interlocked.Exchange(ref _fd, -1);
        if (fd >= 0)
        {
            _ = Libc.close(fd);
        }
    }

    private static unsafe Errno Open(ulong id, int tid, PerfEvent? leader, ulong sampleType, uint watermark, out PerfEvent? result)
    {
        var attributes = new PerfEventAttributes
        {
            Type = PerfEventAttributes.TypeTracepoint,
            Size = PerfEventAttributes.Version5Size,
            Config = id,
            SamplePeriod = sampleType == 0 ? 0UL : 1,
            SampleType = sampleType,
            ReadFormat = PerfEventAttributes.FormatGroup,
            // A group is as its leader is: the others come along.
            Flags = (leader is null ? PerfEventAttributes.FlagDisabled : 0) | (watermark > 0 ? PerfEventAttributes.FlagWatermark : 0),
            WakeupWatermark = watermark,
        };
        var fd = (int)Libc.perf_event_open(Libc.PerfEventOpenNumber, &attributes, tid, -1, leader?._fd ?? -1, OpenCloseOnExec);
        result = fd < 0 ? null : new PerfEvent(fd);
        return fd < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None;
    }

    private static Errno Check(int result) => result < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None;
}

/// <summary>Waits for records in any of several rings.</summary>
public sealed class PerfPoll(int capacity)
{
    private readonly Libc.PollFd[] _fds = new Libc.PollFd[capacity];
    private int _count;

    /// <summary>How many threads have not ended.</summary>
    public int Alive { get; private set; }

    /// <summary>Watches the owner of a ring.</summary>
    public void Add(PerfEvent owner)
    {
        _fds[_count++] = new Libc.PollFd { Fd = owner.Descriptor, Events = Libc.POLLIN };
        Alive++;
    }

    /// <summary>Waits until a ring is full to its watermark, a thread ends, or the time is up. Threads that ended are watched no more.</summary>
    public unsafe void Wait(int milliseconds)
    {
        fixed (Libc.PollFd* fds = _fds)
        {
            if (Libc.poll(fds, (nuint)_count, milliseconds) <= 0)
            {
                return;
            }
        }

        for (var i = 0; i < _count; i++)
        {
            if (_fds[i].Fd >= 0 && (_fds[i].Returned & (Libc.POLLHUP | Libc.POLLERR)) != 0)
            {
                // A negative descriptor is passed over by poll(2).
                _fds[i].Fd = -1;
                Alive--;
            }
        }
    }
}
