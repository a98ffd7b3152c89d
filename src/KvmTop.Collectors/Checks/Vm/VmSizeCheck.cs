namespace KvmTop.Collectors.Checks;

/// <summary>More vCPUs than CPUs.</summary>
public sealed class VmSizeCheck() : VmCheck("vm-size", "vCPUs of one VM")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        if (context.Machine?.Topology.Online.Count is > 0 and var cpus && vm.Info.VcpuCount is { } vcpus && vcpus > cpus)
        {
            yield return Warning(
                FormattableString.Invariant($"{vcpus} vCPUs on a host of {cpus} CPUs"), FormattableString.Invariant($"pid {vm.Info.Pid}; /sys/devices/system/cpu/online"), "some of them always wait: locks in the guest are held by vCPUs that do not run",
                FormattableString.Invariant($"start it with -smp {cpus} or less (libvirt: <vcpu>{cpus}</vcpu>)"));
        }
    }
}
