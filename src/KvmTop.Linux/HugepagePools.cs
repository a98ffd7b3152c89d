namespace KvmTop.Linux;

/// <summary>
/// A pool of hugepages of one size, as in <c>/sys/kernel/mm/hugepages/hugepages-*kB</c> (Documentation/admin-guide/mm/hugetlbpage.rst). Counts are
/// pages; null when the file is missing (per node, Reserved and Overcommit always are).
/// </summary>
/// <param name="SizeBytes">The size of a page.</param>
/// <param name="Total">nr_hugepages: all, surplus included.</param>
/// <param name="Free">free_hugepages: not in use; reserved ones are among them.</param>
/// <param name="Reserved">resv_hugepages: promised to a mapping, not yet touched.</param>
/// <param name="Surplus">surplus_hugepages: above the pool's fixed size.</param>
/// <param name="Overcommit">nr_overcommit_hugepages: how many surplus pages there may be.</param>
public sealed record HugepagePool(ulong SizeBytes, ulong? Total, ulong? Free, ulong? Reserved, ulong? Surplus, ulong? Overcommit);

/// <summary>The hugepage pools of a host.</summary>
public static class HugepagePools
{
    private const int MostSizes = 64;

    /// <summary>All pools, smallest pages first; empty when the kernel has none (CONFIG_HUGETLBFS).</summary>
    public static IReadOnlyList<HugepagePool> Read(HostRoot host) => Read(host, "/sys/kernel/mm/hugepages");

    /// <summary>The part of the pools that lies on one NUMA node, from <c>/sys/devices/system/node/nodeN/hugepages</c>.</summary>
    public static IReadOnlyList<HugepagePool> ReadNode(HostRoot host, int node) =>
        Read(host, FormattableString.Invariant($"/sys/devices/system/node/node{node}/hugepages"));

    private static List<HugepagePool> Read(HostRoot host, string folder)
    {
        const string prefix = "hugepages-";
        const string suffix = "kB";
        var names = new List<string>();
        var pools = new List<HugepagePool>();
        _ = host.List(folder, names);
        var buffer = new ReadBuffer(256, 4096);
        foreach (var name in names)
        {
            if (name.Length <= prefix.Length + suffix.Length
                || !name.StartsWith(prefix, StringComparison.Ordinal)
                || !name.EndsWith(suffix, StringComparison.Ordinal)
                || !uint.TryParse(name.AsSpan()[prefix.Length..^suffix.Length], out var kilobytes)
                || pools.Count >= MostSizes)
            {
                continue;
            }

            var pool = folder + "/" + name + "/";
            pools.Add(new HugepagePool(
                kilobytes * 1024UL,
                Count(pool + "nr_hugepages"),
                Count(pool + "free_hugepages"),
                Count(pool + "resv_hugepages"),
                Count(pool + "surplus_hugepages"),
                Count(pool + "nr_overcommit_hugepages")));
        }

        pools.Sort(static (a, b) => a.SizeBytes.CompareTo(b.SizeBytes));
        return pools;

        ulong? Count(string path) => KernelText.ReadNumber(host, buffer, path) is { } n and >= 0 ? (ulong)n : null;
    }
}
