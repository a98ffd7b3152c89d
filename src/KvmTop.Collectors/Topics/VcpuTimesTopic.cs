using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>Ticks of one vCPU thread, from <c>/proc/PID/task/TID/stat</c>.</summary>
/// <param name="Tid">Thread id.</param>
/// <param name="Stat">The counters; null when the thread ended.</param>
public readonly record struct VcpuTimesSample(int Tid, ProcPidStat? Stat);

/// <summary>Ticks of the vCPU threads of all VMs at one moment.</summary>
/// <param name="Vms">Per VM, by vCPU number, with the monotonic time of reading.</param>
/// <param name="Topology">Which CPU belongs to which node.</param>
public sealed record VcpuTimesSampleSet(IReadOnlyDictionary<VmKey, (TimeSpan At, VcpuTimesSample[] Vcpus)> Vms, CpuTopology Topology);

/// <summary>How one vCPU thread's CPU time divides, in percent of one CPU. From ticks, so coarse over short intervals. NaN when unknown.</summary>
/// <param name="Tid">Thread id.</param>
/// <param name="GuestPct">In guest code.</param>
/// <param name="UserPct">In the VMM's own code on the vCPU thread: device emulation.</param>
/// <param name="SystemPct">In the host's kernel: KVM's exit handling, page faults.</param>
/// <param name="Cpu">The physical CPU that it runs on, or ran on last; -1 when unknown.</param>
/// <param name="Node">That CPU's NUMA node; -1 when unknown.</param>
public readonly record struct VcpuTimes(int Tid, double GuestPct, double UserPct, double SystemPct, int Cpu, int Node);

/// <summary>The vCPU times of all VMs.</summary>
public sealed class VcpuTimesModel(IReadOnlyDictionary<VmKey, VcpuTimes[]> vms)
{
    /// <summary>The times of a vCPU thread, or null.</summary>
    public VcpuTimes? Find(VmKey vm, int position, int tid)
    {
        if (!vms.TryGetValue(vm, out var vcpus))
        {
            return null;
        }

        if (position < vcpus.Length && vcpus[position].Tid == tid)
        {
            return vcpus[position];
        }

        foreach (ref readonly var vcpu in vcpus.AsSpan())
        {
            if (vcpu.Tid == tid)
            {
                return vcpu;
            }
        }

        return null;
    }
}

/// <summary>How each vCPU's time divides into guest, VMM and kernel, and where it runs. Read only while a vCPU is on the screen.</summary>
public sealed class VcpuTimesTopic : Topic<VcpuTimesSampleSet, VcpuTimesModel>
{
    private const string Stat = "/proc/PID/task/TID/stat";

    private VcpuTimesTopic()
        : base("vcpu_times", "vCPU times", TimeSpan.Zero, VmsTopic.Instance)
    {
    }

    /// <summary>The topic.</summary>
    public static VcpuTimesTopic Instance { get; } = new();

    /// <summary>The figures of a vCPU that come from here.</summary>
    public static IReadOnlyList<Metric<VcpuRow>> Metrics { get; } =
    [
        Percent("guest_pct", "GST%", "Time in guest code. Counted in ticks of 10 ms.", t => t.GuestPct),
        Percent("user_pct", "EMU%", "Time in the VMM's own code on the vCPU's thread: emulation that the guest waits for. Counted in ticks of 10 ms.", t => t.UserPct),
        Percent("system_pct", "SYS%", "Time in the host's kernel: KVM handling exits, page faults. Counted in ticks of 10 ms.", t => t.SystemPct),
        new()
        {
            Id = "pcpu", Title = "PCPU", Unit = Unit.Count, Width = 4, Needs = [Instance], Source = Stat,
            Help = "The physical CPU that it runs on, or ran on last.",
            Get = r => r.Times is { Cpu: >= 0 } t ? Figure.Of(t.Cpu) : Figure.Missing(Reason(r)),
        },
        new()
        {
            Id = "node", Title = "NODE", Unit = Unit.Count, Width = 4, Needs = [Instance], Source = "/sys/devices/system/node",
            Help = "NUMA node of that CPU.",
            Get = r => r.Times is { Node: >= 0 } t ? Figure.Of(t.Node) : Figure.Missing(Reason(r)),
        },
    ];

