namespace KvmTop.Linux;

/// <summary>
/// The memory of a process as in <c>/proc/PID/smaps_rollup</c> (Documentation/filesystems/proc.rst; since Linux 4.14), in bytes; null when the
/// kernel has no such line. The kernel walks all of the process's page tables for it: milliseconds to seconds, behind its memory lock.
/// </summary>
/// <param name="Rss">Rss: resident, each page counted whole. Hugetlb pages are not in it.</param>
/// <param name="Pss">Pss: resident, a page shared by n processes counted as 1/n.</param>
/// <param name="AnonHuge">AnonHugePages: anonymous memory in transparent hugepages.</param>
/// <param name="ShmemPmd">ShmemPmdMapped: shared memory mapped by hugepages.</param>
/// <param name="FilePmd">FilePmdMapped: page cache mapped by hugepages.</param>
/// <param name="SharedHugetlb">Shared_Hugetlb: hugetlb pages that others map too.</param>
/// <param name="PrivateHugetlb">Private_Hugetlb: hugetlb pages of its own.</param>
/// <param name="Swap">Swap: swapped out, shared memory included.</param>
/// <param name="SwapPss">SwapPss: the same, shared swap divided.</param>
/// <param name="Locked">Locked: pinned by mlock.</param>
/// <param name="Ksm">KSM: merged with equal pages, zero pages not counted (since Linux 6.7).</param>
public readonly record struct SmapsRollup(
    ulong? Rss, ulong? Pss, ulong? AnonHuge, ulong? ShmemPmd, ulong? FilePmd, ulong? SharedHugetlb, ulong? PrivateHugetlb, ulong? Swap, ulong? SwapPss,
    ulong? Locked, ulong? Ksm)
{
    /// <summary>Reads the text of the file. Allocates nothing. False when it has no Rss.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out SmapsRollup value)
    {
        ulong? rss = null, pss = null, anon = null, shmem = null, file = null, shared = null, own = null, swap = null, swapPss = null, locked = null, ksm = null;
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            // The first line is an address range and a name in brackets.
            var colon = line.IndexOf((byte)':');
            if (colon < 3 || !KilobyteFields.TryBytes(line[(colon + 1)..], out var bytes))
                continue;

            var key = line[..colon];
            if (key.SequenceEqual("Rss"u8))
                rss = bytes;
            else if (key.SequenceEqual("Pss"u8))
                pss = bytes;
            else if (key.SequenceEqual("KSM"u8))
                ksm = bytes;
            else if (key.SequenceEqual("Swap"u8))
                swap = bytes;
            else if (key.SequenceEqual("Locked"u8))
                locked = bytes;
            else if (key.SequenceEqual("SwapPss"u8))
                swapPss = bytes;
            else if (key.SequenceEqual("AnonHugePages"u8))
                anon = bytes;
            else if (key.SequenceEqual("FilePmdMapped"u8))
                file = bytes;
            else if (key.SequenceEqual("ShmemPmdMapped"u8))
                shmem = bytes;
            else if (key.SequenceEqual("Shared_Hugetlb"u8))
                shared = bytes;
            else if (key.SequenceEqual("Private_Hugetlb"u8))
                own = bytes;
        }

        value = new SmapsRollup(rss, pss, anon, shmem, file, shared, own, swap, swapPss, locked, ksm);
        return rss is not null;
    }

    /// <summary>Hugetlb pages of all sizes; null when the kernel tells neither kind.</summary>
    public ulong? Hugetlb => SharedHugetlb is null && PrivateHugetlb is null ? null : (SharedHugetlb ?? 0) + (PrivateHugetlb ?? 0);

    /// <summary>Memory mapped by transparent hugepages of any origin; null when the kernel tells none.</summary>
    public ulong? Transparent => AnonHuge is null && ShmemPmd is null && FilePmd is null ? null : (AnonHuge ?? 0) + (ShmemPmd ?? 0) + (FilePmd ?? 0);
}
