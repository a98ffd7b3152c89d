using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>Guests that a CPU quota holds back.</summary>
public sealed class VmThrottledCheck() : VmCheck("vm-throttled", "CPU quota")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        if (!(vm.ThrottledPct >= 1) || vm.Info.Quotas.Count == 0)
        {
            yield break;
        }

        // The innermost of those that did most of it.
        var isShared = vm.ThrottledSharedPct > vm.ThrottledPct / 2 && vm.Info.SharedQuotas > 0;
        var stat = vm.Info.Quotas[isShared ? vm.Info.SharedQuotas - 1 : Math.Min(vm.Info.SharedQuotas, vm.Info.Quotas.Count - 1)];
        var folder = stat[..Math.Max(stat.LastIndexOf('/'), 0)];
        var group = folder[(folder.LastIndexOf('/') + 1)..];
        yield return Warning(
            isShared
                ? FormattableString.Invariant($"the CPU quota of {HostileText.Clean(group, 80)}, which it shares, held it back {vm.ThrottledPct:0} % of the time, summed over CPUs")
                : FormattableString.Invariant($"a CPU quota held it back {vm.ThrottledPct:0} % of the time, summed over CPUs"),
            $"{HostileText.Clean(stat, 200)}: throttled time grows", "a vCPU that is stopped while it holds a lock stops the others", Fix(vm.Info, folder, group, isShared));
    }

    private static string Fix(VmInfo vm, string folder, string group, bool isShared)
    {
        var file = folder.Contains("/cpu", StringComparison.Ordinal) && folder.StartsWith("/sys/fs/cgroup/cpu", StringComparison.Ordinal) ? "cpu.cfs_quota_us" : "cpu.max";
        var raise = $"raise {file} of {HostileText.Clean(folder, 200)}";
        return folder.Contains("kubepods", StringComparison.Ordinal) ? $"raise the CPU limit of its pod (resources.limits.cpu): {HostileText.Clean(folder, 200)}"
            : vm.Description.LibvirtOwned && !isShared ? $"virsh schedinfo {ShellWord.Of(vm.Name)} --set vcpu_quota=-1, or {raise}"
            : group.EndsWith(".slice", StringComparison.Ordinal) || group.EndsWith(".scope", StringComparison.Ordinal) || group.EndsWith(".service", StringComparison.Ordinal)
            ? $"systemctl set-property {ShellWord.Of(HostileText.Clean(group, 120))} CPUQuota= (no quota; or a larger one), or {raise}"
            : raise;
    }
}
