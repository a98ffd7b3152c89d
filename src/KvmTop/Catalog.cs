using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Screen;
using KvmTop.Screen.Panes;

namespace KvmTop;

/// <summary>Everything there is, one line each: a new topic, figure list or pane is listed here and nowhere else.</summary>
internal static class Catalog
{
    /// <summary>All topics in the order of reading: a topic after those that it stands on.</summary>
    public static IReadOnlyList<Topic> Topics { get; } =
    [
        HostTopic.Instance,
        MachineTopic.Instance,
        VmsTopic.Instance,
        KvmStatsTopic.Instance,
        VcpuTimesTopic.Instance,
        VcpuPlacementTopic.Instance,
        HugepagesTopic.Instance,
        MemoryTopic.Instance,
        VmMemoryTopic.Instance,
        LibvirtTopic.Instance,
        QmpTopic.Instance,
        BalloonTopic.Instance,
        DisksTopic.Instance,
        NicsTopic.Instance,
        PassthroughTopic.Instance,
        InterruptsTopic.Instance,
        CpuInterruptsTopic.Instance,
        CpuPowerTopic.Instance,
        CpuLayoutTopic.Instance,
        ModulesTopic.Instance,
        KernelLogTopic.Instance,
        JournalTopic.Instance,
        SelfTopic.Instance,
    ];

    /// <summary>Figures of the host.</summary>
    public static IReadOnlyList<Metric<HostRow>> HostMetrics { get; } = [.. MachineTopic.Metrics, .. HostTopic.Metrics, .. KvmStatsMetrics.OfHost, .. MemoryTopic.Metrics];

    /// <summary>Figures of this program.</summary>
    public static IReadOnlyList<Metric<HostRow>> SelfMetrics { get; } = [.. SelfTopic.Metrics];

    /// <summary>Figures of a VM.</summary>
    public static IReadOnlyList<Metric<VmRow>> VmMetrics { get; } =
    [
        .. VmsMetrics.PerVm, .. KvmStatsMetrics.OfVm, .. VmMemoryMetrics.PerVm, .. BalloonMetrics.PerVm, .. QmpTopic.Metrics, .. LibvirtMetrics.PerVm, .. Collectors.IoMetrics.PerVm,
    ];

    /// <summary>Figures of a VM under names of the host's, for records.</summary>
    public static IReadOnlyList<MapMetric<VmRow>> VmMaps { get; } = [.. VmMemoryMetrics.Maps];

    /// <summary>Figures of a vCPU.</summary>
    public static IReadOnlyList<Metric<VcpuRow>> VcpuMetrics { get; } = [.. VmsMetrics.PerVcpu, .. VcpuTimesTopic.Metrics, .. VcpuPlacementTopic.Metrics, .. KvmStatsMetrics.OfVcpu];

    /// <summary>Figures of a disk.</summary>
    public static IReadOnlyList<Metric<DiskRow>> DiskMetrics => Collectors.IoMetrics.PerDisk;

    /// <summary>Figures of a network device.</summary>
    public static IReadOnlyList<Metric<NicRow>> NicMetrics => Collectors.IoMetrics.PerNic;

    /// <summary>Figures of a domain of libvirt's.</summary>
    public static IReadOnlyList<Metric<Vmm.LibvirtDomain>> DomainMetrics => LibvirtMetrics.PerDomain;

    /// <summary>Figures of any device, for the table of all of them.</summary>
    public static IReadOnlyList<Metric<IoRow>> IoMetrics => Collectors.IoMetrics.PerDevice;

    /// <summary>The panes, in the order of their tabs.</summary>
    public static IReadOnlyList<IPane> CreatePanes(Ui ui) =>
    [
        new VmsPane(ui),
        new VcpusPane(),
        new ExitsPane(),
        new MemoryPane(),
        new IoPane(),
        new ModulesPane(),
        new HostPane(),
        new CheckPane(),
        new EventsPane(),
    ];

    /// <summary>The topics that a set of figures needs.</summary>
    public static IEnumerable<Topic> Needs<TRow>(IEnumerable<Metric<TRow>> metrics) => metrics.SelectMany(m => m.Needs).Distinct();

    /// <summary>The topics that a record needs for what is no figure of a row: the pools, and figures under names.</summary>
    public static IEnumerable<Topic> RecordNeeds => VmMaps.SelectMany(m => m.Needs).Append(HugepagesTopic.Instance).Distinct();
}
