using System.IO.Compression;
using System.Text;

namespace KvmTop.Linux;

/// <summary>
/// What the kernel was built with, as far as we ask: <c>/proc/config.gz</c> (CONFIG_IKCONFIG_PROC), <c>/boot/config-RELEASE</c> or
/// <c>/lib/modules/RELEASE/config</c>. Only options about virtualisation and modules are kept.
/// </summary>
public sealed class KernelConfig
{
    private const int LongestText = 4 << 20;

    private static readonly Dictionary<string, string> s_options = new(StringComparer.Ordinal)
    {
        ["kvm"] = "KVM", ["kvm_intel"] = "KVM_INTEL", ["kvm_amd"] = "KVM_AMD", ["kvm_pvm"] = "KVM_PVM", ["irqbypass"] = "IRQ_BYPASS_MANAGER",
        ["vhost"] = "VHOST", ["vhost_net"] = "VHOST_NET", ["vhost_vsock"] = "VHOST_VSOCK", ["vhost_scsi"] = "VHOST_SCSI",
        ["vfio"] = "VFIO", ["vfio_pci"] = "VFIO_PCI", ["vfio_iommu_type1"] = "VFIO_IOMMU_TYPE1", ["mdev"] = "VFIO_MDEV",
        ["tun"] = "TUN", ["macvtap"] = "MACVTAP", ["bridge"] = "BRIDGE", ["nbd"] = "BLK_DEV_NBD",
    };

    private readonly Dictionary<string, int> _values;

    private KernelConfig(string source, Dictionary<string, int> values) => (Source, _values) = (source, values);

    /// <summary>The file it was read from.</summary>
    public string Source { get; }

    /// <summary>Reads it; null when the host has none of the files.</summary>
    public static KernelConfig? Read(HostRoot host, string? release)
    {
        var buffer = new ReadBuffer(65536, LongestText);
        var packed = buffer.ReadAll(host, "/proc/config.gz", out var errno);
        if (errno == Errno.None && Unpack(packed) is { } text)
            return Parse("/proc/config.gz", text);

        if (string.IsNullOrEmpty(release) || release.Contains('/', StringComparison.Ordinal))
            return null;

        foreach (var path in (ReadOnlySpan<string>)["/boot/config-" + release, "/lib/modules/" + release + "/config"])
        {
            var plain = buffer.ReadAll(host, path, out errno);
            if (errno == Errno.None && !plain.IsEmpty)
                return Parse(path, plain);
        }

        return null;
    }

    /// <summary>Reads the text of a configuration file.</summary>
    public static KernelConfig Parse(string source, ReadOnlySpan<byte> text)
    {
        var values = new Dictionary<string, int>(StringComparer.Ordinal);
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            // "CONFIG_KVM=m", "# CONFIG_KVM_AMD is not set"
            var set = line.StartsWith("CONFIG_"u8);
            var name = set ? line[7..] : line.StartsWith("# CONFIG_"u8) ? line[9..] : default;
            var end = set ? name.IndexOf((byte)'=') : name.IndexOf((byte)' ');
            if (end <= 0 || end > 40 || (set && end + 1 >= name.Length))
                continue;

            var key = Encoding.ASCII.GetString(name[..end]);
            if (key is "MODULES" or "KVM_SMM" or "SECURITY_LOCKDOWN_LSM" or "NO_HZ_FULL" or "INTEL_IOMMU" or "AMD_IOMMU" || s_options.ContainsValue(key))
                values[key] = set ? name[end + 1] : 'n';
        }

        return new KernelConfig(source, values);
    }

    /// <summary>'y', 'm' or 'n'; null when the file does not speak of it.</summary>
    public char? this[string option] => _values.TryGetValue(option, out var value) ? (char)value : null;

    /// <summary>How a module was configured: built in, as a module, not at all; null when not known.</summary>
    public char? OfModule(string module) => s_options.TryGetValue(module, out var option) ? this[option] ?? (_values.Count > 0 ? 'n' : null) : null;

    /// <summary>The option behind a module, with CONFIG_ before it; null when we do not know it.</summary>
    public static string? OptionOf(string module) => s_options.TryGetValue(module, out var option) ? "CONFIG_" + option : null;

    private static byte[]? Unpack(ReadOnlySpan<byte> packed)
    {
        try
        {
            using var stream = new GZipStream(new MemoryStream(packed.ToArray()), CompressionMode.Decompress);
            var text = new byte[LongestText];
            var used = stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            return text[..used];
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
