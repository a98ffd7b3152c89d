using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>What the kernel does with memory, at one moment.</summary>
/// <param name="ReadAt">When the counters were read, on the monotonic clock.</param>
/// <param name="Events">/proc/vmstat; null when it could not be read.</param>
/// <param name="Nodes">Memory of each NUMA node, by its number.</param>
/// <param name="Slow">What seldom changes; the same object until it is read again.</param>
public sealed record MemorySample(TimeSpan ReadAt, VmStat? Events, IReadOnlyList<NodeSample> Nodes, MemoryFacts Slow);

/// <summary>A NUMA node and its memory.</summary>
/// <param name="Node">Its number.</param>
/// <param name="Memory">Its memory.</param>
/// <param name="Distances">How far the nodes are from it, in the order of their numbers; empty when unknown.</param>
public sealed record NodeSample(int Node, NodeMemory Memory, IReadOnlyList<int> Distances);

/// <summary>Settings and states that are looked at every few seconds.</summary>
/// <param name="Thp">Transparent hugepages; null when the kernel has none.</param>
/// <param name="Ksm">Same-page merging; null when the kernel has none.</param>
/// <param name="Settings">/proc/sys/vm.</param>
public sealed record MemoryFacts(TransparentHugepages? Thp, KsmState? Ksm, MemorySettings Settings)
{
    /// <summary>The size of the pages that the kernel counts; null when not known.</summary>
    public int? PageBytes { get; init; }
}

/// <summary>What the kernel does with memory, over the last interval. Rates are NaN while unknown.</summary>
public sealed class MemoryModel
{
    public required MemoryFacts Facts { get; init; }

    public required IReadOnlyList<NodeSample> Nodes { get; init; }

    /// <summary>Counters since boot; null when /proc/vmstat could not be read.</summary>
    public VmStat? Events { get; init; }

    public required double SwapInBytesPerSecond { get; init; }

    public required double SwapOutBytesPerSecond { get; init; }

    public required double MajorFaultsPerSecond { get; init; }

    /// <summary>Hugepages given at page faults, and made by khugepaged, per second.</summary>
    public required (double Faulted, double Collapsed, double FellBack, double Split) Thp { get; init; }

    /// <summary>Pages that automatic NUMA balancing moved, per second.</summary>
    public required double MigratedPerSecond { get; init; }
}

/// <summary>THP, KSM, swapping and the NUMA nodes of the host: /proc/vmstat and the nodes each tick, the settings every few seconds.</summary>
public sealed class MemoryTopic : Topic<MemorySample, MemoryModel>
{
    private MemoryTopic()
        : base("memory", "Memory management", TimeSpan.Zero)
    {
    }

    /// <summary>The topic.</summary>
    public static MemoryTopic Instance { get; } = new();

    /// <summary>The figures of the host that come from here.</summary>
    public static IReadOnlyList<Metric<HostRow>> Metrics { get; } =
    [
        Make("thp_mode", "THP", Unit.Text, 7, "/sys/kernel/mm/transparent_hugepage/enabled", "Which memory gets transparent hugepages: always, madvise or never.", m => Figure.Of(m.Facts.Thp?.Enabled, "this kernel has none")),
        Make("thp_defrag", "DEFRAG", Unit.Text, 13, "/sys/kernel/mm/transparent_hugepage/defrag", "How hard a page fault tries for one.", m => Figure.Of(m.Facts.Thp?.Defrag, "this kernel has none")),
        Make("ksm_profit_bytes", "KSM", Unit.Bytes, 6, "/sys/kernel/mm/ksm/general_profit, else pages_sharing", "Memory saved by merging equal pages, less its bookkeeping; below zero when it does not pay.", m => Figure.Of(m.Facts.Ksm?.Profit, "this kernel has no KSM")),
        Make("swap_in_bytes_per_s", "SWIN/s", Unit.BytesPerSecond, 6, "/proc/vmstat pswpin", "Read back from swap per second.", m => Figure.Of(m.SwapInBytesPerSecond, VmsTopic.NeedsTwo), new(1, 10 << 20)),
        Make("swap_out_bytes_per_s", "SWOUT/s", Unit.BytesPerSecond, 7, "/proc/vmstat pswpout", "Written to swap per second.", m => Figure.Of(m.SwapOutBytesPerSecond, VmsTopic.NeedsTwo), new(1, 10 << 20)),
        new()
        {
            Id = "vm_mem_configured_pct", Title = "OVER%", Unit = Unit.Percent, Width = 6, Needs = [VmsTopic.Instance, HostTopic.Instance], Source = "command lines, /proc/meminfo",
            Help = "Memory given to all VMs together, in percent of the host's: over 100 they cannot all use theirs at once.",
            Thresholds = new(100, 150),
            Get = r => Figure.Of(ConfiguredPct(r.Snapshot), "the VMs or the host's memory are not known"),
        },
    ];

    /// <summary>Memory configured of all VMs in percent of the host's; NaN when not known.</summary>
    public static double ConfiguredPct(Snapshot snapshot)
    {
        if (snapshot.Get(VmsTopic.Instance).Value is not { } vms || snapshot.Get(HostTopic.Instance).Value?.Memory?.Total is not > 0)
        {
            return double.NaN;
        }

        double sum = 0;
        foreach (var vm in vms.Vms)
        {
            sum += GivenMemory.Of(snapshot, vm) ?? 0;
        }

        return sum * 100 / snapshot.Get(HostTopic.Instance).Value!.Memory!.Value.Total!.Value;
    }

    /// <inheritdoc/>
    public override ICollector<MemorySample> CreateCollector(CollectorContext context) => new Collector(context.Host);

