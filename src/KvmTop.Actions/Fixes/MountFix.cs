using KvmTop.Collectors.Checks;

namespace KvmTop.Actions;

/// <summary>Mounts a file system of the kernel's where it belongs: what the fixes of debugfs and tracefs have in common.</summary>
internal static class MountFix
{
    private const int CapSysAdmin = 21;

    /// <summary>The plan.</summary>
    /// <param name="context">The host.</param>
    /// <param name="type">Its type, which is its source too.</param>
    /// <param name="place">The directory that the kernel has made for it.</param>
    /// <param name="witness">What is there once it is mounted, whatever else the kernel was built with.</param>
    /// <param name="plan">Action, title and words.</param>
    public static ActionPlan Plan(ActionContext context, string type, string place, string witness, ActionPlan plan)
    {
        var host = context.Control;
        var mounted = new CheckContext(host.Files, context.Snapshot, null).MountOf(type, out _);
        if (mounted is not null || host.Files.Exists($"{place}/{witness}"))
            return plan with { Notes = [$"{type} is mounted at {mounted ?? place}."] };
        if (host.ReadText("/proc/filesystems", out _) is { } types && !types.Split('\n', '\t', ' ').Contains(type))
            return Refused(plan, $"this kernel has no {type}: /proc/filesystems does not list it");
        if (!host.Files.Exists(place))
            return Refused(plan, $"{place} is not there: the kernel was built or started without {type}");

        var effect = new RunCommandEffect(["mount", "-t", type, type, place], ["umount", place])
        {
            Expect = new Expectation($"{place}/{witness}"),
            ExpectUndone = new Expectation($"{place}/{witness}", Exists: false),
        };
        var may = !host.Actor.IsRoot || OwnCapabilities.Has(host, CapSysAdmin);
        return plan with
        {
            Effects = [effect],
            Obstacles = may ? [] : [Obstacle.Privilege("this process may not mount (it has no CAP_SYS_ADMIN): it is in a container, or a service with fewer rights", "run it on the host itself")],
            Notes = ["It lasts until the next boot; systemd mounts it by itself (sys-kernel-debug.mount, sys-kernel-tracing.mount), else it goes into /etc/fstab."],
        };
    }

    private static ActionPlan Refused(ActionPlan plan, string reason) => plan with { Obstacles = [Obstacle.Refused(reason)] };
}
