using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>What the kernel has said about virtual machines since it started.</summary>
public sealed class KernelLogCheck() : Check("kernel-log", "Kernel log about KVM, VFIO, IOMMU, memory", CheckGroup.Observability)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        if (context.LogErrno != Errno.None)
        {
            yield return Unknown("the kernel log cannot be read", $"/dev/kmsg: {context.LogErrno.Describe()}", context.LogErrno.IsDenied() ? "as root, or: sysctl kernel.dmesg_restrict=0" : null);
            yield break;
        }

        var oom = context.Log.Where(l => l.Subject == KernelLogSubject.OutOfMemory && l.Text.Contains("Killed process", StringComparison.Ordinal)).ToList();
        var vmm = oom.LastOrDefault(l => l.Text.Contains("qemu", StringComparison.OrdinalIgnoreCase) || l.Text.Contains("(CPU ", StringComparison.Ordinal));
        if (vmm is not null || oom.Count > 0)
        {
            yield return Warning(
                vmm is not null ? "the kernel killed a VM for want of memory" : FormattableString.Invariant($"the kernel killed {oom.Count} process{(oom.Count == 1 ? "" : "es")} for want of memory"),
                $"kernel log: {(vmm ?? oom[^1]).Text}", "guests have more memory than the host can give: the next may be killed too", "give guests less memory or the host more, and keep some for the host itself (pane 4 shows who has what)");
        }

        foreach (var subject in (KernelLogSubject[])[KernelLogSubject.Kvm, KernelLogSubject.Vfio, KernelLogSubject.Iommu, KernelLogSubject.Hugepages])
        {
            var errors = context.Log.Where(l => l.Subject == subject && l.Priority <= 3).ToList();
            if (errors.Count > 0)
            {
                yield return Warning(
                    FormattableString.Invariant($"{errors.Count} error{(errors.Count == 1 ? "" : "s")} about {Name(subject)} in the kernel log"), $"kernel log: {errors[^1].Text}", "something did not work as it was asked to", "dmesg --level=err,crit,alert,emerg");
            }
        }

        if (oom.Count == 0 && !context.Log.Any(l => l.Priority <= 3))
        {
            yield return Ok(FormattableString.Invariant($"no errors about virtual machines in the kernel log ({context.Log.Count} lines about them)"), "/dev/kmsg");
        }
    }

    private static string Name(KernelLogSubject subject) => subject switch
    {
        KernelLogSubject.Kvm => "KVM",
        KernelLogSubject.Vfio => "VFIO",
        KernelLogSubject.Iommu => "the IOMMU",
        _ => "hugepages",
    };
}
