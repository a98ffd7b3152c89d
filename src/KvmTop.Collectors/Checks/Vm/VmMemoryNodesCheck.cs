using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Memory on other NUMA nodes than the vCPUs. Read for one VM only: walking its page tables takes a while.</summary>
public sealed class VmMemoryNodesCheck() : VmCheck("vm-memory-nodes", "Memory across NUMA nodes")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        if (!context.IsOneVm || context.Machine?.Topology is not { Nodes.Count: > 1 } topology)
        {
            yield break;
        }

        var path = FormattableString.Invariant($"/proc/{vm.Info.Pid}/numa_maps");
        var lines = context.ReadLines(path, out var errno);
        if (errno != Errno.None)
        {
            yield return Unknown("on which nodes its memory lies cannot be seen", $"{path}: {errno.Describe()}");
            yield break;
        }

        // "7f.. default anon=512 dirty=512 N0=400 N1=112 kernelpagesize_kB=4"
        var nodes = new SortedDictionary<int, ulong>();
        foreach (var line in lines)
        {
            var page = 4UL;
            var counts = new List<(int Node, ulong Pages)>();
            foreach (var word in line.Split(' '))
            {
                var equals = word.IndexOf('=', StringComparison.Ordinal);
                if (equals <= 0 || !ulong.TryParse(word.AsSpan(equals + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var n))
                {
                    continue;
                }

                if (word.StartsWith("kernelpagesize_kB=", StringComparison.Ordinal))
                {
                    page = n;
                }
                else if (word[0] == 'N' && int.TryParse(word.AsSpan(1, equals - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var node))
                {
                    counts.Add((node, n));
                }
            }

            foreach (var (node, pages) in counts)
            {
                nodes[node] = nodes.GetValueOrDefault(node) + (pages * page * 1024);
            }
        }

        var allowed = new SortedSet<int>();
        for (var i = 0; i < vm.Info.VcpuThreads; i++)
        {
            foreach (var cpu in context.AffinityOf(vm.Info.Pid, vm.Info.Threads[i].Tid) ?? CpuSet.Empty)
            {
                allowed.UnionWith(topology.NodeOf(cpu) is { } node ? [node] : []);
            }
        }

        var evidence = $"{path}: " + string.Join(", ", nodes.Select(n => $"node {n.Key} {Sizes.Text(n.Value)}"));
        var total = nodes.Values.Aggregate(0UL, (a, b) => a + b);
        var far = nodes.Where(n => !allowed.Contains(n.Key)).Aggregate(0UL, (sum, n) => sum + n.Value);
        yield return allowed.Count > 0 && far > total / 10
            ? Warning($"{Sizes.Text(far)} of its memory lies on nodes where no vCPU may run", evidence, "far memory takes up to twice as long", FormattableString.Invariant($"migratepages {vm.Info.Pid} {string.Join(',', nodes.Keys.Except(allowed))} {allowed.Min}"))
            : Ok($"its memory lies on node{(nodes.Count == 1 ? "" : "s")} {string.Join(", ", nodes.Keys)}", evidence);
    }
}
