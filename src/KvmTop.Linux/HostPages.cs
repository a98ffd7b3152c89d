using System.Buffers.Binary;

namespace KvmTop.Linux;

/// <summary>
/// How large the pages are in which a host's kernel counts: 4 KiB on most, 16 or 64 KiB on many arm64 and ppc64. A captured host may be another machine's, and its files tell:
/// the vector that the kernel hands to programs, mappings, or the same memory in pages and in kilobytes.
/// </summary>
public static class HostPages
{
    private const int MostProcesses = 64;
    private const ulong AuxPageSize = 6;
    private static readonly int[] s_sizes = [4096, 16384, 65536];

    /// <summary>In bytes; null where the architecture has several, and nothing tells which.</summary>
    public static int? Read(HostRoot host)
    {
        if (host.IsLive)
            return SystemInfo.PageSize;

        var buffer = new ReadBuffer(16384, 1 << 20);
        var free = NumberAfter(buffer.ReadAll(host, "/proc/vmstat", out _), "nr_free_pages "u8);
        if (Nearest(NumberAfter(buffer.ReadAll(host, "/proc/meminfo", out _), "MemFree:"u8) * 1024, free) is { } size)
            return size;

        var processes = new List<NumberedEntry>();
        _ = host.ListNumbers("/proc", processes);
        for (var i = 0; i < Math.Min(processes.Count, MostProcesses); i++)
        {
            if (OfProcess(host, buffer, FormattableString.Invariant($"/proc/{processes[i].Number}/")) is { } its)
                return its;
        }

        return HostArchitecture.Read(host) switch
        {
            "x86" or "s390x" or "riscv64" => 4096,
            // A tree of a few files: as on this machine.
            null => SystemInfo.PageSize,
            _ => null,
        };
    }

    private static int? OfProcess(HostRoot host, ReadBuffer buffer, string folder)
    {
        var vector = buffer.ReadAll(host, folder + "auxv", out _);
        for (var at = 0; at + 16 <= vector.Length; at += 16)
        {
            if (BinaryPrimitives.ReadUInt64LittleEndian(vector[at..]) == AuxPageSize)
                return (int)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(vector[(at + 8)..]), 1 << 20);
        }

        // Hugetlb mappings have larger ones: a size that a kernel can have counts alone.
        if (NumberAfter(buffer.ReadRecord(host, folder + "smaps", out _), "KernelPageSize:"u8) * 1024 is { } mapped && Array.IndexOf(s_sizes, (int)Math.Min(mapped, int.MaxValue)) >= 0)
            return (int)mapped;

        return NumberAfter(buffer.ReadAll(host, folder + "status", out _), "VmRSS:"u8) * 1024 is { } resident
            && ProcPidStat.TryParse(buffer.ReadAll(host, folder + "stat", out _), out var stat) ? Nearest(resident, stat.RssPages) : null;
    }

    // The two were not read at the same moment.
    private static int? Nearest(ulong? bytes, ulong? pages)
    {
        foreach (var size in s_sizes)
        {
            if (bytes is { } b && pages is > 0 and var p && (double)b / p / size is > 0.8 and < 1.25)
                return size;
        }

        return null;
    }

    private static ulong? NumberAfter(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key)
    {
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            if (line.StartsWith(key) && new ByteFields(line[key.Length..]) is var fields && fields.TryUInt64(out var n) && n <= ulong.MaxValue / 1024)
                return n;
        }

        return null;
    }
}
