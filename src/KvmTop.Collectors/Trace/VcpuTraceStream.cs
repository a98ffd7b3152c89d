using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>The events of one vCPU's thread: one ring for all of them, so that they come in their order.</summary>
internal sealed class VcpuTraceStream : IDisposable
{
    private const int SmallestRing = 64 << 10;

    private readonly List<PerfEvent> _events = [];

    private VcpuTraceStream(int vcpu) => Vcpu = vcpu;

    /// <summary>The vCPU's number.</summary>
    public int Vcpu { get; }

    /// <summary>The event that owns the ring and leads the group.</summary>
    public PerfEvent Leader => _events[0];

    /// <summary>Where the records are.</summary>
    public PerfRingBuffer Ring { get; private set; } = null!;

    /// <summary>Records read.</summary>
    public long Received { get; set; }

    /// <summary>Records that PERF_RECORD_LOST told of.</summary>
    public long LostTold { get; set; }

    /// <summary>Opens the events on a thread, switched off. ESRCH is a thread that has ended; null with a refusal is anything else.</summary>
    public static Errno Open(HostRoot host, VmThread thread, IReadOnlyList<TracedEvent> events, int ringBytes, out VcpuTraceStream? stream, out ExitTraceRefusal? refusal)
    {
        (stream, refusal) = (null, null);
        var opening = new VcpuTraceStream(thread.VcpuIndex);
        foreach (var e in events)
        {
            var leader = opening._events.Count > 0 ? opening.Leader : null;
            var errno = PerfEvent.OpenSampling(e.Id, thread.Tid, leader, (uint)(ringBytes / 4), out var opened);
            if (opened is null)
            {
                opening.Dispose();
                refusal = ExitTraceObstacles.OfPerf(host, errno);
                return errno;
            }

            opening._events.Add(opened);
            if (leader is null && (errno = opening.Map(ringBytes)) != Errno.None)
            {
                opening.Dispose();
                refusal = ExitTraceObstacles.OfRing(errno);
                return errno;
            }

            if (leader is not null && (errno = opened.SendTo(leader)) != Errno.None)
            {
                opening.Dispose();
                refusal = ExitTraceObstacles.OfPerf(host, errno);
                return errno;
            }

            if (e.Filter is { } filter)
            {
                // Without it the event is written twice as often, and the decoder drops the half.
                _ = opened.SetFilter(filter);
            }
        }

        stream = opening;
        return Errno.None;
    }

    public void Dispose()
    {
        Ring?.Dispose();

        // The leader last: a group without its leader falls apart into events of their own.
        for (var i = _events.Count - 1; i >= 0; i--)
        {
            _events[i].Dispose();
        }

        _events.Clear();
    }

    private Errno Map(int bytes)
    {
        while (true)
        {
            var errno = PerfRingBuffer.Map(Leader, bytes, out var ring);
            if (ring is not null)
            {
                Ring = ring;
                return Errno.None;
            }

            // Less memory may be allowed; a small ring loses more, and says so.
            if (!(errno.IsDenied() || errno == Errno.ENOMEM) || bytes <= SmallestRing)
            {
                return errno;
            }

            bytes /= 2;
        }
    }
}
