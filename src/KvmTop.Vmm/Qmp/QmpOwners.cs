namespace KvmTop.Vmm;

/// <summary>
/// Programs that start QEMU and talk to its monitor themselves, known by where they put the socket. A monitor serves one client at a time: whoever else holds it makes their
/// next command wait, or fail.
/// </summary>
internal static class QmpOwners
{
    // Where, as part of the path, and what the file is called from its beginning.
    private static readonly (string Folder, string File, string Owner)[] s_known =
    [
        ("/libvirt/qemu/", "", "libvirt"),
        ("/run/qemu-server/", "", "Proxmox VE"),
        ("/run/ganeti/kvm-hypervisor/", "", "Ganeti"),
        ("/run/vc/", "", "Kata Containers"),
        ("/incus/", "qemu.monitor", "Incus"),
        ("/lxd/", "qemu.monitor", "LXD"),
        ("/.lima/", "qmp.sock", "Lima"),
        ("/.minikube/machines/", "monitor", "minikube"),
        ("/podman/", "qmp_", "Podman"),
    ];

    /// <summary>Who keeps the socket for itself, or null.</summary>
    /// <param name="path">The socket's absolute path.</param>
    public static string? Of(string path)
    {
        var file = path.AsSpan(path.LastIndexOf('/') + 1);
        foreach (var (folder, start, owner) in s_known)
        {
            if (path.Contains(folder, StringComparison.Ordinal) && file.StartsWith(start, StringComparison.Ordinal))
                return owner;
        }

        return null;
    }
}
