namespace KvmTop.Linux;

/// <summary>The architecture of a host, told by the lines of its <c>/proc/cpuinfo</c>: a captured host may be another machine's.</summary>
public static class HostArchitecture
{
    /// <summary>"x86", "arm64", "s390x", "ppc64", "riscv64", "loongarch64"; null for others.</summary>
    public static string? Read(HostRoot host) => Of(new ReadBuffer(16384, 65536).ReadRecord(host, "/proc/cpuinfo", out _));

    /// <summary>Judges the text of a cpuinfo file, or its beginning.</summary>
    public static string? Of(ReadOnlySpan<byte> text)
    {
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            var colon = line.IndexOf((byte)':');
            if (colon < 0)
                continue;

            var key = line[..colon].TrimEnd(" \t"u8);
            var value = line[(colon + 1)..].Trim(" \t"u8);
            if (key.SequenceEqual("flags"u8))
                return "x86";
            if (key.SequenceEqual("Features"u8) || key.SequenceEqual("CPU implementer"u8))
                return "arm64";
            if (key.SequenceEqual("vendor_id"u8) && value.SequenceEqual("IBM/S390"u8))
                return "s390x";
            if (key.SequenceEqual("cpu"u8) && (value.StartsWith("POWER"u8) || value.StartsWith("PPC"u8)))
                return "ppc64";
            if (key.SequenceEqual("isa"u8) && value.StartsWith("rv64"u8))
                return "riscv64";
            if (key.SequenceEqual("CPU Family"u8) && value.StartsWith("Loongson"u8))
                return "loongarch64";
        }

        return null;
    }
}
