using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>Counters of the whole host at one moment.</summary>
public sealed record HostSample
{
    public required TimeSpan ReadAt { get; init; }

    /// <summary>Ticks of all CPUs, from /proc/stat.</summary>
    public required CpuTimes Total { get; init; }

    /// <summary>Ticks of each online CPU.</summary>
    public required CpuTimesOf[] Cpus { get; init; }

    /// <summary>Ticks of one CPU, or null; the place is where it may stand in <see cref="Cpus"/>.</summary>
    public CpuTimes? Find(int cpu, int place)
    {
        if (place < Cpus.Length && Cpus[place].Cpu == cpu)
        {
            return Cpus[place].Times;
        }

        foreach (var (number, times) in Cpus)
        {
            if (number == cpu)
            {
                return times;
            }
        }

        return null;
    }

    public ProcStatTotals? Counters { get; init; }

    public MemInfo? Memory { get; init; }

    public LoadAverage? Load { get; init; }

    /// <summary>/proc/pressure/cpu, memory, io and irq, in this order; null where the kernel has none.</summary>
    public required IReadOnlyList<Pressure?> Pressure { get; init; }

    public string? PressureReason { get; init; }

    /// <summary>Hugepage pools by size.</summary>
    public required IReadOnlyList<HugepagePool> Hugepages { get; init; }
}

/// <summary>How a CPU, or all of them, spent an interval: percent of it, adding up to 100. NaN when unknown.</summary>
/// <param name="Guest">Guest code, of all priorities.</param>
/// <param name="User">User code that is not guest code.</param>
/// <param name="System">Kernel.</param>
/// <param name="Irq">Hard and soft interrupts.</param>
/// <param name="IoWait">Idle with I/O outstanding.</param>
/// <param name="Steal">Taken by the hypervisor that this host runs under.</param>
/// <param name="Idle">Idle.</param>
public sealed record CpuShare(double Guest, double User, double System, double Irq, double IoWait, double Steal, double Idle)
{
    /// <summary>All that is not idle, I/O wait or steal.</summary>
    public double Busy => Guest + User + System + Irq;

    /// <summary>Nothing known.</summary>
    public static CpuShare Unknown { get; } = new(double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN);
}

/// <summary>The share of one CPU.</summary>
public sealed record CpuShareOf(int Cpu, CpuShare Share);

/// <summary>The whole host over the last interval.</summary>
public sealed class HostModel
{
    /// <summary>All CPUs together; percent of the whole host.</summary>
    public required CpuShare Total { get; init; }

    /// <summary>Each online CPU.</summary>
    public required IReadOnlyList<CpuShareOf> Cpus { get; init; }

    public required double ContextSwitchesPerSecond { get; init; }

    public MemInfo? Memory { get; init; }

    public LoadAverage? Load { get; init; }

    public Pressure? CpuPressure { get; init; }

    public Pressure? MemoryPressure { get; init; }

    public Pressure? IoPressure { get; init; }

    public Pressure? IrqPressure { get; init; }

    public string? PressureReason { get; init; }

    public required IReadOnlyList<HugepagePool> Hugepages { get; init; }

    /// <summary>Memory that is not available, in bytes: MemTotal - MemAvailable.</summary>
    public ulong? MemoryUsed => Memory is { Total: { } total, Available: { } available } ? total - Math.Min(total, available) : null;
}

/// <summary>CPU, memory, load and pressure of the host: /proc/stat, meminfo, loadavg, pressure, and the hugepage pools.</summary>
public sealed class HostTopic : Topic<HostSample, HostModel>
{
    private HostTopic()
        : base("host", "Host", TimeSpan.Zero)
    {
    }

    /// <summary>The topic.</summary>
    public static HostTopic Instance { get; } = new();

