using System.Text;

namespace KvmTop.Linux;

/// <summary>Kinds of CPUs that KVM is for.</summary>
public enum CpuArchitecture
{
    Unknown,
    X86,
    Arm,
    S390,
    Ppc,
    Riscv,
    Loongarch,
}

/// <summary>What the first CPU of <c>/proc/cpuinfo</c> can do: its "flags" (x86), "Features" (ARM), "features" (s390), "isa" (RISC-V), "platform" (POWER) and "vmx flags" lines.</summary>
public sealed class CpuFlags
{
    private readonly HashSet<string> _flags = new(StringComparer.Ordinal);
    private readonly HashSet<string> _vmx = new(StringComparer.Ordinal);

    /// <summary>"GenuineIntel", "AuthenticAMD", "HygonGenuine", ..; null on other architectures.</summary>
    public string? Vendor { get; private set; }

    /// <summary>What kind of CPU it is.</summary>
    public CpuArchitecture Architecture { get; private init; }

    /// <summary>True for a CPU whose flags are those of x86.</summary>
    public bool IsX86 => Architecture == CpuArchitecture.X86;

    /// <summary>On POWER "PowerNV" (the machine itself) or "pSeries" (a partition or a guest); null elsewhere.</summary>
    public string? Platform { get; private set; }

    /// <summary>True when there are flags at all.</summary>
    public bool IsKnown => _flags.Count > 0;

    /// <summary>True when the "vmx flags" line is there (Linux 5.9 and later, on Intel).</summary>
    public bool HasVmxLine => _vmx.Count > 0;

    /// <summary>This machine is itself a guest.</summary>
    public bool IsGuest => Has("hypervisor");

    /// <summary>Reads those of a host. A host with 512 CPUs prints a megabyte; the first of them says what is wanted.</summary>
    public static CpuFlags Read(HostRoot host)
    {
        _ = host.Open("/proc/cpuinfo", out var file);
        using (file)
            return Parse(file is null ? default : new ReadBuffer(65536).ReadRecord(file, out _));
    }

    /// <summary>Reads the first block of the text.</summary>
    public static CpuFlags Parse(ReadOnlySpan<byte> text)
    {
        var cpu = new CpuFlags
        {
            Architecture = HostArchitecture.Of(text) switch
            {
                "x86" => CpuArchitecture.X86,
                "arm64" => CpuArchitecture.Arm,
                "s390x" => CpuArchitecture.S390,
                "ppc64" => CpuArchitecture.Ppc,
                "riscv64" => CpuArchitecture.Riscv,
                "loongarch64" => CpuArchitecture.Loongarch,
                _ => CpuArchitecture.Unknown,
            },
        };
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            var colon = line.IndexOf((byte)':');
            if (colon < 0)
            {
                if (cpu.IsKnown)
                    break;
                continue;
            }

            var key = line[..colon].TrimEnd(" \t"u8);
            var value = line[(colon + 1)..];
            if (key.SequenceEqual("flags"u8) || key.SequenceEqual("Features"u8) || key.SequenceEqual("features"u8))
            {
                Add(cpu._flags, value);
            }
            else if (key.SequenceEqual("vmx flags"u8))
            {
                Add(cpu._vmx, value);
            }
            else if (key.SequenceEqual("isa"u8))
            {
                // "rv64imafdch_zicsr_..": one letter each, up to the first underscore.
                var letters = value.TrimStart(" \t"u8);
                var end = letters.IndexOf((byte)'_');
                foreach (var c in letters.StartsWith("rv"u8) && letters.Length > 4 ? letters[4..(end < 4 ? letters.Length : end)] : default)
                    cpu._flags.Add(((char)c).ToString());
            }
            else if (key.SequenceEqual("platform"u8))
            {
                cpu.Platform = KernelText.Clean(value, 32);
            }
            else if (key.SequenceEqual("vendor_id"u8))
            {
                cpu.Vendor ??= KernelText.Clean(value, 32);
            }
        }

        return cpu;
    }

    /// <summary>True when the flag is there.</summary>
    public bool Has(string flag) => _flags.Contains(flag);

    /// <summary>True when the "vmx flags" line has it.</summary>
    public bool HasVmx(string flag) => _vmx.Contains(flag);

    private static void Add(HashSet<string> set, ReadOnlySpan<byte> text)
    {
        var fields = new ByteFields(text);
        while (set.Count < 2048 && fields.TryNext(out var flag))
        {
            if (flag.Length <= 64)
                set.Add(Encoding.UTF8.GetString(flag));
        }
    }
}
