namespace KvmTop.Linux;

/// <summary>Events that are counted on threads.</summary>
public interface IThreadCounts : IDisposable
{
    /// <summary>The events that are counted, of those asked for: a kernel need not have all.</summary>
    IReadOnlyList<string> Events { get; }

    /// <summary>The counts of one thread, in the order of <see cref="Events"/>, since the opening. A thread that has ended keeps its last counts.</summary>
    Errno Read(int thread, Span<ulong> counts);
}

/// <summary>
/// Counts tracepoints of the group kvm on chosen threads, without records: one group of counters per thread, and one read(2) for all counts of a thread.
/// Serves as KVM statistics where no other source works; counts from zero at the opening.
/// </summary>
/// <remarks>Used from one thread.</remarks>
public sealed class PerfCounters : IThreadCounts
{
    /// <summary>How many events a thread's group may have.</summary>
    public const int MostEvents = 64;

    private readonly PerfEvent[] _leaders;
    private readonly List<PerfEvent> _all;

    private PerfCounters(IReadOnlyList<string> events, PerfEvent[] leaders, List<PerfEvent> all) => (Events, _leaders, _all) = (events, leaders, all);

    /// <inheritdoc/>
    public IReadOnlyList<string> Events { get; }

    /// <summary>Opens and starts the counters.</summary>
    /// <param name="tracefs">Where the events' numbers are.</param>
    /// <param name="tids">The threads.</param>
    /// <param name="events">Names in the group kvm, such as <c>kvm_exit</c>.</param>
    /// <param name="counters">The running counters, or null.</param>
    /// <returns>Those of <see cref="PerfEvent.OpenCounting"/>; ENODEV when this kernel has none of the events.</returns>
    public static Errno Open(TraceFs tracefs, IReadOnlyList<int> tids, IReadOnlyList<string> events, out PerfCounters? counters)
    {
        counters = null;
        var names = new List<string>();
        var ids = new List<ulong>();
        foreach (var name in events)
        {
            if (ids.Count < MostEvents && tracefs.EventId(name) is > 0 and var id)
            {
                names.Add(name);
                ids.Add(id);
            }
        }

        if (ids.Count == 0)
        {
            return Errno.ENODEV;
        }

        var all = new List<PerfEvent>();
        var leaders = new PerfEvent[tids.Count];
        for (var i = 0; i < tids.Count; i++)
        {
            foreach (var id in ids)
            {
                var errno = PerfEvent.OpenCounting(id, tids[i], leaders[i], out var opened);
                if (opened is null)
                {
                    all.ForEach(e => e.Dispose());
                    return errno;
                }

                all.Add(opened);
                leaders[i] ??= opened;
            }
        }

        foreach (var leader in leaders)
        {
            _ = leader.EnableGroup();
        }

        counters = new PerfCounters(names, leaders, all);
        return Errno.None;
    }

    /// <inheritdoc/>
    public Errno Read(int thread, Span<ulong> counts)
    {
        counts.Clear();
        return _leaders[thread].AddCounts(counts);
    }

    /// <inheritdoc/>
    public void Dispose() => _all.ForEach(e => e.Dispose());
}
