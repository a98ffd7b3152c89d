using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>Guests that a CPU quota holds back.</summary>
public sealed class VmThrottledCheck() : VmCheck("vm-throttled", "CPU quota")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        if (vm.ThrottledPct >= 1 && vm.Info.Quotas.Count > 0)
        {
            yield return Warning(
                FormattableString.Invariant($"a CPU quota held it back {vm.ThrottledPct:0} % of the time, summed over CPUs"), $"{HostileText.Clean(vm.Info.Quotas[0], 200)}: throttled_usec grows", "a vCPU that is stopped while it holds a lock stops the others",
                $"virsh schedinfo {ShellWord.Of(vm.Info.Name)} --set vcpu_quota=-1, or raise cpu.max of its cgroup");
        }
    }
}
