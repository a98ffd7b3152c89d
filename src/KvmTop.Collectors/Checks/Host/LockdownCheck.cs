using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>What the kernel's lockdown takes away.</summary>
public sealed class LockdownCheck() : Check("lockdown", "Kernel lockdown", CheckGroup.Observability)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var file = context.Read("/sys/kernel/security/lockdown");
        return file.Chosen switch
        {
            "none" => [Ok("the kernel is not locked down", file.Evidence)],
            "integrity" => [Info("the kernel is locked down (integrity)", file.Evidence, "KVM's counters in debugfs are refused, also to root; unsigned modules are not loaded")],
            "confidentiality" => [Info("the kernel is locked down (confidentiality)", file.Evidence, "debugfs and tracepoints are refused, also to root: of KVM's counters those that the VMM gives are left: its statistics descriptors and QMP")],
            _ => context.MountOf("securityfs", out var known) is null && known
                ? [Unknown("lockdown cannot be seen: securityfs is not mounted", file.Evidence, "mount -t securityfs securityfs /sys/kernel/security")]
                : file.Errno == Errno.ENOENT ? [Ok("this kernel has no lockdown", file.Evidence)] : [Unknown("lockdown cannot be seen", file.Evidence)],
        };
    }
}
