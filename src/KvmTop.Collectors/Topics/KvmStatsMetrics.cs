namespace KvmTop.Collectors;

/// <summary>The figures that <see cref="KvmStatsTopic"/> delivers.</summary>
public static class KvmStatsMetrics
{
    internal const string Source = "KVM's counters: stats fd, QMP, debugfs or counted tracepoints, whichever works";
    private const string ExitsHelp = "Exits from the guest to the host's kernel a second.";
    private const string HaltPollHelp = "CPU time that KVM burnt polling for a wake-up while the guest had halted, in percent of one CPU.";

    private static readonly Topic[] s_needs = [KvmStatsTopic.Instance];

    /// <summary>Of the host: the sum over the VMs that are counted.</summary>
    public static IReadOnlyList<Metric<HostRow>> OfHost { get; } =
    [
        new()
        {
            Id = "exits_per_s", Title = "EXITS/s", Unit = Unit.PerSecond, Width = 7, Needs = s_needs, Source = Source,
            Help = "Exits from all guests to the host's kernel a second: the sum over the VMs whose counters can be read.",
            Get = r => Figure.Of(r.Kvm?.ExitsPerSecond, HostReason(r)) is { IsMissing: false } f ? f : Figure.Missing(HostReason(r)),
        },
        new()
        {
            Id = "halt_poll_pct", Title = "HLT%", Unit = Unit.Percent, Width = 5, Needs = s_needs, Source = Source,
            Help = "CPU time that KVM burnt polling for wake-ups of halted guests, all VMs whose counters can be read, in percent of one CPU.",
            Get = r => Figure.Of(r.Kvm?.HaltPollPct, HostReason(r)) is { IsMissing: false } f ? f : Figure.Missing(HostReason(r)),
        },
    ];

    /// <summary>Of a VM.</summary>
    public static IReadOnlyList<Metric<VmRow>> OfVm { get; } =
    [
        new()
        {
            Id = "exits_per_s", Title = "EXITS/s", Unit = Unit.PerSecond, Width = 7, Needs = s_needs, Source = Source,
            Help = ExitsHelp + " Pane 3 shows of which kinds.",
            Get = r => Figure.Of(r.Kvm?.ExitsPerSecond, Reason(r, "exits")),
        },
        new()
        {
            Id = "halt_poll_pct", Title = "HLT%", Unit = Unit.Percent, Width = 5, PerVcpu = true, Needs = s_needs, Source = Source,
            Help = HaltPollHelp,
            Get = r => Figure.Of(r.Kvm?.HaltPollPct, Reason(r, "halt polling")),
        },
        new()
        {
            Id = "kvm_stats_source", Title = "KVMSRC", Unit = Unit.Text, Width = 8, Needs = s_needs, Source = "-",
            Help = "Where its KVM counters come from: stats fd, qmp, debugfs or perf.",
            Get = r => Figure.Of(r.Kvm?.Source, r.Kvm?.Why ?? r.KvmReason),
        },
        Mapped("kvm_4k_bytes", "K4K", "4 KiB", static m => m.By4K),
        Mapped("kvm_2m_bytes", "K2M", "2 MiB", static m => m.By2M),
        Mapped("kvm_1g_bytes", "K1G", "1 GiB", static m => m.By1G),
    ];

    /// <summary>Of a vCPU.</summary>
    public static IReadOnlyList<Metric<VcpuRow>> OfVcpu { get; } =
    [
        new()
        {
            Id = "exits_per_s", Title = "EXITS/s", Unit = Unit.PerSecond, Width = 7, Needs = s_needs, Source = Source,
            Help = ExitsHelp,
            Get = r => Figure.Of(r.Kvm?.ExitsPerSecond, Reason(r, "exits")),
        },
        new()
        {
            Id = "halt_poll_pct", Title = "HLT%", Unit = Unit.Percent, Width = 5, Needs = s_needs, Source = Source,
            Help = HaltPollHelp,
            Get = r => Figure.Of(r.Kvm?.HaltPollPct, Reason(r, "halt polling")),
        },
    ];

    private static Metric<VmRow> Mapped(string id, string title, string size, Func<KvmMapped, double> get) => new()
    {
        Id = id, Title = title, Unit = Unit.Bytes, Width = 6, Needs = s_needs, Source = "KVM's counters of the VM: pages_4k, pages_2m, pages_1g (QMP or debugfs)",
        Help = $"Guest memory that KVM maps with pages of {size}: what the guest's page tables really stand on, whatever was asked for. Large pages need fewer levels of lookup.",
        Get = r => Figure.Of(r.Kvm is { } rates ? get(rates.Mapped) : double.NaN, r.Kvm switch
        {
            null => r.KvmReason,
            { VmSource: null, Source: not null } kvm => $"{kvm.Source} has no counters of the VM as a whole",
            { VmSource: null } kvm => kvm.Why ?? "no source yet",
            _ => "this kernel does not count them",
        }),
    };

    private static string HostReason(HostRow row) =>
        row.Kvm is null ? row.Snapshot.Get(KvmStatsTopic.Instance).Reason ?? "not read yet"
        : row.Kvm.Counted == 0 ? row.Snapshot.Get(KvmStatsTopic.Instance).Reason ?? "no VM runs"
        : VmsTopic.NeedsTwo;

    private static string Reason(VmRow row, string what) => row.Kvm switch
    {
        null => row.KvmReason,
        { Source: null } kvm => kvm.Why ?? "no source yet",
        { Source: var source } => NotCounted(row.Vm, source, what),
    };

    private static string Reason(VcpuRow row, string what)
    {
        var vm = row.Snapshot.Get(KvmStatsTopic.Instance).Value?.Find(row.Vm.Info.Key);
        return vm switch
        {
            null => row.Snapshot.Get(KvmStatsTopic.Instance).Reason ?? "not read yet",
            { Source: null } => vm.Value.Why ?? "no source yet",
            { HasVcpus: false } => $"{vm.Value.Source} counts the VM as a whole, not its vCPUs",
            _ => NotCounted(row.Vm, vm.Value.Source, what),
        };
    }

    private static string NotCounted(VmModel vm, string source, string what) =>
        vm.Interval == TimeSpan.Zero ? VmsTopic.NeedsTwo
        : source == PerfStatsSource.SourceName ? PerfStatsSource.WhyMissing(what)
        : $"this kernel does not count {what}, or the counter began anew in this interval";
}
