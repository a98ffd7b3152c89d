using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Whether KVM's counters can be seen.</summary>
public sealed class DebugfsCheck() : Check("debugfs", "debugfs is mounted", CheckGroup.Observability)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var place = context.MountOf("debugfs", out var known);
        if (place is not null)
        {
            return context.Host.Exists(place + "/kvm") || context.User is not { IsRoot: true }
                ? [Ok("debugfs is mounted", place)]
                : [Info("debugfs is mounted, and KVM shows nothing there", $"{place}/kvm: no such file", "counters of exits then come from QEMU's statistics descriptors or tracepoints")];
        }

        if (known && Lockdown.Read(context.Host) is LockdownLevel.Integrity or LockdownLevel.Confidentiality)
        {
            return [Ok("debugfs is not mounted, and kernel lockdown would close KVM's counters in it", "/sys/kernel/security/lockdown")];
        }

        return known
            ? [Info("debugfs is not mounted", "/proc/self/mountinfo has no debugfs", "KVM's counters for each VM are there; newer QEMU gives them another way", "kvmtop fix debugfs; by hand: mount -t debugfs debugfs /sys/kernel/debug")]
            : [Unknown("whether debugfs is mounted cannot be seen", "/proc/self/mountinfo")];
    }
}
