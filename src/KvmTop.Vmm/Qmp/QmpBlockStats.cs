using System.Text.Json;

namespace KvmTop.Vmm;

/// <summary>A latency histogram of QEMU's (block-latency-histogram-set): how many operations took at least <see cref="Bounds"/>[i-1] and less than <see cref="Bounds"/>[i] ns.</summary>
/// <param name="Bounds">Boundaries in nanoseconds, rising; one fewer than there are bins.</param>
/// <param name="Bins">Counts since the histogram was set.</param>
public sealed record BlockHistogram(ulong[] Bounds, ulong[] Bins);

/// <summary>The counters of one disk as QEMU keeps them (query-blockstats). Null is what this QEMU does not say.</summary>
public sealed class BlockCounters
{
    /// <summary>The drive's name; empty for one that was made with -blockdev. Cleaned.</summary>
    public string Device { get; set; } = "";

    /// <summary>The device that it hangs on: an id, or a path below /machine. Cleaned; null for none.</summary>
    public string? Qdev { get; set; }

    /// <summary>Operations that are done, by kind.</summary>
    public ulong? Reads { get; set; }
    public ulong? Writes { get; set; }
    public ulong? Flushes { get; set; }

    /// <summary>Bytes that they moved.</summary>
    public ulong? ReadBytes { get; set; }
    public ulong? WrittenBytes { get; set; }

    /// <summary>Time that they took together, in nanoseconds.</summary>
    public ulong? ReadNs { get; set; }
    public ulong? WriteNs { get; set; }
    public ulong? FlushNs { get; set; }

    /// <summary>Operations that failed.</summary>
    public ulong? FailedReads { get; set; }
    public ulong? FailedWrites { get; set; }
    public ulong? FailedFlushes { get; set; }

    /// <summary>Latencies, where somebody has asked QEMU to keep them.</summary>
    public BlockHistogram? ReadLatency { get; set; }
    public BlockHistogram? WriteLatency { get; set; }
}

/// <summary>Reads the answer to query-blockstats.</summary>
public static class QmpBlockStats
{
    private const int MostDisks = 512;
    private const int MostBins = 256;
    private const int LongestName = 128;

    /// <summary>
    /// Fills <paramref name="disks"/> with what hangs on a device or has a name; nodes of the block graph alone and firmware flash are left out. Never throws;
    /// false when it is not such an answer, and then what was read up to there stands.
    /// </summary>
    /// <param name="json">The value of "return".</param>
    /// <param name="before">The disks of the reading before, whose names are used again.</param>
    /// <param name="disks">Where they go.</param>
    public static bool TryParse(ReadOnlySpan<byte> json, IReadOnlyList<BlockCounters> before, List<BlockCounters> disks)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
                return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                var disk = Disk(ref reader, disks.Count < before.Count ? before[disks.Count] : null);
                var named = disk.Device.Length > 0 || disk.Qdev is not null;
                if (named && !IsFirmware(disk) && disks.Count < MostDisks)
                    disks.Add(disk);
            }

            return reader.TokenType == JsonTokenType.EndArray;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static bool IsFirmware(BlockCounters disk) =>
        disk.Device.StartsWith("pflash", StringComparison.Ordinal) || disk.Qdev?.Contains("system.flash", StringComparison.Ordinal) == true;

    private static BlockCounters Disk(ref Utf8JsonReader reader, BlockCounters? before)
    {
        var disk = new BlockCounters();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("device"u8))
                disk.Device = Name(ref reader, before?.Device) ?? "";
            else if (reader.ValueTextEquals("qdev"u8))
                disk.Qdev = Name(ref reader, before?.Qdev);
            else if (reader.ValueTextEquals("stats"u8))
                Counters(ref reader, disk);
            else
                Pass(ref reader);
        }

        return disk;
    }

    private static void Counters(ref Utf8JsonReader reader, BlockCounters disk)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("rd_operations"u8))
                disk.Reads = Number(ref reader);
            else if (reader.ValueTextEquals("wr_operations"u8))
                disk.Writes = Number(ref reader);
            else if (reader.ValueTextEquals("flush_operations"u8))
                disk.Flushes = Number(ref reader);
            else if (reader.ValueTextEquals("rd_bytes"u8))
                disk.ReadBytes = Number(ref reader);
            else if (reader.ValueTextEquals("wr_bytes"u8))
                disk.WrittenBytes = Number(ref reader);
            else if (reader.ValueTextEquals("rd_total_time_ns"u8))
                disk.ReadNs = Number(ref reader);
            else if (reader.ValueTextEquals("wr_total_time_ns"u8))
                disk.WriteNs = Number(ref reader);
            else if (reader.ValueTextEquals("flush_total_time_ns"u8))
                disk.FlushNs = Number(ref reader);
            else if (reader.ValueTextEquals("failed_rd_operations"u8))
                disk.FailedReads = Number(ref reader);
            else if (reader.ValueTextEquals("failed_wr_operations"u8))
                disk.FailedWrites = Number(ref reader);
            else if (reader.ValueTextEquals("failed_flush_operations"u8))
                disk.FailedFlushes = Number(ref reader);
            else if (reader.ValueTextEquals("rd_latency_histogram"u8))
                disk.ReadLatency = Histogram(ref reader);
            else if (reader.ValueTextEquals("wr_latency_histogram"u8))
                disk.WriteLatency = Histogram(ref reader);
            else
                Pass(ref reader);
        }
    }

    private static BlockHistogram? Histogram(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        ulong[]? bounds = null, bins = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("boundaries"u8))
                bounds = Numbers(ref reader);
            else if (reader.ValueTextEquals("bins"u8))
                bins = Numbers(ref reader);
            else
                Pass(ref reader);
        }

        return bounds is not null && bins is not null && bins.Length == bounds.Length + 1 ? new BlockHistogram(bounds, bins) : null;
    }

    private static ulong[]? Numbers(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return null;
        }

        var numbers = new List<ulong>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out var number) && numbers.Count < MostBins)
                numbers.Add(number);
            else
                reader.Skip();
        }

        return [.. numbers];
    }

    private static ulong? Number(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out var number))
            return number;
        reader.Skip();
        return null;
    }

    private static string? Name(ref Utf8JsonReader reader, string? before)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return null;
        }

        // The same as last time in nearly every case.
        return before is not null && reader.ValueTextEquals(before) ? before : HostileText.Clean(reader.ValueSpan, LongestName);
    }

    private static void Pass(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }
}
