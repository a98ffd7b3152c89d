namespace KvmTop.Linux;

/// <summary>What there is of KVM on a host.</summary>
/// <param name="KvmPresent">The kvm module is loaded or built in.</param>
/// <param name="Vendor">The part for this CPU: "kvm_intel", "kvm_amd", "kvm_pvm", "kvm_hv"; null where KVM is in one piece (ARM, s390, RISC-V) or has none loaded.</param>
/// <param name="Nested">Whether guests may run guests; null when the kernel does not say.</param>
/// <param name="VendorBuiltIn">True when the vendor part is in the kernel image and cannot be reloaded; null without one.</param>
/// <param name="DeviceExists">/dev/kvm is there.</param>
/// <param name="Reason">Why guests cannot run, in words for the screen, or null when nothing stands against it.</param>
public sealed record KvmState(bool KvmPresent, string? Vendor, bool? Nested, bool? VendorBuiltIn, bool DeviceExists, string? Reason);

/// <summary>The KVM modules of a host, from <c>/sys/module</c>, where built-in parts appear too but without a <c>refcnt</c>.</summary>
public static class KvmModules
{
    /// <summary>Reads the state of a host.</summary>
    public static KvmState Read(HostRoot host)
    {
        var names = new List<string>();
        _ = host.List("/sys/module", names);
        var buffer = new ReadBuffer(16384, 16384);
        var present = names.Contains("kvm");
        var vendor = Vendor(host, buffer, names);
        var nested = vendor is null ? null : Flag(host, buffer, "/sys/module/" + vendor + "/parameters/nested");
        nested ??= Flag(host, buffer, "/sys/module/kvm/parameters/nested");
        bool? builtIn = vendor is null ? null : !host.Exists("/sys/module/" + vendor + "/refcnt");
        var device = host.Exists("/dev/kvm");
        var reason = device ? null
            : !present ? "no KVM: the kvm module is not loaded"
            : vendor is null ? "no /dev/kvm: kvm is loaded but no part for this CPU (kvm_intel, kvm_amd)"
            : "no /dev/kvm, though " + vendor + " is loaded";
        return new KvmState(present, vendor, nested, builtIn, device, reason);
    }

    private static string? Vendor(HostRoot host, ReadBuffer buffer, List<string> names)
    {
        var vendors = names.Where(static n => n.StartsWith("kvm_", StringComparison.Ordinal) && n.Length <= 32).Order(StringComparer.Ordinal).ToList();
        if (vendors.Count <= 1)
            return vendors.FirstOrDefault();

        // Several can be built in, of which one found its hardware. The others' CPU tells.
        var cpu = ReadHead(host, buffer, "/proc/cpuinfo");
        if (cpu.IndexOf("GenuineIntel"u8) >= 0 && vendors.Contains("kvm_intel"))
            return "kvm_intel";
        if ((cpu.IndexOf("AuthenticAMD"u8) >= 0 || cpu.IndexOf("HygonGenuine"u8) >= 0) && vendors.Contains("kvm_amd"))
            return "kvm_amd";
        return vendors[0];
    }

    private static ReadOnlySpan<byte> ReadHead(HostRoot host, ReadBuffer buffer, string path)
    {
        _ = host.Open(path, out var file);
        using (file)
            return file is null ? default : buffer.ReadRecord(file, out _);
    }

    private static bool? Flag(HostRoot host, ReadBuffer buffer, string path) => KernelText.Read(host, buffer, path, out _) switch
    {
        "Y" or "y" or "1" => true,
        "N" or "n" or "0" => false,
        _ => null,
    };
}
