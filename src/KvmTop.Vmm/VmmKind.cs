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

        // NixOS wraps programs as ".NAME-wrapped".
        if (name.StartsWith("."))
            name = name[1..];

        if (name.StartsWith("qemu-system-") || name is "qemu-kvm" or "kvm" or "qemu-kvm-wrapped" or "qemu-dm")
            return VmmKind.Qemu;
        if (name.StartsWith("firecracker"))
            return VmmKind.Firecracker;
        if (name.StartsWith("cloud-hyperviso"))
            return VmmKind.CloudHypervisor;
        if (name is "crosvm" || name.StartsWith("crosvm-"))
            return VmmKind.Crosvm;
        return name is "lkvm" or "lkvm-static" or "kvmtool" ? VmmKind.Kvmtool : VmmKind.Unknown;
    }
}
