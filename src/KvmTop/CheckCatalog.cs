using KvmTop.Collectors.Checks;

namespace KvmTop;

/// <summary>Every check there is, one line each, in the order of reading: what all stands on comes first. Apart from the Catalog, for it is made when somebody checks.</summary>
internal static class CheckCatalog
{
    /// <summary>All checks.</summary>
    public static IReadOnlyList<Check> All { get; } =
    [
        new CpuVirtualisationCheck(),
        new KvmModuleCheck(),
        new KvmDeviceCheck(),
        new KvmAccessCheck(),
        new QemuCheck(),
        new LibvirtCheck(),
        new ModuleSettingsCheck(),
        new UnknownParametersCheck(),
        new PagingCheck(),
        new NestedCheck(),
        new SecurityModulesCheck(),
        new CpuOvercommitCheck(),
        new CpuVulnerabilitiesCheck(),
        new GovernorCheck(),
        new IdleStatesCheck(),
        new HaltPollingCheck(),
        new ClockSourceCheck(),
        new IsolatedCpusCheck(),
        new MemoryOvercommitCheck(),
        new SwapCheck(),
        new TransparentHugepagesCheck(),
        new HugepagePoolsCheck(),
        new KsmCheck(),
        new NumaBalancingCheck(),
        new ZoneReclaimCheck(),
        new CommitLimitCheck(),
        new IommuCheck(),
        new GuestNetworkCheck(),
        new NetworkBudgetCheck(),
        new KernelLogCheck(),
        new LockdownCheck(),
        new DebugfsCheck(),
        new TracefsCheck(),
        new VmAccelerationCheck(),
        new VmNestedCheck(),
        new VmCpuModelCheck(),
        new VmClockCheck(),
        new VmSizeCheck(),
        new VmAffinityCheck(),
        new VmEmulatorCpusCheck(),
        new VmThrottledCheck(),
        new VmSwapCheck(),
        new VmHugepagesCheck(),
        new VmMemoryNodesCheck(),
        new VmBalloonCheck(),
        new VmDisksCheck(),
        new VmNetworkCheck(),
        new VmIoThreadCheck(),
        new VmPassthroughCheck(),
        new VmDisplayCheck(),
        new VmMonitorCheck(),
        new VmThreadNamesCheck(),
    ];

    /// <summary>Those that run a guest: on request alone.</summary>
    public static IReadOnlyList<Check> Trials { get; } =
    [
        new RunGuestCheck(),
        new RunQemuCheck(),
    ];
}
