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

    /// <summary>Evidence for not having found one.</summary>
    public const string LookedFor = "/usr/bin/qemu-system-*, /usr/libexec/qemu-kvm: no such file";

    /// <summary>The first that is there, or null.</summary>
    public static string? Find(HostRoot host) => s_paths.FirstOrDefault(host.Exists);
}
