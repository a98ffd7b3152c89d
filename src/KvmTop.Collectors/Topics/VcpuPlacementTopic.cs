using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>What <c>/proc/PID/task/TID/status</c> says of one vCPU thread.</summary>
/// <param name="Tid">Thread id.</param>
/// <param name="Affinity">Cpus_allowed_list, or null when it could not be read.</param>
/// <param name="Voluntary">Switches because it had nothing to do.</param>
/// <param name="Involuntary">Switches because another was put in its place.</param>
public readonly record struct VcpuPlacementSample(int Tid, string? Affinity, long? Voluntary, long? Involuntary);

/// <summary>Placement of the vCPU threads of all VMs at one moment.</summary>
/// <param name="Vms">Per VM, by vCPU number, with the monotonic time of reading.</param>
public sealed record VcpuPlacementSampleSet(IReadOnlyDictionary<VmKey, (TimeSpan At, VcpuPlacementSample[] Vcpus)> Vms);

/// <summary>Where a vCPU may run, and how often it was switched. NaN when unknown.</summary>
/// <param name="Tid">Thread id.</param>
/// <param name="Affinity">CPUs that it may run on, as a list.</param>
/// <param name="VoluntaryPerSecond">Switches a second because it had nothing to do.</param>
/// <param name="InvoluntaryPerSecond">Switches a second because another was put in its place.</param>
public readonly record struct VcpuPlacement(int Tid, string? Affinity, double VoluntaryPerSecond, double InvoluntaryPerSecond);

/// <summary>The placement of all vCPUs.</summary>
public sealed class VcpuPlacementModel(IReadOnlyDictionary<VmKey, VcpuPlacement[]> vms)
{
    /// <summary>The placement of a vCPU thread, or null.</summary>
    public VcpuPlacement? Find(VmKey vm, int position, int tid) =>
        vms.TryGetValue(vm, out var vcpus) && position < vcpus.Length && vcpus[position].Tid == tid ? vcpus[position] : null;
}

/// <summary>Affinity and context switches of each vCPU: the dearest of the small files, read only where they are shown, and every 5 s.</summary>
public sealed class VcpuPlacementTopic : Topic<VcpuPlacementSampleSet, VcpuPlacementModel>
{
    private const string Status = "/proc/PID/task/TID/status";

    private VcpuPlacementTopic()
        : base("vcpu_placement", "vCPU affinity and switches", TimeSpan.FromSeconds(5), VmsTopic.Instance)
    {
    }

    /// <summary>The topic.</summary>
    public static VcpuPlacementTopic Instance { get; } = new();

    /// <summary>The figures of a vCPU that come from here.</summary>
    public static IReadOnlyList<Metric<VcpuRow>> Metrics { get; } =
    [
        new()
        {
            Id = "affinity", Title = "AFFINITY", Unit = Unit.Text, Width = 10, Needs = [Instance], Source = Status + " Cpus_allowed_list",
            Help = "Physical CPUs that it may run on. Read every 5 s.",
            Get = r => Figure.Of(r.Placement?.Affinity, Reason(r)),
        },
        new()
        {
            Id = "voluntary_switches_per_s", Title = "VCSW/s", Unit = Unit.PerSecond, Width = 6, Needs = [Instance], Source = Status,
            Help = "Context switches a second because it had nothing to do (the guest halted), over 5 s.",
            Get = r => r.Placement is { } p ? Figure.Of(p.VoluntaryPerSecond, VmsTopic.NeedsTwo) : Figure.Missing(Reason(r)),
        },
        new()
        {
            Id = "involuntary_switches_per_s", Title = "ICSW/s", Unit = Unit.PerSecond, Width = 6, Needs = [Instance], Source = Status,
            Help = "Context switches a second because another task took its CPU, over 5 s.",
            Get = r => r.Placement is { } p ? Figure.Of(p.InvoluntaryPerSecond, VmsTopic.NeedsTwo) : Figure.Missing(Reason(r)),
        },
    ];

    /// <inheritdoc/>
    public override ICollector<VcpuPlacementSampleSet> CreateCollector(CollectorContext context) => new Collector(context);

    /// <inheritdoc/>
    public override VcpuPlacementModel Derive(VcpuPlacementSampleSet? before, VcpuPlacementSampleSet now)
    {
        var vms = new Dictionary<VmKey, VcpuPlacement[]>(now.Vms.Count);
        foreach (var (key, (at, samples)) in now.Vms)
        {
            var hasBefore = before is not null && before.Vms.TryGetValue(key, out _);
            var (wasAt, was) = hasBefore ? before!.Vms[key] : (at, []);
            var seconds = (at - wasAt).TotalSeconds;
            var vcpus = new VcpuPlacement[samples.Length];
            for (var i = 0; i < vcpus.Length; i++)
            {
                ref readonly var sample = ref samples[i];
                var previous = i < was.Length && was[i].Tid == sample.Tid ? was[i] : default;
                vcpus[i] = new VcpuPlacement(
                    sample.Tid,
                    sample.Affinity,
                    Rates.PerSecond((ulong?)previous.Voluntary, (ulong?)sample.Voluntary, seconds),
                    Rates.PerSecond((ulong?)previous.Involuntary, (ulong?)sample.Involuntary, seconds));
            }

            vms.Add(key, vcpus);
        }

        return new VcpuPlacementModel(vms);
    }

    private static string Reason(VcpuRow row) => row.Snapshot.Get(Instance).Reason ?? "the thread ended while it was being read";

    private sealed class Collector(CollectorContext context) : ICollector<VcpuPlacementSampleSet>
    {
        private readonly VmRegistry _registry = context.Services.Get(() => new VmRegistry(context.Host));
        private readonly ReadBuffer _buffer = new(4096);

        public Reading<VcpuPlacementSampleSet> Collect()
        {
            var vms = new Dictionary<VmKey, (TimeSpan, VcpuPlacementSample[])>(_registry.Vms.Count);
            foreach (var vm in _registry.Vms)
            {
                var vcpus = new VcpuPlacementSample[vm.Info.VcpuThreads];
                var at = context.Host.Monotonic();
                for (var i = 0; i < vcpus.Length; i++)
                {
                    var thread = vm.Threads[i];
                    var text = thread.Status(out _) is { } file ? _buffer.ReadRecord(file, out _) : default;
                    vcpus[i] = ProcPidStatus.TryParse(text, out var status)
                        ? new VcpuPlacementSample(
                            thread.Thread.Tid, thread.Affinity(ProcPidStatus.AllowedCpus(text)), status.VoluntarySwitches, status.InvoluntarySwitches)
                        : new VcpuPlacementSample(thread.Thread.Tid, null, null, null);
                }

                vms.Add(vm.Info.Key, (at, vcpus));
            }

            return Reading<VcpuPlacementSampleSet>.Ok(new VcpuPlacementSampleSet(vms));
        }

        public void Dispose()
        {
        }
    }
}
