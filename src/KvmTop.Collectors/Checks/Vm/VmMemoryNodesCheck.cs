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
        var maps = new NumaMaps(context.Host.PageSize);
        var errno = context.Host.Open(path, out var file);
        using (file)
        {
            errno = file is null ? errno : maps.Read(file);
        }

        if (errno != Errno.None)
        {
            yield return Unknown("on which nodes its memory lies cannot be seen", $"{path}: {errno.Describe()}");
            yield break;
        }

        var nodes = NodeBytes.Sum(maps.Places, []);
        var allowed = context.NodesOf(vm);
        var evidence = $"{path}: " + string.Join(", ", nodes.Select(n => $"node {n.Node} {Sizes.Text(n.Bytes)}"));
        var total = nodes.Aggregate(0UL, (sum, n) => sum + n.Bytes);
        var far = nodes.Where(n => !allowed.Contains(n.Node)).Aggregate(0UL, (sum, n) => sum + n.Bytes);
        yield return allowed.Count > 0 && far > total / 10
            ? Warning($"{Sizes.Text(far)} of its memory lies on nodes where no vCPU may run", evidence, "far memory takes up to twice as long", FormattableString.Invariant($"migratepages {vm.Info.Pid} {string.Join(',', nodes.Select(n => n.Node).Except(allowed))} {allowed.First}"))
            : Ok($"its memory lies on node{(nodes.Count == 1 ? "" : "s")} {string.Join(", ", nodes.Select(n => n.Node))}", evidence);
    }
}
