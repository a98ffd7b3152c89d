using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>What seldom changes about a host: who it is, its CPUs, its KVM.</summary>
/// <param name="Identity">Name, kernel, CPU model.</param>
/// <param name="Topology">Sockets, cores, nodes.</param>
/// <param name="Kvm">Modules, nesting, the device.</param>
/// <param name="Frequencies">Governor and frequency of each online CPU, in the order of the topology.</param>
/// <param name="Label">"demo" or "captured", or null for the running machine.</param>
public sealed record MachineModel(HostIdentity Identity, CpuTopology Topology, KvmState Kvm, IReadOnlyList<CpuFrequency> Frequencies, string? Label)
{
    /// <summary>Number of sockets.</summary>
    public int Sockets => Topology.Cpus.Select(c => c.Package).Distinct().Count();
}

/// <summary>The host's identity, topology, KVM modules and frequencies, looked at every few seconds.</summary>
public sealed class MachineTopic : PlainTopic<MachineModel>
{
    private MachineTopic()
        : base("machine", "Machine", TimeSpan.FromSeconds(5))
    {
    }

    /// <summary>The topic.</summary>
    public static MachineTopic Instance { get; } = new();

    /// <summary>The figures of the host that come from here.</summary>
    public static IReadOnlyList<Metric<HostRow>> Metrics { get; } =
    [
        Make("name", "HOST", Unit.Text, "/proc/sys/kernel/hostname", "The host's name.", m => Figure.Of(m.Identity.Hostname)),
        Make("kernel", "KERNEL", Unit.Text, "/proc/sys/kernel/osrelease", "Kernel release.", m => Figure.Of(m.Identity.KernelRelease)),
        Make("cpus", "CPUS", Unit.Count, "/sys/devices/system/cpu/online", "CPUs online.", m => Figure.Of(m.Topology.Online.Count)),
        Make("cpu_model", "MODEL", Unit.Text, "/proc/cpuinfo", "Model of the CPU.", m => Figure.Of(m.Identity.CpuModel)),
        Make("kvm_module", "KVM", Unit.Text, "/sys/module", "KVM's part for this CPU: kvm_intel, kvm_amd or another.", m => Figure.Of(m.Kvm.Vendor, m.Kvm.Reason)),
        Make("nested", "NESTED", Unit.Text, "/sys/module/*/parameters/nested", "Whether guests may run guests: Y or N.", m => Figure.Of(m.Kvm.Nested is { } n ? n ? "Y" : "N" : null, "no parameter named nested")),
    ];

    /// <inheritdoc/>
    public override ICollector<MachineModel> CreateCollector(CollectorContext context) => new Collector(context.Host);

    /// <inheritdoc/>
    public override IEnumerable<HostEvent> Compare(MachineModel before, MachineModel now, DateTimeOffset time)
    {
        if (before.Kvm != now.Kvm)
        {
            yield return new(time, Severity.Warning, Id, now.Kvm.Vendor, $"KVM changed: {Describe(before.Kvm)} -> {Describe(now.Kvm)}");
        }

        if (before.Topology.Online.ToString() is var was && now.Topology.Online.ToString() is var online && was != online)
        {
            yield return new(time, Severity.Warning, Id, null, $"CPUs online {was} -> {online}");
        }
    }

    private static Metric<HostRow> Make(string id, string title, Unit unit, string source, string help, Func<MachineModel, Figure> get) => new()
    {
        Id = id,
        Title = title,
        Unit = unit,
        Needs = [Instance],
        Source = source,
        Help = help,
        Get = r => r.Machine is { } machine ? get(machine) : Figure.Missing(r.Snapshot.Get(Instance).Reason),
    };

    private static string Describe(KvmState kvm) =>
        !kvm.KvmPresent ? "no kvm" : $"{kvm.Vendor ?? "kvm"} nested={(kvm.Nested is { } nested ? nested ? "Y" : "N" : "?")}{(kvm.DeviceExists ? "" : ", no /dev/kvm")}";

    private sealed class Collector(HostRoot host) : ICollector<MachineModel>
    {
        private readonly HostIdentity _identity = HostIdentity.Read(host);

        public Reading<MachineModel> Collect()
        {
            var topology = CpuTopology.Read(host);
            var first = topology.Cpus.Count == 0 ? default : CpuFrequency.Read(host, topology.Cpus[0].Cpu);

            // A host without cpufreq (many guests) has it on no CPU: no need to ask each.
            IReadOnlyList<CpuFrequency> frequencies = first is { Governor: null, CurrentKHz: null }
                ? [.. topology.Cpus.Select(_ => first)]
                : [.. topology.Cpus.Select(c => CpuFrequency.Read(host, c.Cpu))];
            return Reading<MachineModel>.Ok(new MachineModel(_identity, topology, KvmModules.Read(host), frequencies, host.Label));
        }

        public void Dispose()
        {
        }
    }
}