    /// <summary>The figures of the host that come from here.</summary>
    public static IReadOnlyList<Metric<HostRow>> Metrics { get; } =
    [
        Percent("cpu_pct", "CPU%", "All CPUs together, busy, in percent of the whole host.", h => h.Total.Busy),
        Percent("guest_pct", "GST%", "Time in guest code, in percent of the whole host.", h => h.Total.Guest),
        Percent("user_pct", "USR%", "User time that is not guest time, in percent of the whole host.", h => h.Total.User),
        Percent("system_pct", "SYS%", "Kernel time, in percent of the whole host.", h => h.Total.System),
        Percent("irq_pct", "IRQ%", "Hard and soft interrupts, in percent of the whole host.", h => h.Total.Irq),
        Percent("iowait_pct", "IOW%", "Idle with I/O outstanding, in percent of the whole host.", h => h.Total.IoWait),
        Percent("steal_pct", "STL%", "Taken by the hypervisor under this host, in percent of the whole host.", h => h.Total.Steal),
        Bytes("mem_total_bytes", "MEM", "/proc/meminfo MemTotal", "Memory of the host.", h => h.Memory?.Total),
        Bytes("mem_used_bytes", "USED", "/proc/meminfo", "MemTotal - MemAvailable.", h => h.MemoryUsed),
        Bytes("swap_total_bytes", "SWAP", "/proc/meminfo SwapTotal", "Swap space.", h => h.Memory?.SwapTotal),
        Bytes("swap_used_bytes", "SWUSE", "/proc/meminfo", "SwapTotal - SwapFree.", h => h.Memory is { SwapTotal: { } t, SwapFree: { } f } ? t - Math.Min(t, f) : null),
        Number("load1", "LOAD1", "/proc/loadavg", "Load average over one minute.", h => h.Load?.One),
        Number("load5", "LOAD5", "/proc/loadavg", "Load average over five minutes.", h => h.Load?.Five),
        Number("load15", "LOAD15", "/proc/loadavg", "Load average over fifteen minutes.", h => h.Load?.Fifteen),
        Pressured("psi_cpu_some_pct", "PSICPU", "cpu", h => h.CpuPressure),
        Pressured("psi_memory_some_pct", "PSIMEM", "memory", h => h.MemoryPressure),
        Pressured("psi_io_some_pct", "PSIIO", "io", h => h.IoPressure),
        Pressured("psi_irq_full_pct", "PSIIRQ", "irq", h => h.IrqPressure),
    ];

    /// <inheritdoc/>
    public override ICollector<HostSample> CreateCollector(CollectorContext context) => new Collector(context.Host);

    /// <inheritdoc/>
    public override HostModel Derive(HostSample? before, HostSample now)
    {
        var cpus = new CpuShareOf[now.Cpus.Length];
        for (var i = 0; i < cpus.Length; i++)
        {
            var cpu = now.Cpus[i];
            cpus[i] = new(cpu.Cpu, Share(before?.Find(cpu.Cpu, i), cpu.Times));
        }

        var seconds = before is null ? 0 : (now.ReadAt - before.ReadAt).TotalSeconds;
        return new HostModel
        {
            Total = Share(before?.Total, now.Total),
            Cpus = cpus,
            ContextSwitchesPerSecond = Rates.PerSecond(before?.Counters?.ContextSwitches, now.Counters?.ContextSwitches, seconds),
            Memory = now.Memory,
            Load = now.Load,
            CpuPressure = now.Pressure[0],
            MemoryPressure = now.Pressure[1],
            IoPressure = now.Pressure[2],
            IrqPressure = now.Pressure[3],
            PressureReason = now.PressureReason,
            Hugepages = now.Hugepages,
        };
    }

    private static Metric<HostRow> Percent(string id, string title, string help, Func<HostModel, double> get) =>
        Make(id, title, Unit.Percent, "/proc/stat", help, h => Figure.Of(get(h), VmsTopic.NeedsTwo));

    private static Metric<HostRow> Bytes(string id, string title, string source, string help, Func<HostModel, ulong?> get) =>
        Make(id, title, Unit.Bytes, source, help, h => Figure.Of(get(h), $"{source}: not there"));

    private static Metric<HostRow> Number(string id, string title, string source, string help, Func<HostModel, double?> get) =>
        Make(id, title, Unit.Number, source, help, h => Figure.Of(get(h), $"{source}: not there"));

    private static Metric<HostRow> Pressured(string id, string title, string what, Func<HostModel, Pressure?> get) =>
        Make(
            id,
            title,
            Unit.Percent,
            $"/proc/pressure/{what}",
            $"Share of the last 10 s in which tasks stalled on {what}.",
            h => Figure.Of((get(h)?.Some ?? get(h)?.Full)?.Avg10, h.PressureReason ?? $"/proc/pressure/{what}: not there"));

    private static Metric<HostRow> Make(string id, string title, Unit unit, string source, string help, Func<HostModel, Figure> get) => new()
    {
        Id = id,
        Title = title,
        Unit = unit,
        Needs = [Instance],
        Source = source,
        Help = help,
        Get = r => r.Host is { } host ? get(host) : Figure.Missing(r.Reason),
    };

