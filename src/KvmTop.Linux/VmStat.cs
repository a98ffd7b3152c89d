namespace KvmTop.Linux;

/// <summary>Events of the memory management since boot, from <c>/proc/vmstat</c>; null when the kernel has no such line.</summary>
/// <param name="SwapIn">pswpin: pages brought back from swap.</param>
/// <param name="SwapOut">pswpout: pages written to swap.</param>
/// <param name="MajorFaults">pgmajfault: page faults that had to wait for storage.</param>
/// <param name="ThpFaultAlloc">thp_fault_alloc: hugepages given at a page fault.</param>
/// <param name="ThpFaultFallback">thp_fault_fallback: page faults that wanted one and got small pages.</param>
/// <param name="ThpCollapse">thp_collapse_alloc: hugepages that khugepaged made of small pages.</param>
/// <param name="ThpSplit">thp_split_page: hugepages taken apart.</param>
/// <param name="NumaHintFaults">numa_hint_faults: faults by which automatic balancing learns who uses what.</param>
/// <param name="NumaHintFaultsLocal">numa_hint_faults_local: those of them that were local.</param>
/// <param name="NumaMigrated">numa_pages_migrated: pages that automatic balancing moved.</param>
/// <param name="CompactStall">compact_stall: allocations that waited for compaction.</param>
/// <param name="OomKill">oom_kill: processes killed for want of memory.</param>
public readonly record struct VmStat(
    ulong? SwapIn, ulong? SwapOut, ulong? MajorFaults, ulong? ThpFaultAlloc, ulong? ThpFaultFallback, ulong? ThpCollapse, ulong? ThpSplit, ulong? NumaHintFaults,
    ulong? NumaHintFaultsLocal, ulong? NumaMigrated, ulong? CompactStall, ulong? OomKill)
{
    /// <summary>Reads the text of /proc/vmstat. Allocates nothing. False when it holds none of these.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out VmStat value)
    {
        ulong? swapIn = null, swapOut = null, major = null, alloc = null, fallback = null, collapse = null, split = null;
        ulong? hints = null, hintsLocal = null, migrated = null, stall = null, oom = null;
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            // Of two hundred lines a dozen matter: most are told apart by their first letter.
            if (line.Length < 8 || (line[0] is not ((byte)'p' or (byte)'t' or (byte)'n' or (byte)'c' or (byte)'o')))
                continue;

            var blank = line.IndexOf((byte)' ');
            if (blank < 6)
                continue;

            var key = line[..blank];
            if (key.SequenceEqual("pswpin"u8))
                swapIn = Number(line, blank);
            else if (key.SequenceEqual("pswpout"u8))
                swapOut = Number(line, blank);
            else if (key.SequenceEqual("pgmajfault"u8))
                major = Number(line, blank);
            else if (key.SequenceEqual("thp_fault_alloc"u8))
                alloc = Number(line, blank);
            else if (key.SequenceEqual("thp_fault_fallback"u8))
                fallback = Number(line, blank);
            else if (key.SequenceEqual("thp_collapse_alloc"u8))
                collapse = Number(line, blank);
            else if (key.SequenceEqual("thp_split_page"u8))
                split = Number(line, blank);
            else if (key.SequenceEqual("numa_hint_faults"u8))
                hints = Number(line, blank);
            else if (key.SequenceEqual("numa_hint_faults_local"u8))
                hintsLocal = Number(line, blank);
            else if (key.SequenceEqual("numa_pages_migrated"u8))
                migrated = Number(line, blank);
            else if (key.SequenceEqual("compact_stall"u8))
                stall = Number(line, blank);
            else if (key.SequenceEqual("oom_kill"u8))
                oom = Number(line, blank);
        }

        value = new VmStat(swapIn, swapOut, major, alloc, fallback, collapse, split, hints, hintsLocal, migrated, stall, oom);
        return value != default;
    }

    private static ulong? Number(ReadOnlySpan<byte> line, int blank) => ByteFields.Parse(line[(blank + 1)..].TrimEnd(" \r"u8), out ulong n) ? n : null;
}
