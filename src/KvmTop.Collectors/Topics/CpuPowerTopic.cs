using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>What one CPU has slept since boot.</summary>
/// <param name="Cpu">Which CPU.</param>
/// <param name="Counts">A count for each of <see cref="CpuPowerSample.States"/>; default for a state that this CPU does not have.</param>
public sealed record CpuIdleSample(int Cpu, CpuIdleCount[] Counts);

/// <summary>Clocks and idle states at one moment.</summary>
/// <param name="ReadAt">Monotonic time.</param>
/// <param name="IdleDriver">/sys/devices/system/cpu/cpuidle/current_driver, or null.</param>
/// <param name="IdleGovernor">Who chooses the state: "menu", "teo"; or null.</param>
/// <param name="IdleReason">Why there are no idle states; null when there are.</param>
/// <param name="States">All states that some CPU has, the shallowest first.</param>
/// <param name="Idle">The counters of each CPU that has states.</param>
/// <param name="Limits">Between what each CPU's clock may move.</param>
public sealed record CpuPowerSample(
    TimeSpan ReadAt, string? IdleDriver, string? IdleGovernor, string? IdleReason, IReadOnlyList<CpuIdleState> States, IReadOnlyList<CpuIdleSample> Idle,
    IReadOnlyDictionary<int, CpuClockLimits> Limits);

/// <summary>How one CPU slept over the last interval, by state. NaN when unknown.</summary>
/// <param name="Cpu">Which CPU.</param>
/// <param name="ResidencyPct">Share of the time in each state; all together at most 100.</param>
/// <param name="EntriesPerSecond">How often each was entered.</param>
/// <param name="Disabled">Which are forbidden; null for unknown.</param>
/// <param name="Unmoved">No state was left in the whole interval: the CPU was busy, or asleep, all the time.</param>
public sealed record CpuIdleShare(int Cpu, double[] ResidencyPct, double[] EntriesPerSecond, bool?[] Disabled, bool Unmoved);

/// <summary>Clocks and idle states over the last interval.</summary>
/// <param name="IdleDriver">Who knows the states.</param>
/// <param name="IdleGovernor">Who chooses among them.</param>
/// <param name="IdleReason">Why there are none; null when there are.</param>
/// <param name="States">All states, the shallowest first.</param>
/// <param name="Idle">Each CPU that has states.</param>
/// <param name="Limits">Between what each CPU's clock may move.</param>
public sealed record CpuPowerModel(
    string? IdleDriver, string? IdleGovernor, string? IdleReason, IReadOnlyList<CpuIdleState> States, IReadOnlyList<CpuIdleShare> Idle, IReadOnlyDictionary<int, CpuClockLimits> Limits)
{
    /// <summary>The CPUs on which a state is forbidden.</summary>
    public CpuSet DisabledOn(int state) => CpuSet.Of(Idle.Where(i => i.Disabled[state] == true).Select(i => i.Cpu));
}

/// <summary>How the CPUs sleep and between what their clocks may move: two small files for each state of each CPU, read only while somebody looks.</summary>
public sealed class CpuPowerTopic : Topic<CpuPowerSample, CpuPowerModel>
{
    private CpuPowerTopic()
        : base("cpu_power", "CPU clocks and idle states", TimeSpan.Zero)
    {
    }

    /// <summary>The topic.</summary>
    public static CpuPowerTopic Instance { get; } = new();

    /// <inheritdoc/>
    public override ICollector<CpuPowerSample> CreateCollector(CollectorContext context) => new Collector(context.Host);

    /// <inheritdoc/>
    public override CpuPowerModel Derive(CpuPowerSample? before, CpuPowerSample now)
    {
        var seconds = before is null || !before.States.SequenceEqual(now.States) ? 0 : (now.ReadAt - before.ReadAt).TotalSeconds;
        var shares = new CpuIdleShare[now.Idle.Count];
        for (var i = 0; i < shares.Length; i++)
        {
            var was = before is not null && i < before.Idle.Count && before.Idle[i].Cpu == now.Idle[i].Cpu ? before.Idle[i].Counts : null;
            shares[i] = Derive(now.Idle[i], was, seconds);
        }

        return new CpuPowerModel(now.IdleDriver, now.IdleGovernor, now.IdleReason, now.States, shares, now.Limits);
    }