    /// <inheritdoc/>
    public override ICollector<VcpuTimesSampleSet> CreateCollector(CollectorContext context) => new Collector(context);

    /// <inheritdoc/>
    public override VcpuTimesModel Derive(VcpuTimesSampleSet? before, VcpuTimesSampleSet now)
    {
        var vms = new Dictionary<VmKey, VcpuTimes[]>(now.Vms.Count);
        foreach (var (key, (at, samples)) in now.Vms)
        {
            var hasBefore = before is not null && before.Vms.TryGetValue(key, out _);
            var (wasAt, was) = hasBefore ? before!.Vms[key] : (at, []);
            var seconds = (at - wasAt).TotalSeconds;
            var vcpus = new VcpuTimes[samples.Length];
            for (var i = 0; i < vcpus.Length; i++)
            {
                var previous = i < was.Length && was[i].Tid == samples[i].Tid ? was[i].Stat : null;
                vcpus[i] = Derive(previous, samples[i], seconds, now.Topology);
            }

            vms.Add(key, vcpus);
        }

        return new VcpuTimesModel(vms);
    }

    private static Metric<VcpuRow> Percent(string id, string title, string help, Func<VcpuTimes, double> get) => new()
    {
        Id = id,
        Title = title,
        Unit = Unit.Percent,
        Width = 5,
        Needs = [Instance],
        Source = Stat,
        Help = help,
        Get = r => r.Times is { } times ? Figure.Of(get(times), VmsTopic.NeedsTwo) : Figure.Missing(Reason(r)),
    };

    private static string Reason(VcpuRow row) => row.Snapshot.Get(Instance).Reason ?? "the thread ended while it was being read";

    private static VcpuTimes Derive(ProcPidStat? before, in VcpuTimesSample now, double seconds, CpuTopology topology)
    {
        if (now.Stat is not { } stat)
        {
            return new VcpuTimes(now.Tid, double.NaN, double.NaN, double.NaN, -1, -1);
        }

        double Percent(ulong? was, ulong ticks) => Rates.PerSecond(was, ticks, seconds) * 100 / SystemInfo.ClockTicksPerSecond;
        var guest = Percent(before?.GuestTimeTicks, stat.GuestTimeTicks);
        var user = Percent(before?.UtimeTicks, stat.UtimeTicks);
        return new VcpuTimes(
            now.Tid, guest, Math.Max(0, user - guest), Percent(before?.StimeTicks, stat.StimeTicks), stat.Processor, topology.NodeOf(stat.Processor) ?? -1);
    }

    private sealed class Collector(CollectorContext context) : ICollector<VcpuTimesSampleSet>
    {
        private readonly VmRegistry _registry = context.Services.Get(() => new VmRegistry(context.Host));
        private readonly CpuTopology _topology = CpuTopology.Read(context.Host);
        private readonly ReadBuffer _buffer = new(1024);

        public Reading<VcpuTimesSampleSet> Collect()
        {
            var vms = new Dictionary<VmKey, (TimeSpan, VcpuTimesSample[])>(_registry.Vms.Count);
            foreach (var vm in _registry.Vms)
            {
                var vcpus = new VcpuTimesSample[vm.Info.VcpuThreads];
                var at = context.Host.Monotonic();
                for (var i = 0; i < vcpus.Length; i++)
                {
                    var thread = vm.Threads[i];
                    vcpus[i] = new VcpuTimesSample(thread.Thread.Tid, thread.ReadStat(_buffer));
                }

                vms.Add(vm.Info.Key, (at, vcpus));
            }

            return Reading<VcpuTimesSampleSet>.Ok(new VcpuTimesSampleSet(vms, _topology));
        }

        public void Dispose()
        {
        }
    }
}
