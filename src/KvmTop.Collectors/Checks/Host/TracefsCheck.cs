using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Whether exits can be traced.</summary>
public sealed class TracefsCheck() : Check("tracefs", "tracefs is mounted", CheckGroup.Observability)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        // The kernel then leaves it empty or refuses to open what is in it: a mount would not help.
        if (Lockdown.Read(context.Host) == LockdownLevel.Confidentiality)
        {
            return [Info("tracefs is closed by kernel lockdown (confidentiality)", "/sys/kernel/security/lockdown", "exits can be counted by KVM's own counters, but not traced")];
        }

        var place = context.MountOf("tracefs", out var known) ?? (context.Host.Exists("/sys/kernel/debug/tracing/events") ? "/sys/kernel/debug/tracing" : null);
        return place is not null ? [Ok("tracefs is mounted", place)]
            : known ? [Info("tracefs is not mounted", "/proc/self/mountinfo has no tracefs", "reasons and latencies of exits come from its tracepoints", "kvmtop fix tracefs; by hand: mount -t tracefs tracefs /sys/kernel/tracing")]
            : [Unknown("whether tracefs is mounted cannot be seen", "/proc/self/mountinfo")];
    }
}
