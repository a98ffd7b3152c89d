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
        VcpuTimesTopic.Instance,
        VcpuPlacementTopic.Instance,
        InterruptsTopic.Instance,
        ModulesTopic.Instance,
        KernelLogTopic.Instance,
        SelfTopic.Instance,
    ];

    /// <summary>Figures of the host.</summary>
    public static IReadOnlyList<Metric<HostRow>> HostMetrics { get; } = [.. MachineTopic.Metrics, .. HostTopic.Metrics];

    /// <summary>Figures of this program.</summary>
    public static IReadOnlyList<Metric<HostRow>> SelfMetrics { get; } = [.. SelfTopic.Metrics];

    /// <summary>Figures of a VM.</summary>
    public static IReadOnlyList<Metric<VmRow>> VmMetrics { get; } = [.. VmsMetrics.PerVm];

    /// <summary>Figures of a vCPU.</summary>
    public static IReadOnlyList<Metric<VcpuRow>> VcpuMetrics { get; } = [.. VmsMetrics.PerVcpu, .. VcpuTimesTopic.Metrics, .. VcpuPlacementTopic.Metrics];

    /// <summary>The panes, in the order of their tabs.</summary>
    public static IReadOnlyList<IPane> CreatePanes(Ui ui) =>
    [
        new VmsPane(ui),
        new VcpusPane(),
        new ModulesPane(),
        new HostPane(),
        new CheckPane(),
        new EventsPane(),
    ];

    /// <summary>The topics that a set of figures needs.</summary>
    public static IEnumerable<Topic> Needs<TRow>(IEnumerable<Metric<TRow>> metrics) => metrics.SelectMany(m => m.Needs).Distinct();
}
