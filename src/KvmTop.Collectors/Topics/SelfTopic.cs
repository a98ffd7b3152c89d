using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>What this program has cost so far.</summary>
/// <param name="ReadAt">Monotonic time.</param>
/// <param name="CpuNs">CPU time of this process since it started, in nanoseconds.</param>
/// <param name="RssBytes">Resident memory; null when unknown.</param>
public sealed record SelfSample(TimeSpan ReadAt, ulong CpuNs, ulong? RssBytes);

/// <summary>What this program costs.</summary>
/// <param name="CpuPct">Percent of one CPU over the last interval; NaN when unknown.</param>
/// <param name="RssBytes">Resident memory.</param>
public sealed record SelfModel(double CpuPct, ulong? RssBytes);

/// <summary>The monitor's own cost, always that of the real process, also over a captured or simulated host.</summary>
public sealed class SelfTopic : Topic<SelfSample, SelfModel>
{
    private SelfTopic()
        : base("self", "KvmTop itself", TimeSpan.Zero)
    {
    }

    /// <summary>The topic.</summary>
    public static SelfTopic Instance { get; } = new();

    /// <summary>The figures of this program.</summary>
    public static IReadOnlyList<Metric<HostRow>> Metrics { get; } =
    [
        new()
        {
            Id = "cpu_pct", Title = "CPU%", Unit = Unit.Percent, Needs = [Instance], Source = "getrusage(2)",
            Help = "CPU time of kvmtop itself, in percent of one CPU.",
            Get = r => Figure.Of(r.Self?.CpuPct, VmsTopic.NeedsTwo),
        },
        new()
        {
            Id = "rss_bytes", Title = "RSS", Unit = Unit.Bytes, Needs = [Instance], Source = "/proc/self/stat",
            Help = "Resident memory of kvmtop itself.",
            Get = r => Figure.Of(r.Self?.RssBytes, "/proc/self/stat could not be read"),
        },
    ];

    /// <inheritdoc/>
    public override ICollector<SelfSample> CreateCollector(CollectorContext context) => new Collector();

    /// <inheritdoc/>
    public override SelfModel Derive(SelfSample? before, SelfSample now) =>
        new(Rates.PerSecond(before?.CpuNs, now.CpuNs, before is null ? 0 : (now.ReadAt - before.ReadAt).TotalSeconds) / 1e7, now.RssBytes);

    private sealed class Collector : ICollector<SelfSample>
    {
        private readonly DirectoryHost _machine = new();
        private readonly ReadBuffer _buffer = new(1024);
        private HostFile? _stat;

        public Reading<SelfSample> Collect()
        {
            ulong? rss = null;
            if ((_stat is not null || _machine.Open("/proc/self/stat", out _stat) == Errno.None)
                && ProcPidStat.TryParse(_buffer.ReadRecord(_stat!, out _), out var stat))
            {
                rss = stat.RssPages * (ulong)SystemInfo.PageSize;
            }

            var cpu = Environment.CpuUsage.TotalTime;
            return Reading<SelfSample>.Ok(new SelfSample(_machine.Monotonic(), (ulong)cpu.Ticks * 100, rss));
        }

        public void Dispose() => _stat?.Dispose();
    }
}
