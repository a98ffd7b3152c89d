namespace KvmTop.Simulator.Model;

/// <summary>The host's memory in kB, such that all processes fit in.</summary>
internal sealed class MemoryModel
{
    private const long GiB = 1048576;

    /// <summary>Kernel and page cache that cannot be given back.</summary>
    private const long KernelKb = 5 * GiB;

    private const long SpareHugepages = 1024;
    private const long HugepageKb = 2048;
    private readonly SimProcess[] _processes;
    private readonly int _nodes;
    private readonly long _cachedKb;

    /// <param name="processes">All processes.</param>
    /// <param name="nodes">NUMA nodes, over which memory is spread evenly.</param>
    /// <param name="totalKb">The host's memory, or 0 for what the processes need.</param>
    public MemoryModel(SimProcess[] processes, int nodes, long totalKb)
    {
        _processes = processes;
        _nodes = nodes;
        var needed = processes.Sum(p => p.Memory.PeakKb + p.Memory.HugetlbKb);
        TotalKb = totalKb > 0 ? totalKb : Math.Max(64 * GiB, (needed + needed / 4 + 16 * GiB) / GiB * GiB);
        _cachedKb = TotalKb / 12;
        SwapTotalKb = 32 * GiB;
        HugepagesUsed = new long[nodes];
        HugepagesTotal = new long[nodes];
        foreach (var process in processes)
        {
            HugepagesUsed[Math.Max(process.Node, 0) % nodes] += process.Memory.HugetlbKb / HugepageKb;
        }

        for (var node = 0; node < nodes; node++)
        {
            HugepagesTotal[node] = HugepagesUsed.Sum() > 0 ? HugepagesUsed[node] + SpareHugepages : 0;
        }
    }

    public long TotalKb { get; }

    public long SwapTotalKb { get; }

    /// <summary>2 MiB pages in the pool of each node.</summary>
    public long[] HugepagesTotal { get; }

    /// <summary>Those of them that guests use.</summary>
    public long[] HugepagesUsed { get; }

    /// <summary>Memory of one node, or of all for -1, at a moment.</summary>
    public MemoryUse Use(long now, int node)
    {
        var resident = 0L;
        var swapped = 0L;
        foreach (var process in _processes)
        {
            if (process.Life.GenerationAt(now) < 0)
            {
                continue;
            }

            var rss = process.Memory.Resident(now);
            resident += node < 0 ? rss : process.Node < 0 ? rss / _nodes : process.Node % _nodes == node ? rss : 0;
            swapped += process.Memory.Swap(now);
        }

        var parts = node < 0 ? 1 : _nodes;
        var pool = (node < 0 ? HugepagesTotal.Sum() : HugepagesTotal[node]) * HugepageKb;
        var total = TotalKb / parts;
        var cached = _cachedKb / parts;
        return new MemoryUse(total, total - KernelKb / parts - cached - pool - resident, cached, resident, pool, SwapTotalKb - swapped);
    }

    /// <summary>4 kB pages that have been swapped in and out.</summary>
    public (long In, long Out) SwappedPages(long now)
    {
        var (into, outOf) = (0L, 0L);
        foreach (var process in _processes)
        {
            if (process.Memory.Swapped is { } level)
            {
                into += (long)(level.Fallen(now) / 4);
                outOf += (long)(level.Risen(now) / 4);
            }
        }

        return (into, outOf);
    }
}

/// <summary>Memory of the host or a node at a moment, in kB.</summary>
internal readonly record struct MemoryUse(long Total, long Free, long Cached, long Resident, long HugetlbPool, long SwapFree);