    /// <inheritdoc/>
    public override MemoryModel Derive(MemorySample? before, MemorySample now)
    {
        var seconds = before is null ? 0 : (now.ReadAt - before.ReadAt).TotalSeconds;
        var page = now.Slow.PageBytes ?? double.NaN;
        var (was, events) = (before?.Events, now.Events);
        double Rate(Func<VmStat, ulong?> of) => Rates.PerSecond(was is { } w ? of(w) : null, events is { } e ? of(e) : null, seconds);
        return new MemoryModel
        {
            Facts = now.Slow,
            Nodes = now.Nodes,
            Events = events,
            SwapInBytesPerSecond = Rate(e => e.SwapIn) * page,
            SwapOutBytesPerSecond = Rate(e => e.SwapOut) * page,
            MajorFaultsPerSecond = Rate(e => e.MajorFaults),
            Thp = (Rate(e => e.ThpFaultAlloc), Rate(e => e.ThpCollapse), Rate(e => e.ThpFaultFallback), Rate(e => e.ThpSplit)),
            MigratedPerSecond = Rate(e => e.NumaMigrated),
        };
    }

    /// <inheritdoc/>
    public override IEnumerable<HostEvent> Compare(MemoryModel before, MemoryModel now, DateTimeOffset time)
    {
        if (before.Events?.OomKill is { } killed && now.Events?.OomKill is { } killedNow && killedNow > killed)
        {
            yield return new(time, Severity.Critical, Id, null, string.Create(CultureInfo.InvariantCulture, $"the kernel killed {killedNow - killed} for want of memory"));
        }

        if (before.Facts.Thp?.Enabled != now.Facts.Thp?.Enabled)
        {
            yield return new(time, Severity.Info, Id, null, $"transparent hugepages {before.Facts.Thp?.Enabled ?? "-"} -> {now.Facts.Thp?.Enabled ?? "-"}");
        }

        if (before.Facts.Ksm?.Run != now.Facts.Ksm?.Run)
        {
            yield return new(time, Severity.Info, Id, null, $"KSM {KsmName(before.Facts.Ksm)} -> {KsmName(now.Facts.Ksm)}");
        }
    }

    /// <summary>What KSM does, in a word.</summary>
    public static string KsmName(KsmState? ksm) => ksm?.Run switch
    {
        null => "-",
        0 => "off",
        1 => "on",
        _ => "unmerging",
    };

    private static Metric<HostRow> Make(string id, string title, Unit unit, int width, string source, string help, Func<MemoryModel, Figure> get, Thresholds? thresholds = null) => new()
    {
        Id = id,
        Title = title,
        Unit = unit,
        Width = width,
        Needs = [Instance],
        Source = source,
        Help = help,
        Thresholds = thresholds,
        Get = r => r.Snapshot.Get(Instance) is { Value: { } memory } ? get(memory) : Figure.Missing(r.Snapshot.Get(Instance).Reason),
    };

    private sealed class Collector(HostRoot host) : ICollector<MemorySample>
    {
        private static readonly TimeSpan s_slowPace = TimeSpan.FromSeconds(5);

        private readonly ReadBuffer _buffer = new(8192, 1 << 20);
        private readonly ReadBuffer _second = new(1024, 1 << 16);
        private readonly List<NodeFiles> _nodes = [];
        private HostFile? _vmstat;
        private MemoryFacts? _slow;
        private TimeSpan _slowRead;

        public Reading<MemorySample> Collect()
        {
            var now = host.Monotonic();
            if (_slow is null || now - _slowRead >= s_slowPace)
            {
                (_slow, _slowRead) = (new MemoryFacts(TransparentHugepages.Read(host), KsmState.Read(host), MemorySettings.Read(host)) { PageBytes = host.PageSize }, now);
                FindNodes();
            }

            if (_vmstat is null)
            {
                _ = host.Open("/proc/vmstat", out _vmstat);
            }

            VmStat? events = _vmstat is not null && VmStat.TryParse(_buffer.ReadAll(_vmstat, out _), out var e) ? e : null;
            var nodes = new List<NodeSample>(_nodes.Count);
            foreach (var node in _nodes)
            {
                var meminfo = _buffer.ReadAll(node.MemInfo, out _);
                var numastat = node.NumaStat is null ? default : _second.ReadAll(node.NumaStat, out _);
                if (NodeMemory.TryParse(meminfo, numastat, out var memory))
                {
                    nodes.Add(new NodeSample(node.Number, memory, node.Distances));
                }
            }

            return Reading<MemorySample>.Ok(new MemorySample(now, events, nodes, _slow));
        }

        public void Dispose()
        {
            _vmstat?.Dispose();
            CloseNodes();
        }

        private void FindNodes()
        {
            var nodes = CpuTopology.ReadNodes(host);
            if (nodes.Select(n => n.Number).SequenceEqual(_nodes.Select(n => n.Number)))
            {
                return;
            }

            CloseNodes();
            foreach (var node in nodes)
            {
                var folder = string.Create(CultureInfo.InvariantCulture, $"/sys/devices/system/node/node{node.Number}/");
                if (host.Open(folder + "meminfo", out var meminfo) == Errno.None)
                {
                    _ = host.Open(folder + "numastat", out var numastat);
                    _nodes.Add(new NodeFiles(node.Number, meminfo!, numastat, NodeMemory.Distances(_buffer.ReadAll(host, folder + "distance", out _))));
                }
            }
        }

        private void CloseNodes()
        {
            foreach (var node in _nodes)
            {
                node.MemInfo.Dispose();
                node.NumaStat?.Dispose();
            }

            _nodes.Clear();
        }

        private sealed record NodeFiles(int Number, HostFile MemInfo, HostFile? NumaStat, IReadOnlyList<int> Distances);
    }
}
