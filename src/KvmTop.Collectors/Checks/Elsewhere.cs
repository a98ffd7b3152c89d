using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Which VMs are run by software that does not stand in the host's own file system: in pods and containers (KubeVirt, Kolla), snaps, or a user's session.</summary>
internal static class Elsewhere
{
    // Words in the paths of cgroups. libvirt gives a QEMU a mount namespace of its own on any host: that alone tells nothing.
    private static readonly string[] s_containers = ["/kubepods", "kubepods.slice", "/docker", "docker-", "/libpod", "libpod-", "cri-containerd", "crio-", "/lxc.payload", "/lxc/", "/system.slice/snap.", "nspawn"];

    /// <summary>True for a VM whose process is in a container.</summary>
    public static bool IsInContainer(CheckContext context, VmInfo vm)
    {
        Span<byte> its = stackalloc byte[64], ours = stackalloc byte[64];
        if (context.Host.ReadLink(FormattableString.Invariant($"/proc/{vm.Pid}/ns/pid"), its, out var length) == Errno.None
            && context.Host.ReadLink("/proc/self/ns/pid", ours, out var own) == Errno.None && !its[..length].SequenceEqual(ours[..own]))
        {
            return true;
        }

        foreach (var line in context.ReadLines(FormattableString.Invariant($"/proc/{vm.Pid}/cgroup"), out _))
        {
            if (s_containers.Any(c => line.Contains(c, StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True for a VM whose libvirt is not the host's: it lives in a container, or its program is not in the host's file system, where another QEMU is.</summary>
    public static bool HasLibvirtOfItsOwn(CheckContext context, VmInfo vm) =>
        IsInContainer(context, vm) || ((context.Host.IsLive || QemuProgram.Find(context.Host) is not null) && vm.Program.StartsWith('/') && !vm.Program.EndsWith(" (deleted)", StringComparison.Ordinal) && !context.Host.Exists(vm.Program));

    /// <summary>True for a VM of a user's own libvirt (qemu:///session), which starts by itself when it is asked for.</summary>
    public static bool IsOfSession(VmInfo vm)
    {
        foreach (var argument in vm.Arguments)
        {
            if (argument.Contains("/run/user/", StringComparison.Ordinal) || argument.Contains("/.config/libvirt/qemu/", StringComparison.Ordinal)
                || argument.Contains("/.cache/libvirt/qemu/", StringComparison.Ordinal) || argument.Contains("/.local/share/libvirt/qemu/", StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
