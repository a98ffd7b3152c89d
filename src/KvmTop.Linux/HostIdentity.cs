using System.Globalization;

namespace KvmTop.Linux;

/// <summary>What a host says of itself; null when it does not.</summary>
/// <param name="Hostname">/proc/sys/kernel/hostname.</param>
/// <param name="KernelRelease">/proc/sys/kernel/osrelease.</param>
/// <param name="CpuModel">From /proc/cpuinfo: "model name" on x86, otherwise the nearest thing.</param>
/// <param name="Hypervisor">The CPU has the "hypervisor" flag (x86): this host is a virtual machine itself.</param>
/// <param name="BootTime">btime of /proc/stat.</param>
/// <param name="Uptime">/proc/uptime.</param>
public sealed record HostIdentity(string? Hostname, string? KernelRelease, string? CpuModel, bool Hypervisor, DateTimeOffset? BootTime, TimeSpan? Uptime)
{
    private const int LongestModel = 96;

    /// <summary>Reads the identity of a host.</summary>
    public static HostIdentity Read(HostRoot host)
    {
        var buffer = new ReadBuffer();
        var name = KernelText.Read(host, buffer, "/proc/sys/kernel/hostname", out _);
        var release = KernelText.Read(host, buffer, "/proc/sys/kernel/osrelease", out _);
        _ = ProcStatTotals.TryParse(buffer.ReadAll(host, "/proc/stat", out _), out var totals);

        var uptimeFields = new ByteFields(buffer.ReadAll(host, "/proc/uptime", out _));
        TimeSpan? uptime = uptimeFields.TryDouble(out var seconds) && seconds is >= 0 and < 1e11 ? TimeSpan.FromSeconds(seconds) : null;

        ParseCpuInfo(ReadHead(host), out var model, out var hypervisor);
        return new HostIdentity(NullIfEmpty(name), NullIfEmpty(release), model, hypervisor, totals.BootTime, uptime);
    }

    /// <summary>Reads the first processor's block of /proc/cpuinfo, or as much of it as there is.</summary>
    public static void ParseCpuInfo(ReadOnlySpan<byte> text, out string? model, out bool hypervisor)
    {
        model = null;
        hypervisor = false;
        string? implementer = null, part = null, vendor = null, machine = null, architecture = null, cpu = null;
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            var colon = line.IndexOf((byte)':');
            if (colon < 0)
            {
                if (model is not null)
                    return;
                continue;
            }

            var key = line[..colon].TrimEnd(" \t"u8);
            var value = line[(colon + 1)..].Trim(" \t"u8);
            if (key.SequenceEqual("model name"u8))
                model ??= NullIfEmpty(KernelText.Clean(value, LongestModel));
            else if (key.SequenceEqual("flags"u8))
                hypervisor = value.IndexOf(" hypervisor "u8) >= 0 || value.EndsWith(" hypervisor"u8);
            else if (key.SequenceEqual("CPU implementer"u8))
                implementer ??= KernelText.Clean(value, 16);
            else if (key.SequenceEqual("CPU part"u8))
                part ??= KernelText.Clean(value, 16);
            else if (key.SequenceEqual("vendor_id"u8))
                vendor ??= KernelText.Clean(value, 32);
            else if (key.SequenceEqual("cpu"u8) || key.SequenceEqual("Model Name"u8))
                cpu ??= NullIfEmpty(KernelText.Clean(value, LongestModel));
            else if (key.SequenceEqual("uarch"u8) || key.SequenceEqual("isa"u8))
                architecture ??= NullIfEmpty(KernelText.Clean(value, LongestModel));
            else if (key.StartsWith("processor 0"u8) && value.LastIndexOf("machine ="u8) is >= 0 and var at)
                machine ??= KernelText.Clean(value[(at + "machine =".Length)..], 16);
        }

        model ??= cpu
            ?? (implementer is not null && part is not null ? string.Create(CultureInfo.InvariantCulture, $"{Implementer(implementer)} CPU part {part}") : null)
            ?? (machine is not null ? string.Create(CultureInfo.InvariantCulture, $"{vendor ?? "s390"} machine {machine}") : null)
            ?? architecture
            ?? vendor;
    }

    // Documentation/arch/arm64 has no table; these are the MIDR_EL1 implementers met on servers.
    private static string Implementer(string code) => code switch
    {
        "0x41" => "Arm",
        "0x43" => "Cavium",
        "0x46" => "Fujitsu",
        "0x48" => "HiSilicon",
        "0x4e" => "NVIDIA",
        "0x50" => "APM",
        "0x51" => "Qualcomm",
        "0x61" => "Apple",
        "0xc0" => "Ampere",
        _ => "ARM implementer " + code,
    };

    // A host with 512 CPUs prints a megabyte; the first of them says what is wanted.
    private static ReadOnlySpan<byte> ReadHead(HostRoot host)
    {
        _ = host.Open("/proc/cpuinfo", out var file);
        using (file)
            return file is null ? default : new ReadBuffer(65536).ReadRecord(file, out _);
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
