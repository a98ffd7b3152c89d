namespace KvmTop.Collectors;

/// <summary>What a source of KVM's counters can deliver, and what is asked of it.</summary>
[Flags]
internal enum KvmParts
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The counters of each vCPU.</summary>
    Vcpus = 1,

    /// <summary>The counters of the vCPUs as one sum per VM.</summary>
    Sum = 2,

    /// <summary>The counters that belong to the VM: pages, MMU, TLB.</summary>
    Vm = 4,
}

/// <summary>A way to KVM's counters: what it is called, how good it is, and how to open it for a VM. One object per run, in <see cref="KvmStatsSources"/>.</summary>
internal interface IKvmStatsSourceKind
{
    /// <summary>What pane and JSON call it: "stats fd", "qmp", "debugfs", "perf".</summary>
    string Name { get; }

    /// <summary>What it delivers.</summary>
    KvmParts Delivers { get; }

    /// <summary>True for one that the guest pays for: not opened while a better one may still answer.</summary>
    bool IsLastResort => false;

    /// <summary>How often it is read for what another source does not have; what it alone delivers is read every tick.</summary>
    TimeSpan SpareTimePace { get; }

    /// <summary>Opens it for one VM; null, with the reason, when it does not work there. Must not block: a peer that has to be waited for is asked on another thread, and the reason until then says so.</summary>
    IKvmStatsSource? Open(TrackedVm vm, TimeSpan uptime, out string reason);
}

/// <summary>An open source for one VM. Used from the collector thread.</summary>
internal interface IKvmStatsSource : IDisposable
{
    /// <summary>True when it should be opened anew: a vCPU came or went since.</summary>
    bool IsOutdated(TrackedVm vm, TimeSpan uptime);

    /// <summary>
    /// Adds what is wanted, of what it delivers, to the VM that <paramref name="buffer"/> is at, and stamps it (<paramref name="vm"/>'s times are those of now). A source that has its
    /// own pace adds its two latest answers (<see cref="KvmValues.Before"/>) with their times. True with nothing added, and the reason, while it waits for its peer. False, with the
    /// reason, when it does not work (any more); it is then disposed.
    /// </summary>
    bool Read(KvmStatsBuffer buffer, ref KvmVmEntry vm, KvmParts wanted, out string reason);
}

/// <summary>When a duplicated statistics descriptor may be used.</summary>
public enum StatsFdUse
{
    /// <summary>On kernels that are known to keep the VM in memory meanwhile.</summary>
    Auto,

    /// <summary>Always.</summary>
    Always,

    /// <summary>Never.</summary>
    Never,
}

/// <summary>Settings of this run that the sources obey; put into <see cref="CollectorServices"/> by the program.</summary>
/// <param name="StatsFds">Whether statistics descriptors are duplicated.</param>
public sealed record KvmStatsSettings(StatsFdUse StatsFds = StatsFdUse.Auto);

/// <summary>The sources of this run.</summary>
internal static class KvmStatsSources
{
    /// <summary>All kinds, best first. A new one is a line here.</summary>
    public static IReadOnlyList<IKvmStatsSourceKind> Create(CollectorContext context, StatsFdSource statsFds) =>
    [
        statsFds,
        new QmpStatsSource(QmpConnections.Of(context)),
        new DebugfsSource(context.Host),
        context.Services.Get(() => new PerfStatsSource(context.Host)),
    ];
}
