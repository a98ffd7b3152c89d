namespace KvmTop.Vmm;

/// <summary>The virtual machine monitors whose command lines are understood.</summary>
public enum VmmKind
{
    Qemu,
    Firecracker,
    CloudHypervisor,
    Crosvm,
    Kvmtool,
    Unknown,
}

/// <summary>Tells a monitor by the name of its program.</summary>
public static class VmmDetector
{
    /// <summary>
    /// Judges a path (argv[0], the link target of /proc/PID/exe with its possible " (deleted)") or a comm, which the kernel cuts at 15
    /// characters ("qemu-system-x86"). A name proves nothing: a kvm-vm descriptor does.
    /// </summary>
    public static VmmKind FromExecutable(string pathOrComm)
    {
        var name = pathOrComm.AsSpan().Trim();
        if (name.EndsWith(" (deleted)", StringComparison.Ordinal))
            name = name[..^" (deleted)".Length];
        name = name[(name.LastIndexOf('/') + 1)..];

        // NixOS wraps programs as ".NAME-wrapped", once or several times; Ubuntu and others had "NAME.real".
        while (name.StartsWith("."))
            name = name[1..];
        while (name.EndsWith("-wrapped", StringComparison.Ordinal) || name.EndsWith("_wrapped", StringComparison.Ordinal))
            name = name[..^"-wrapped".Length];
        if (name.EndsWith(".real", StringComparison.Ordinal))
            name = name[..^".real".Length];

        if (name.StartsWith("qemu-system-") || name is "qemu-kvm" or "kvm" or "kvm-spice" or "qemu-kvm-spice" or "qemu-dm" || IsVersionOf(name, "qemu-kvm-") || IsVersionOf(name, "kvm-"))
            return VmmKind.Qemu;
        // Not the daemon that starts them for containers.
        if (name.StartsWith("firecracker") && !name.Contains("containerd", StringComparison.Ordinal))
            return VmmKind.Firecracker;
        if (name.StartsWith("cloud-hyperviso"))
            return VmmKind.CloudHypervisor;
        if (name is "crosvm" || name.StartsWith("crosvm-"))
            return VmmKind.Crosvm;
        return name is "lkvm" or "lkvm-static" or "kvmtool" ? VmmKind.Kvmtool : VmmKind.Unknown;
    }

    // "qemu-kvm-9.1", not "qemu-kvm-tools".
    private static bool IsVersionOf(ReadOnlySpan<char> name, string prefix) => name.Length > prefix.Length && name.StartsWith(prefix) && char.IsAsciiDigit(name[prefix.Length]);
}
