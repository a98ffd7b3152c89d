namespace KvmTop.Linux;

/// <summary>
/// The memory of one NUMA node, from <c>/sys/devices/system/node/nodeN/{meminfo,numastat}</c>; null when the kernel has no such line. Bytes, and pages since boot.
/// </summary>
/// <param name="Total">MemTotal.</param>
/// <param name="Free">MemFree.</param>
/// <param name="Anonymous">AnonPages.</param>
/// <param name="AnonHuge">AnonHugePages.</param>
/// <param name="Files">FilePages.</param>
/// <param name="Hits">numastat numa_hit: pages given from the node that was wanted.</param>
/// <param name="Misses">numastat numa_miss: pages given from here although another node was wanted.</param>
/// <param name="Foreign">numastat numa_foreign: pages wanted from here and given from another node.</param>
public readonly record struct NodeMemory(
    ulong? Total, ulong? Free, ulong? Anonymous, ulong? AnonHuge, ulong? Files, ulong? Hits, ulong? Misses, ulong? Foreign)
{
    /// <summary>Reads the texts of both files; the second may be empty. Allocates nothing. False when the first has no MemTotal.</summary>
    public static bool TryParse(ReadOnlySpan<byte> meminfo, ReadOnlySpan<byte> numastat, out NodeMemory value)
    {
        value = default;
        var lines = new ByteLines(meminfo);
        while (lines.TryNext(out var line))
        {
            // "Node 0 MemTotal:  7563480 kB"
            var fields = new ByteFields(line);
            if (!fields.Skip(2) || !fields.TryNext(out var key) || !KilobyteFields.TryBytes(fields.Rest, out var bytes))
                continue;
            if (key.SequenceEqual("MemTotal:"u8))
                value = value with { Total = bytes };
            else if (key.SequenceEqual("MemFree:"u8))
                value = value with { Free = bytes };
            else if (key.SequenceEqual("AnonPages:"u8))
                value = value with { Anonymous = bytes };
            else if (key.SequenceEqual("AnonHugePages:"u8))
                value = value with { AnonHuge = bytes };
            else if (key.SequenceEqual("FilePages:"u8))
                value = value with { Files = bytes };
        }

        lines = new ByteLines(numastat);
        while (lines.TryNext(out var line))
        {
            var fields = new ByteFields(line);
            if (!fields.TryNext(out var key) || !fields.TryUInt64(out var pages))
                continue;
            if (key.SequenceEqual("numa_hit"u8))
                value = value with { Hits = pages };
            else if (key.SequenceEqual("numa_miss"u8))
                value = value with { Misses = pages };
            else if (key.SequenceEqual("numa_foreign"u8))
                value = value with { Foreign = pages };
        }

        return value.Total is not null;
    }

    /// <summary>
    /// The distances from a node to all nodes in the order of their numbers (<c>nodeN/distance</c>: 10 is itself, 20 costs twice as much); empty when the
    /// file holds something else.
    /// </summary>
    public static IReadOnlyList<int> Distances(ReadOnlySpan<byte> text)
    {
        var distances = new List<int>();
        var fields = new ByteFields(text);
        while (fields.TryNext(out var field))
        {
            if (!ByteFields.Parse(field, out int distance) || distance is < 0 or > 255 || distances.Count >= 1024)
                return [];
            distances.Add(distance);
        }

        return distances;
    }
}
