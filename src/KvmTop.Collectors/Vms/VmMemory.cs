using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>The share of a VM's vCPUs that a NUMA node runs, 0 to 1.</summary>
public sealed record NodeShare(int Node, double Share);

/// <summary>Memory in hugetlb pages of one size.</summary>
public sealed record HugetlbBytes(ulong PageBytes, ulong Bytes);

/// <summary>What a VM's memory is made of and where it lies, as of one reading of its expensive files. NaN and null are not known.</summary>
public sealed class VmMemory
{
    /// <param name="rollup">/proc/PID/smaps_rollup, or null.</param>
    /// <param name="rollupReason">Why it is null.</param>
    /// <param name="places">The sums of /proc/PID/numa_maps, or null.</param>
    /// <param name="placesReason">Why they are null.</param>
    /// <param name="ksm">/proc/PID/ksm_stat, or null.</param>
    /// <param name="hostNodes">The nodes of the host, each of which gets a figure.</param>
    /// <param name="vcpuNodes">The share of the vCPUs that each node runs, adding up to 1; empty when not known.</param>
    public VmMemory(
        SmapsRollup? rollup,
        string? rollupReason,
        NumaPlacement[]? places,
        string? placesReason,
        KsmStat? ksm,
        IReadOnlyList<NumaNode> hostNodes,
        IReadOnlyList<NodeShare> vcpuNodes)
    {
        (Rollup, RollupReason, PlacesReason, Ksm, VcpuNodes) = (rollup, rollupReason, placesReason, ksm, vcpuNodes);
        Nodes = places is null ? null : NodeBytes.Sum(places, hostNodes);
        HugetlbSizes = places is null ? null : SumSizes(places);
        LocalPct = Local(Nodes, vcpuNodes);
    }

    /// <summary>The size of the pages that the kernel counts; null when not known.</summary>
    public int? PageBytes { get; init; }

    /// <summary>What smaps_rollup says.</summary>
    public SmapsRollup? Rollup { get; }

    /// <summary>Why there is no <see cref="Rollup"/>.</summary>
    public string? RollupReason { get; }

    /// <summary>Why there is no <see cref="Nodes"/>.</summary>
    public string? PlacesReason { get; }

    /// <summary>What same-page merging does for it.</summary>
    public KsmStat? Ksm { get; }

    /// <summary>Bytes on each node of the host, by node.</summary>
    public IReadOnlyList<NodeBytes>? Nodes { get; }

    /// <summary>Bytes in hugetlb pages of each size, smallest first; null when numa_maps was not read.</summary>
    public IReadOnlyList<HugetlbBytes>? HugetlbSizes { get; }

    /// <summary>The share of its vCPUs on each node.</summary>
    public IReadOnlyList<NodeShare> VcpuNodes { get; }

    /// <summary>
    /// How much of its memory can be local: for each node the lesser of its share of the memory and its share of the vCPUs, summed, in percent.
    /// </summary>
    public double LocalPct { get; }

    /// <summary>Memory in hugepages of either kind, in percent of what is resident; NaN when nothing is.</summary>
    public double HugePct
    {
        get
        {
            if (Rollup is not { Rss: { } rss, Hugetlb: var hugetlb } rollup || (hugetlb is null && rollup.Transparent is null))
            {
                return double.NaN;
            }

            var all = (double)rss + (hugetlb ?? 0);
            return all > 0 ? Math.Min(100, ((hugetlb ?? 0) + (double)(rollup.Transparent ?? 0)) * 100 / all) : double.NaN;
        }
    }

    private static List<HugetlbBytes> SumSizes(NumaPlacement[] places)
    {
        var sizes = new List<HugetlbBytes>();
        foreach (var place in places)
        {
            if (!place.Hugetlb)
            {
                continue;
            }

            var at = sizes.FindIndex(s => s.PageBytes == place.PageBytes);
            if (at < 0)
            {
                sizes.Add(new(place.PageBytes, place.Bytes));
            }
            else
            {
                sizes[at] = new(place.PageBytes, sizes[at].Bytes + place.Bytes);
            }
        }

        sizes.Sort(static (a, b) => a.PageBytes.CompareTo(b.PageBytes));
        return sizes;
    }

    private static double Local(IReadOnlyList<NodeBytes>? memory, IReadOnlyList<NodeShare> vcpus)
    {
        if (memory is null || vcpus.Count == 0)
        {
            return double.NaN;
        }

        double all = 0, local = 0;
        foreach (var (_, bytes) in memory)
        {
            all += bytes;
        }

        foreach (var (node, bytes) in memory)
        {
            foreach (var (where, share) in vcpus)
            {
                local += where == node ? Math.Min(bytes / all, share) : 0;
            }
        }

        return all > 0 ? Math.Min(100, local * 100) : double.NaN;
    }
}
