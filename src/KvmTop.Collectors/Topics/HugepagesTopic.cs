using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>The hugepage pools of a host.</summary>
/// <param name="Pools">By size, smallest first; empty when the kernel has none.</param>
/// <param name="Nodes">The part of each NUMA node.</param>
public sealed record HugepagesModel(IReadOnlyList<HugepagePool> Pools, IReadOnlyList<NodePools> Nodes)
{
    /// <summary>What a node holds of the pool of one size, or null.</summary>
    public HugepagePool? Of(int node, ulong size)
    {
        foreach (var (number, pools) in Nodes)
        {
            foreach (var pool in pools)
            {
                if (number == node && pool.SizeBytes == size)
                {
                    return pool;
                }
            }
        }

        return null;
    }
}

/// <summary>A NUMA node's part of the pools.</summary>
public sealed record NodePools(int Node, IReadOnlyList<HugepagePool> Pools);

/// <summary>Hugepage pools by size and by node: /sys/kernel/mm/hugepages and /sys/devices/system/node/nodeN/hugepages.</summary>
public sealed class HugepagesTopic : PlainTopic<HugepagesModel>
{
    private HugepagesTopic()
        : base("hugepages", "Hugepage pools", TimeSpan.Zero)
    {
    }

    /// <summary>The topic.</summary>
    public static HugepagesTopic Instance { get; } = new();

    /// <summary>The size of a page in words, "2M".</summary>
    public static string SizeName(ulong bytes) => bytes switch
    {
        >= 1UL << 30 when bytes % (1UL << 30) == 0 => (bytes >> 30).ToString(CultureInfo.InvariantCulture) + "G",
        >= 1UL << 20 when bytes % (1UL << 20) == 0 => (bytes >> 20).ToString(CultureInfo.InvariantCulture) + "M",
        _ => (bytes >> 10).ToString(CultureInfo.InvariantCulture) + "K",
    };

    /// <inheritdoc/>
    public override ICollector<HugepagesModel> CreateCollector(CollectorContext context) => new Collector(context.Host);

    /// <inheritdoc/>
    public override IEnumerable<HostEvent> Compare(HugepagesModel before, HugepagesModel now, DateTimeOffset time)
    {
        foreach (var pool in now.Pools)
        {
            var was = Find(before.Pools, pool.SizeBytes);
            if (was is null)
            {
                yield return new(time, Severity.Info, Id, null, $"hugepages of {SizeName(pool.SizeBytes)} appeared");
            }
            else if (was.Total is { } before1 && pool.Total is { } now1 && before1 != now1)
            {
                yield return new(time, Severity.Info, Id, null, string.Create(CultureInfo.InvariantCulture, $"pool of {SizeName(pool.SizeBytes)} hugepages {before1} -> {now1} pages"));
            }
        }

        foreach (var was in before.Pools)
        {
            if (Find(now.Pools, was.SizeBytes) is null)
            {
                yield return new(time, Severity.Info, Id, null, $"hugepages of {SizeName(was.SizeBytes)} vanished");
            }
        }
    }

    private static HugepagePool? Find(IReadOnlyList<HugepagePool> pools, ulong size)
    {
        foreach (var pool in pools)
        {
            if (pool.SizeBytes == size)
            {
                return pool;
            }
        }

        return null;
    }

    private sealed class Collector(HostRoot host) : ICollector<HugepagesModel>
    {
        private IReadOnlyList<NumaNode>? _nodes;
        private TimeSpan _nodesRead;

        public Reading<HugepagesModel> Collect()
        {
            var now = host.Monotonic();
            if (_nodes is null || now - _nodesRead > TimeSpan.FromSeconds(30))
            {
                (_nodes, _nodesRead) = (CpuTopology.ReadNodes(host), now);
            }

            var pools = HugepagePools.Read(host);
            if (pools.Count == 0)
            {
                return Reading<HugepagesModel>.Missing(ReadingStatus.Unsupported, "/sys/kernel/mm/hugepages: this kernel has none (CONFIG_HUGETLBFS)");
            }

            var nodes = new List<NodePools>(_nodes.Count);
            foreach (var node in _nodes)
            {
                if (HugepagePools.ReadNode(host, node.Number) is { Count: > 0 } part)
                {
                    nodes.Add(new(node.Number, part));
                }
            }

            return Reading<HugepagesModel>.Ok(new HugepagesModel(pools, nodes));
        }

        public void Dispose()
        {
        }
    }
}
