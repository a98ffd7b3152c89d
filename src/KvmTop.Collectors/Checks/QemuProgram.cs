using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Where distributions put the QEMU that runs guests of the host's own architecture.</summary>
internal static class QemuProgram
{
    private static readonly string[] s_paths =
    [
        "/usr/bin/qemu-system-x86_64", "/usr/local/bin/qemu-system-x86_64", "/usr/libexec/qemu-kvm", "/usr/bin/qemu-kvm", "/usr/bin/kvm",
        "/usr/bin/qemu-system-aarch64", "/usr/bin/qemu-system-s390x", "/usr/bin/qemu-system-ppc64", "/usr/bin/qemu-system-riscv64",
    ];

    // Where products bring their own along; they start it themselves, and it may not run outside of them.
    private static readonly string[] s_elsewhere =
    [
        "/run/current-system/sw/bin/qemu-system-x86_64", "/run/current-system/sw/bin/qemu-kvm", "/run/libvirt/nix-emulators/qemu-system-x86_64",
        "/snap/lxd/current/bin/qemu-system-x86_64", "/snap/multipass/current/usr/bin/qemu-system-x86_64", "/snap/incus/current/bin/qemu-system-x86_64",
        "/opt/incus/bin/qemu-system-x86_64", "/opt/kata/bin/qemu-system-x86_64", "/usr/bin/kata-runtime", "/opt/kata/bin/containerd-shim-kata-v2",
        "/var/lib/flatpak/app/org.gnome.Boxes/current/active/files/bin/qemu-system-x86_64",
    ];

    /// <summary>Evidence for not having found one.</summary>
    public const string LookedFor = "/usr/bin/qemu-system-*, /usr/libexec/qemu-kvm: no such file";

    /// <summary>The first that is there, or null.</summary>
    public static string? Find(HostRoot host) => s_paths.FirstOrDefault(host.Exists);

    /// <summary>A QEMU (or what starts one) that belongs to another product, or null.</summary>
    public static string? FindElsewhere(HostRoot host) => s_elsewhere.FirstOrDefault(host.Exists);
}
