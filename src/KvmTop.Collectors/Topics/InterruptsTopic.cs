using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>Counts of one source of interrupts.</summary>
/// <param name="Label">"24", "LOC", "NET_RX".</param>
/// <param name="Description">Device and kind, or empty.</param>
/// <param name="Total">Since boot, over all CPUs.</param>
public sealed record InterruptCount(string Label, string Description, ulong Total);

/// <summary>Interrupt counters at one moment.</summary>
/// <param name="ReadAt">Monotonic time.</param>
/// <param name="Hard">/proc/interrupts.</param>
/// <param name="Soft">/proc/softirqs.</param>
public sealed record InterruptsSample(TimeSpan ReadAt, IReadOnlyList<InterruptCount> Hard, IReadOnlyList<InterruptCount> Soft);

/// <summary>How often a source struck.</summary>
/// <param name="Label">"24", "LOC", "NET_RX".</param>
/// <param name="Description">Device and kind, or empty.</param>
/// <param name="PerSecond">Over all CPUs; NaN when unknown.</param>
public sealed record InterruptRate(string Label, string Description, double PerSecond);

/// <summary>Interrupt rates, in the kernel's order.</summary>
public sealed record InterruptsModel(IReadOnlyList<InterruptRate> Hard, IReadOnlyList<InterruptRate> Soft);

/// <summary>Hard and soft interrupts by source: large tables on large hosts, read only for the Host pane.</summary>
public sealed class InterruptsTopic : Topic<InterruptsSample, InterruptsModel>
{
    private InterruptsTopic()
        : base("interrupts", "Interrupts", TimeSpan.FromSeconds(2))
    {
    }

    /// <summary>The topic.</summary>
    public static InterruptsTopic Instance { get; } = new();

    /// <inheritdoc/>
    public override ICollector<InterruptsSample> CreateCollector(CollectorContext context) => new Collector(context.Host);

    /// <inheritdoc/>
    public override InterruptsModel Derive(InterruptsSample? before, InterruptsSample now)
    {
        var seconds = before is null ? 0 : (now.ReadAt - before.ReadAt).TotalSeconds;
        return new(Rate(before?.Hard, now.Hard, seconds), Rate(before?.Soft, now.Soft, seconds));
    }

    private static InterruptRate[] Rate(IReadOnlyList<InterruptCount>? before, IReadOnlyList<InterruptCount> now, double seconds)
    {
        var rates = new InterruptRate[now.Count];
        for (var i = 0; i < rates.Length; i++)
        {
            ulong? was = before is not null && i < before.Count && before[i].Label == now[i].Label ? before[i].Total : null;
            rates[i] = new(now[i].Label, now[i].Description, Rates.PerSecond(was, now[i].Total, seconds));
        }

        return rates;
    }

    private sealed class Collector(HostRoot host) : ICollector<InterruptsSample>
    {
        private readonly ReadBuffer _buffer = new(65536);
        private readonly List<int> _columns = [];
        private readonly List<InterruptLine> _hard = [];
        private readonly List<InterruptLine> _soft = [];

        public Reading<InterruptsSample> Collect()
        {
            var readAt = host.Monotonic();
            var text = _buffer.ReadAll(host, "/proc/interrupts", out var errno);
            if (!Interrupts.TryParse(text, _columns, _hard))
            {
                return Reading<InterruptsSample>.Missing(ReadingStatus.Failed, $"/proc/interrupts: {(errno == Errno.None ? "no header" : errno.Describe())}");
            }

            _ = Interrupts.TryParse(_buffer.ReadAll(host, "/proc/softirqs", out _), _columns, _soft);
            return Reading<InterruptsSample>.Ok(new InterruptsSample(readAt, Counts(_hard), Counts(_soft)));
        }

        public void Dispose()
        {
        }

        private static InterruptCount[] Counts(List<InterruptLine> lines) => [.. lines.Select(l => new InterruptCount(l.Label, l.Description, l.Total))];
    }
}
