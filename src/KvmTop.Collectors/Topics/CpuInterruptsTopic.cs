using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>Counts of one source of interrupts on each CPU.</summary>
/// <param name="Label">"24", "LOC", "NET_RX".</param>
/// <param name="Description">Device and kind, or empty.</param>
/// <param name="PerCpu">Since boot, in the order of <see cref="CpuInterruptsSample.Cpus"/>.</param>
public sealed record CpuInterruptCount(string Label, string Description, ulong[] PerCpu);

/// <summary>Interrupt counters by CPU at one moment; sources that never struck are left out.</summary>
/// <param name="ReadAt">Monotonic time.</param>
/// <param name="Cpus">The CPU of each column.</param>
/// <param name="Hard">/proc/interrupts.</param>
/// <param name="Soft">/proc/softirqs.</param>
public sealed record CpuInterruptsSample(TimeSpan ReadAt, int[] Cpus, IReadOnlyList<CpuInterruptCount> Hard, IReadOnlyList<CpuInterruptCount> Soft);

/// <summary>How often a source struck each CPU.</summary>
/// <param name="Label">"24", "LOC", "NET_RX".</param>
/// <param name="Description">Device and kind, or empty.</param>
/// <param name="PerSecond">Over all CPUs; NaN when unknown.</param>
/// <param name="PerCpu">In the order of <see cref="CpuInterruptsModel.Cpus"/>; NaN when unknown.</param>
public sealed record CpuInterruptRate(string Label, string Description, double PerSecond, double[] PerCpu);

/// <summary>Interrupt rates by CPU, in the kernel's order.</summary>
public sealed record CpuInterruptsModel(int[] Cpus, IReadOnlyList<CpuInterruptRate> Hard, IReadOnlyList<CpuInterruptRate> Soft);

/// <summary>Which CPU takes which interrupts and softirqs: a number for each source and CPU, kept only while somebody looks at them.</summary>
public sealed class CpuInterruptsTopic : Topic<CpuInterruptsSample, CpuInterruptsModel>
{
    private CpuInterruptsTopic()
        : base("cpu_interrupts", "Interrupts by CPU", TimeSpan.Zero)
    {
    }

    /// <summary>The topic.</summary>
    public static CpuInterruptsTopic Instance { get; } = new();

    /// <inheritdoc/>
    public override ICollector<CpuInterruptsSample> CreateCollector(CollectorContext context) => new Collector(context.Host);

    /// <inheritdoc/>
    public override CpuInterruptsModel Derive(CpuInterruptsSample? before, CpuInterruptsSample now)
    {
        // A CPU that came or went shifts the columns.
        var seconds = before is null || !before.Cpus.AsSpan().SequenceEqual(now.Cpus) ? 0 : (now.ReadAt - before.ReadAt).TotalSeconds;
        return new CpuInterruptsModel(now.Cpus, Rate(before?.Hard, now.Hard, seconds), Rate(before?.Soft, now.Soft, seconds));
    }

    private static CpuInterruptRate[] Rate(IReadOnlyList<CpuInterruptCount>? before, IReadOnlyList<CpuInterruptCount> now, double seconds)
    {
        var rates = new CpuInterruptRate[now.Count];
        var place = 0;
        for (var i = 0; i < rates.Length; i++)
        {
            // The order is the kernel's in both, so the one searched for is almost always the next. One that is new had never struck.
            var at = Find(before, now[i].Label, place);
            place = at < 0 ? place : at + 1;
            var was = at < 0 ? null : before![at].PerCpu;
            var (perCpu, sum) = (new double[now[i].PerCpu.Length], 0.0);
            for (var cpu = 0; cpu < perCpu.Length; cpu++)
            {
                perCpu[cpu] = Rates.PerSecond(before is null ? null : was is null ? 0 : was[cpu], now[i].PerCpu[cpu], seconds);
                sum += perCpu[cpu];
            }

            rates[i] = new CpuInterruptRate(now[i].Label, now[i].Description, sum, perCpu);
        }

        return rates;
    }

    private static int Find(IReadOnlyList<CpuInterruptCount>? counts, string label, int from)
    {
        for (var i = from; i < counts?.Count; i++)
        {
            if (counts[i].Label == label)
            {
                return i;
            }
        }

        return -1;
    }

    private sealed class Collector(HostRoot host) : ICollector<CpuInterruptsSample>
    {
        private readonly ReadBuffer _buffer = new(65536);
        private readonly List<int> _columns = [];
        private readonly List<int> _softColumns = [];
        private readonly List<InterruptLine> _hard = [];
        private readonly List<InterruptLine> _soft = [];

        public Reading<CpuInterruptsSample> Collect()
        {
            var readAt = host.Monotonic();
            if (!Interrupts.TryParse(_buffer.ReadAll(host, "/proc/interrupts", out var errno), _columns, _hard))
            {
                return Reading<CpuInterruptsSample>.Missing(
                    errno is Errno.EACCES or Errno.EPERM ? ReadingStatus.Denied : ReadingStatus.Failed, $"/proc/interrupts: {(errno == Errno.None ? "no header" : errno.Describe())}");
            }

            // Softirqs count on all possible CPUs, interrupts on those online.
            _ = Interrupts.TryParse(_buffer.ReadAll(host, "/proc/softirqs", out _), _softColumns, _soft);
            return Reading<CpuInterruptsSample>.Ok(new CpuInterruptsSample(readAt, [.. _columns], Counts(_hard, _columns), Counts(_soft, _softColumns)));
        }

        public void Dispose()
        {
        }

        private List<CpuInterruptCount> Counts(List<InterruptLine> lines, List<int> columns)
        {
            var counts = new List<CpuInterruptCount>(lines.Count);
            foreach (var line in lines)
            {
                // A line with fewer numbers than CPUs (ERR, MIS) counts for the whole machine.
                if (line.Total == 0 || line.PerCpu.Length != columns.Count)
                {
                    continue;
                }

                var perCpu = new ulong[_columns.Count];
                for (var i = 0; i < perCpu.Length; i++)
                {
                    var column = i < columns.Count && columns[i] == _columns[i] ? i : columns.IndexOf(_columns[i]);
                    perCpu[i] = column < 0 ? 0 : line.PerCpu[column];
                }

                counts.Add(new CpuInterruptCount(line.Label, line.Description, perCpu));
            }

            return counts;
        }
    }
}