    private static CpuIdleShare Derive(CpuIdleSample now, CpuIdleCount[]? was, double seconds)
    {
        var counts = now.Counts;
        var (share, entries, disabled) = (new double[counts.Length], new double[counts.Length], new bool?[counts.Length]);
        var (sum, unmoved) = (0.0, seconds > 0 && was is not null);
        for (var i = 0; i < counts.Length; i++)
        {
            share[i] = Rates.PerSecond(was?[i].Microseconds, counts[i].Microseconds, seconds) / 1e4;
            entries[i] = Rates.PerSecond(was?[i].Entries, counts[i].Entries, seconds);
            disabled[i] = counts[i].Disabled;
            sum += double.IsNaN(share[i]) ? 0 : share[i];
            unmoved &= !(share[i] > 0 || entries[i] > 0);
        }

        // A sleep counts when it ends: a CPU that wakes after longer than the interval has slept more than there was time for.
        for (var i = 0; i < share.Length && sum > 100; i++)
        {
            share[i] *= 100 / sum;
        }

        return new CpuIdleShare(now.Cpu, share, entries, disabled, unmoved);
    }

    private sealed class Collector(HostRoot host) : ICollector<CpuPowerSample>
    {
        // Limits and prohibitions change by somebody's hand only.
        private static readonly TimeSpan s_seldom = TimeSpan.FromSeconds(5);

        private readonly ReadBuffer _buffer = new(4096, 65536);
        private readonly List<CpuIdle> _idle = [];
        private readonly List<int[]> _places = [];
        private readonly CpuIdleCount[] _counts = new CpuIdleCount[64];
        private List<CpuIdleState> _states = [];
        private Dictionary<int, CpuClockLimits> _limits = [];
        private CpuSet? _online;
        private string? _driver;
        private string? _governor;
        private string? _reason;
        private TimeSpan? _looked;

        public Reading<CpuPowerSample> Collect()
        {
            var readAt = host.Monotonic();
            var seldom = _looked is null || readAt - _looked >= s_seldom;
            if (seldom)
            {
                _looked = readAt;
                var online = CpuTopology.ReadOnline(host);
                if (!online.Equals(_online))
                {
                    Open(online);
                }

                (_driver, _governor) = CpuIdle.ReadDriver(host, _buffer);
                _reason = _idle.Count > 0 ? null
                    : _driver is null ? "no cpuidle driver (usual in a virtual machine): idle CPUs halt"
                    : $"the driver {_driver} has no idle states";
                _limits = ReadLimits();
            }

            var idle = new CpuIdleSample[_idle.Count];
            for (var i = 0; i < idle.Length; i++)
            {
                _idle[i].Read(_buffer, _counts, seldom);
                var counts = new CpuIdleCount[_states.Count];
                for (var state = 0; state < _places[i].Length; state++)
                {
                    counts[_places[i][state]] = _counts[state];
                }

                idle[i] = new CpuIdleSample(_idle[i].Cpu, counts);
            }

            return Reading<CpuPowerSample>.Ok(new CpuPowerSample(readAt, _driver, _governor, _reason, _states, idle, _limits));
        }

        public void Dispose() => Close();

        private void Open(CpuSet online)
        {
            Close();
            (_online, _states) = (online, []);
            foreach (var cpu in online)
            {
                if (CpuIdle.Open(host, cpu, _buffer) is not { } idle)
                {
                    // Where the first has none, as in most guests, no other need be asked.
                    if (_idle.Count == 0)
                    {
                        break;
                    }

                    continue;
                }

                _idle.Add(idle);
                _places.Add([.. idle.States.Select(PlaceOf)]);
            }
        }

        // CPUs of different kinds have different states: those of one name share a column.
        private int PlaceOf(CpuIdleState state)
        {
            var place = _states.FindIndex(s => s.Name == state.Name);
            if (place < 0)
            {
                place = _states.Count;
                _states.Add(state);
            }

            return place;
        }

        private Dictionary<int, CpuClockLimits> ReadLimits()
        {
            var limits = new Dictionary<int, CpuClockLimits>();
            foreach (var cpu in _online!)
            {
                var own = CpuClockLimits.Read(host, cpu, _buffer);
                if (limits.Count == 0 && own == CpuClockLimits.Unknown)
                {
                    break;
                }

                limits[cpu] = own;
            }

            return limits;
        }

        private void Close()
        {
            foreach (var idle in _idle)
            {
                idle.Dispose();
            }

            _idle.Clear();
            _places.Clear();
        }
    }
}
