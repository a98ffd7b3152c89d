namespace KvmTop.Linux;

/// <summary>What same-page merging does for one process, from <c>/proc/PID/ksm_stat</c> (since Linux 6.1); null when the kernel has no such line.</summary>
/// <param name="MergingPages">ksm_merging_pages: pages of its that are merged.</param>
/// <param name="ZeroPages">ksm_zero_pages: pages of its that became the zero page.</param>
/// <param name="Profit">ksm_process_profit: bytes saved less what keeping the books costs; below zero when merging does not pay.</param>
public readonly record struct KsmStat(ulong? MergingPages, ulong? ZeroPages, long? Profit)
{
    /// <summary>Reads the text of the file. Allocates nothing. False when it holds none of them.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out KsmStat value)
    {
        value = default;
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            var fields = new ByteFields(line);
            if (!fields.TryNext(out var key))
                continue;
            if (key.SequenceEqual("ksm_merging_pages"u8) && fields.TryUInt64(out var merging) && merging < 1UL << 50)
                value = value with { MergingPages = merging };
            else if (key.SequenceEqual("ksm_zero_pages"u8) && fields.TryUInt64(out var zero) && zero < 1UL << 50)
                value = value with { ZeroPages = zero };
            else if (key.SequenceEqual("ksm_process_profit"u8) && fields.TryInt64(out var profit))
                value = value with { Profit = profit };
        }

        return value.MergingPages is not null || value.Profit is not null;
    }
}
