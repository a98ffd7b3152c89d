namespace KvmTop.Vmm;

/// <summary>What architecture a QEMU emulates, by the name of its program.</summary>
public static class QemuArchitecture
{
    private const string Prefix = "qemu-system-";

    // The kernel cuts a comm at 15 characters: three are left of the architecture.
    private const int CutName = 3;

    // By host: what its KVM can run, 32-bit guests of its own kind too.
    private static readonly (string Host, string[] Guests)[] s_families =
    [
        ("x86", ["x86_64", "amd64", "i386"]), ("arm64", ["aarch64", "arm"]), ("s390x", ["s390x"]), ("ppc64", ["ppc64", "ppc64le", "ppc"]),
        ("riscv64", ["riscv64"]), ("loongarch64", ["loongarch64"]),
    ];

    /// <summary>
    /// True when its guests are of another architecture than the host, so that KVM could not run them: "qemu-system-aarch64" on x86. A program without an architecture in
    /// its name ("qemu-kvm", "kvm") is for the host's own.
    /// </summary>
    /// <param name="program">Its path or its comm; ".NAME-wrapped", versions and suffixes are seen through.</param>
    /// <param name="host">The host's, as HostArchitecture names it; null when unknown, and then nothing is foreign.</param>
    public static bool IsForeign(string program, string? host)
    {
        var name = program.AsSpan(program.LastIndexOf('/') + 1).TrimStart('.');
        if (host is null || !name.StartsWith(Prefix))
            return false;

        name = name[Prefix.Length..];
        var end = name.IndexOfAny('-', '.', ' ');
        name = end < 0 ? name : name[..end];
        foreach (var (own, guests) in s_families)
        {
            if (own != host)
                continue;

            foreach (var guest in guests)
            {
                if (name.SequenceEqual(guest) || (name.Length == CutName && guest.AsSpan().StartsWith(name)))
                    return false;
            }

            return true;
        }

        return false;
    }
}
