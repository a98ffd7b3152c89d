using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>What a plan of placement must know of the host: its CPUs, what they share, and who is pinned to them already.</summary>
/// <param name="Topology">CPUs, cores, nodes.</param>
/// <param name="Caches">CPUs by the last-level cache that they share; a CPU that is in none counts with its node.</param>
/// <param name="Owners">Whose vCPUs are pinned to a CPU, of those VMs that are not to be placed.</param>
/// <param name="Claims">How many of their vCPUs it has to bear.</param>
internal sealed record PinHost(CpuTopology Topology, IReadOnlyList<CpuSet> Caches, IReadOnlyDictionary<int, IReadOnlyList<string>> Owners, CpuClaims Claims)
{
    /// <summary>Distances from a node to others (<c>/sys/devices/system/node/nodeN/distance</c>), by the order of the nodes; empty when not known.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<int>> Distances { get; init; } = new Dictionary<int, IReadOnlyList<int>>();

    /// <summary>Reads caches and distances; owners are the VMs that stay as they are.</summary>
    /// <param name="context">The host.</param>
    /// <param name="others">VMs that are not to be placed, with their vCPUs.</param>
    public static PinHost Read(ActionContext context, IReadOnlyList<PinVm> others)
    {
        var topology = context.Topology;
        var owners = new Dictionary<int, List<string>>();
        var rows = new List<CpuMapRow>();
        foreach (var vm in others)
        {
            foreach (var vcpu in vm.Vcpus)
            {
                rows.Add(CpuMapRow.Of("", vcpu.Now, -1));
                if (!CpuMap.IsPinned(topology, vcpu.Now))
                    continue;
                foreach (var cpu in vcpu.Now)
                {
                    if (!owners.TryGetValue(cpu, out var names))
                        owners.Add(cpu, names = []);
                    if (!names.Contains(vm.Info.Name))
                        names.Add(vm.Info.Name);
                }
            }
        }

        return new PinHost(topology, ReadCaches(context), owners.ToDictionary(o => o.Key, o => (IReadOnlyList<string>)o.Value), CpuMap.ClaimsOf(topology, rows))
        {
            Distances = ReadDistances(context),
        };
    }

    private static List<CpuSet> ReadCaches(ActionContext context)
    {
        var caches = new List<CpuSet>();
        var known = new HashSet<int>();
        foreach (var cpu in context.Topology.Online)
        {
            // One file for each cache, not for each CPU.
            if (known.Contains(cpu))
                continue;
            var text = context.Control.ReadText(string.Create(CultureInfo.InvariantCulture, $"/sys/devices/system/cpu/cpu{cpu}/cache/index3/shared_cpu_list"), out _);
            if (text is null || !CpuSet.TryParse(text, out var cpus) || !cpus.Contains(cpu))
                break;
            caches.Add(cpus.Intersect(context.Topology.Online));
            known.UnionWith(cpus);
        }

        return known.IsSupersetOf(context.Topology.Online) ? caches : [.. context.Topology.Nodes.Select(n => n.Cpus.Intersect(context.Topology.Online))];
    }

    private static Dictionary<int, IReadOnlyList<int>> ReadDistances(ActionContext context)
    {
        var distances = new Dictionary<int, IReadOnlyList<int>>();
        foreach (var node in context.Topology.Nodes)
        {
            if (context.Topology.Nodes.Count == 1)
                break;
            var words = context.Control.ReadText(string.Create(CultureInfo.InvariantCulture, $"/sys/devices/system/node/node{node.Number}/distance"), out _)?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
            if (words.Length == context.Topology.Nodes.Count)
                distances[node.Number] = [.. words.Select(w => int.TryParse(w, NumberStyles.None, CultureInfo.InvariantCulture, out var d) ? d : int.MaxValue)];
        }

        return distances;
    }
}
