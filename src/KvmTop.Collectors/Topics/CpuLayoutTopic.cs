using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>How far a NUMA node is from all nodes.</summary>
/// <param name="Node">Its number.</param>
/// <param name="Distances">To each node, in the order of their numbers: 10 is itself, 20 twice as far; empty when the kernel does not say.</param>
public sealed record NodeDistances(int Node, IReadOnlyList<int> Distances);

/// <summary>What is kept free of what, and how far memory is.</summary>
/// <param name="Isolation">Isolated, tickless and housekeeping CPUs.</param>
/// <param name="Nodes">The NUMA nodes, in the order of their numbers.</param>
public sealed record CpuLayoutModel(CpuIsolation Isolation, IReadOnlyList<NodeDistances> Nodes);

/// <summary>Which CPUs are kept free (isolcpus=, nohz_full=, cpuset partitions) and the distances between NUMA nodes: set at boot or by hand, looked at every few seconds.</summary>
public sealed class CpuLayoutTopic : Topic<CpuLayoutModel, CpuLayoutModel>
{
    private CpuLayoutTopic()
        : base("cpu_layout", "CPU isolation and NUMA distances", TimeSpan.FromSeconds(5))
    {
    }

    /// <summary>The topic.</summary>
    public static CpuLayoutTopic Instance { get; } = new();

    /// <inheritdoc/>
    public override ICollector<CpuLayoutModel> CreateCollector(CollectorContext context) => new Collector(context.Host);

    /// <inheritdoc/>
    public override CpuLayoutModel Derive(CpuLayoutModel? before, CpuLayoutModel now) => now;

    /// <inheritdoc/>
    public override IEnumerable<HostEvent> Compare(CpuLayoutModel before, CpuLayoutModel now, DateTimeOffset time)
    {
        if (!before.Isolation.AllIsolated.Equals(now.Isolation.AllIsolated))
        {
            yield return new(time, Severity.Info, Id, null, $"isolated CPUs {Words(before.Isolation.AllIsolated)} -> {Words(now.Isolation.AllIsolated)}");
        }
    }

    private static string Words(CpuSet cpus) => cpus.Count == 0 ? "none" : cpus.ToString();

    private sealed class Collector(HostRoot host) : ICollector<CpuLayoutModel>
    {
        private readonly ReadBuffer _buffer = new(4096, 65536);

        public Reading<CpuLayoutModel> Collect()
        {
            var nodes = new List<NodeDistances>();
            foreach (var node in CpuTopology.ReadNodes(host))
            {
                var path = FormattableString.Invariant($"/sys/devices/system/node/node{node.Number}/distance");
                nodes.Add(new NodeDistances(node.Number, NodeMemory.Distances(_buffer.ReadAll(host, path, out _))));
            }

            return Reading<CpuLayoutModel>.Ok(new CpuLayoutModel(CpuIsolation.Read(host), nodes));
        }

        public void Dispose()
        {
        }
    }
}