    private static CpuShare Share(CpuTimes? before, CpuTimes now)
    {
        if (before is not { } was)
        {
            return CpuShare.Unknown;
        }

        // Idle and iowait may fall by a tick (the kernel says so); a fall is no time spent.
        static double Spent(ulong before, ulong now) => now > before ? now - before : 0;
        var guest = Spent(was.Guest, now.Guest) + Spent(was.GuestNice, now.GuestNice);
        var user = Math.Max(0, Spent(was.User, now.User) + Spent(was.Nice, now.Nice) - guest);
        var system = Spent(was.System, now.System);
        var irq = Spent(was.Irq, now.Irq) + Spent(was.SoftIrq, now.SoftIrq);
        var ioWait = Spent(was.IoWait, now.IoWait);
        var steal = Spent(was.Steal, now.Steal);
        var idle = Spent(was.Idle, now.Idle);
        var total = guest + user + system + irq + ioWait + steal + idle;
        if (total <= 0)
        {
            return CpuShare.Unknown;
        }

        var scale = 100 / total;
        return new(guest * scale, user * scale, system * scale, irq * scale, ioWait * scale, steal * scale, idle * scale);
    }

    private sealed class Collector(HostRoot host) : ICollector<HostSample>
    {
        private static readonly string[] s_pressureFiles = ["/proc/pressure/cpu", "/proc/pressure/memory", "/proc/pressure/io", "/proc/pressure/irq"];

        private readonly ReadBuffer _buffer = new(32768);
        private readonly HostFile?[] _pressure = new HostFile?[s_pressureFiles.Length];
        private readonly bool[] _pressureMissing = new bool[s_pressureFiles.Length];
        private readonly List<CpuTimesOf> _cpus = [];
        private HostFile? _stat;
        private HostFile? _meminfo;
        private HostFile? _loadavg;
        private string? _pressureReason;

        public Reading<HostSample> Collect()
        {
            var readAt = host.Monotonic();
            var text = Read(ref _stat, "/proc/stat", out var errno);
            if (!ProcStat.TryParse(text, out var total, _cpus))
            {
                return Reading<HostSample>.Missing(errno.IsDenied() ? ReadingStatus.Denied : ReadingStatus.Failed, $"/proc/stat: {(errno == Errno.None ? "no cpu line" : errno.Describe())}");
            }

            ProcStatTotals? counters = ProcStatTotals.TryParse(text, out var c) ? c : null;
            var cpus = _cpus.ToArray();
            return Reading<HostSample>.Ok(new HostSample
            {
                ReadAt = readAt,
                Total = total,
                Cpus = cpus,
                Counters = counters,
                Memory = MemInfo.TryParse(Read(ref _meminfo, "/proc/meminfo", out _), out var memory) ? memory : null,
                Load = LoadAverage.TryParse(Read(ref _loadavg, "/proc/loadavg", out _), out var load) ? load : null,
                Pressure = ReadPressure(),
                PressureReason = _pressureReason,
                Hugepages = HugepagePools.Read(host),
            });
        }

        public void Dispose()
        {
            _stat?.Dispose();
            _meminfo?.Dispose();
            _loadavg?.Dispose();
            foreach (var file in _pressure)
            {
                file?.Dispose();
            }
        }

        private Pressure?[] ReadPressure()
        {
            var pressures = new Pressure?[s_pressureFiles.Length];
            for (var i = 0; i < pressures.Length; i++)
            {
                if (_pressureMissing[i])
                {
                    continue;
                }

                if (Pressure.TryParse(Read(ref _pressure[i], s_pressureFiles[i], out var errno), out var pressure))
                {
                    pressures[i] = pressure;
                }
                else if (errno != Errno.None)
                {
                    // A kernel without PSI will not grow it: asked once.
                    _pressureMissing[i] = true;
                    _pressureReason ??= errno == Errno.ENOENT ? $"{s_pressureFiles[i]}: this kernel has none (CONFIG_PSI)" : $"{s_pressureFiles[i]}: {errno.Describe()} (psi=1 on the kernel command line?)";
                }
            }

            return pressures;
        }

        private ReadOnlySpan<byte> Read(ref HostFile? file, string path, out Errno errno)
        {
            errno = Errno.None;
            if (file is null && (errno = host.Open(path, out file)) != Errno.None)
            {
                return default;
            }

            return _buffer.ReadAll(file!, out errno);
        }
    }
}
