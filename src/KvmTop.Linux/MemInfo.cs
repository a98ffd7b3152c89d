namespace KvmTop.Linux;

/// <summary>The host's memory as in <c>/proc/meminfo</c> (proc_meminfo(5)), in bytes; null when the kernel has no such line.</summary>
/// <param name="Total">MemTotal.</param>
/// <param name="Free">MemFree.</param>
/// <param name="Available">MemAvailable: what can be had without swapping. Unused hugepages are in none of the three.</param>
/// <param name="Buffers">Buffers.</param>
/// <param name="Cached">Cached; shared memory is in it.</param>
/// <param name="Reclaimable">SReclaimable.</param>
/// <param name="Shmem">Shmem.</param>
/// <param name="SwapTotal">SwapTotal.</param>
/// <param name="SwapFree">SwapFree.</param>
/// <param name="AnonHuge">AnonHugePages.</param>
/// <param name="Hugetlb">Hugetlb: the hugepage pools of all sizes, used or not.</param>
/// <param name="Dirty">Dirty.</param>
/// <param name="CommittedAs">Committed_AS.</param>
/// <param name="CommitLimit">CommitLimit.</param>
public readonly record struct MemInfo(
    ulong? Total, ulong? Free, ulong? Available, ulong? Buffers, ulong? Cached, ulong? Reclaimable, ulong? Shmem, ulong? SwapTotal,
    ulong? SwapFree, ulong? AnonHuge, ulong? Hugetlb, ulong? Dirty, ulong? CommittedAs, ulong? CommitLimit)
{
    /// <summary>Reads the text of /proc/meminfo. Allocates nothing. False when it has no MemTotal.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out MemInfo value)
    {
        ulong? total = null, free = null, available = null, buffers = null, cached = null, reclaimable = null, shmem = null, swapTotal = null;
        ulong? swapFree = null, anonHuge = null, hugetlb = null, dirty = null, committedAs = null, commitLimit = null;

        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            var colon = line.IndexOf((byte)':');
            if (colon < 0)
                continue;

            var fields = new ByteFields(line[(colon + 1)..]);
            if (!fields.TryUInt64(out var n) || n > ulong.MaxValue / 1024)
                continue;

            var key = line[..colon];
            var bytes = n * 1024;
            if (key.SequenceEqual("MemTotal"u8))
                total = bytes;
            else if (key.SequenceEqual("MemFree"u8))
                free = bytes;
            else if (key.SequenceEqual("MemAvailable"u8))
                available = bytes;
            else if (key.SequenceEqual("Buffers"u8))
                buffers = bytes;
            else if (key.SequenceEqual("Cached"u8))
                cached = bytes;
            else if (key.SequenceEqual("SReclaimable"u8))
                reclaimable = bytes;
            else if (key.SequenceEqual("Shmem"u8))
                shmem = bytes;
            else if (key.SequenceEqual("SwapTotal"u8))
                swapTotal = bytes;
            else if (key.SequenceEqual("SwapFree"u8))
                swapFree = bytes;
            else if (key.SequenceEqual("AnonHugePages"u8))
                anonHuge = bytes;
            else if (key.SequenceEqual("Hugetlb"u8))
                hugetlb = bytes;
            else if (key.SequenceEqual("Dirty"u8))
                dirty = bytes;
            else if (key.SequenceEqual("Committed_AS"u8))
                committedAs = bytes;
            else if (key.SequenceEqual("CommitLimit"u8))
                commitLimit = bytes;
        }

        value = new MemInfo(
            total, free, available, buffers, cached, reclaimable, shmem, swapTotal, swapFree, anonHuge, hugetlb, dirty, committedAs, commitLimit);
        return total is not null;
    }
}
