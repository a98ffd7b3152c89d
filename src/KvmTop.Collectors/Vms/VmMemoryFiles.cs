using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>
/// Reads the expensive files of one VM: smaps_rollup, numa_maps, ksm_stat, and where its vCPUs run. Each read can block on the process's memory lock for
/// as long as that is held. Used by one thread at a time, and by none of those that tick.
/// </summary>
internal sealed class VmMemoryFiles(HostRoot host)
{
    private static readonly TimeSpan s_nodesPace = TimeSpan.FromSeconds(60);

    private readonly ReadBuffer _buffer = new(4096, 1 << 20);
    private readonly NumaMaps _numa = new();
    private readonly Dictionary<int, int> _nodeOfCpu = [];
    private IReadOnlyList<NumaNode> _nodes = [];
    private TimeSpan _nodesRead;

    /// <summary>Reads one VM; null when it has ended.</summary>
    /// <param name="vm">Which.</param>
    /// <param name="before">Its reading before, whose places of vCPUs are averaged in.</param>
    public VmMemory? Read(VmInfo vm, VmMemory? before)
    {
        RefreshNodes();
        var folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{vm.Pid}/");
        SmapsRollup? rollup = SmapsRollup.TryParse(_buffer.ReadAll(host, folder + "smaps_rollup", out var errno), out var r) ? r : null;
        var rollupReason = rollup is null ? Reason("/proc/PID/smaps_rollup", "Linux 4.14", errno) : null;
        KsmStat? ksm = KsmStat.TryParse(_buffer.ReadAll(host, folder + "ksm_stat", out _), out var k) ? k : null;

        // With one node there is nothing to place, and without hugetlb pages nothing to tell apart: half of the cost saved.
        NumaPlacement[]? places = null;
        string? placesReason = null;
        if (_nodes.Count == 1 && rollup is { Rss: { } rss, Hugetlb: 0 or null })
        {
            places = [new NumaPlacement(_nodes[0].Number, (ulong)(host.PageSize ?? SystemInfo.PageSize), false, rss)];
        }
        else
        {
            places = ReadPlaces(folder, out placesReason);
        }

        var vcpus = VcpuNodes(vm, folder, before);

        // The pid may be another's by now.
        if (!ProcPidStat.TryParse(_buffer.ReadAll(host, folder + "stat", out _), out var stat) || stat.StartTimeTicks != vm.Key.StartTimeTicks)
        {
            return null;
        }

        return new VmMemory(rollup, rollupReason, places, placesReason, ksm, _nodes, vcpus) { PageBytes = host.PageSize };
    }

    private static string Reason(string file, string needs, Errno errno) => errno switch
    {
        _ when errno.IsDenied() => $"{file} of another user's process: needs root",
        Errno.ENOENT => $"{file}: this kernel has none ({needs})",
        Errno.None => $"{file}: not in the form that is known",
        _ => $"{file}: {errno.Describe()}",
    };

    private NumaPlacement[]? ReadPlaces(string folder, out string? reason)
    {
        var errno = host.Open(folder + "numa_maps", out var file);
        if (file is not null)
        {
            using (file)
            {
                errno = _numa.Read(file);
            }
        }

        if (errno == Errno.None && _numa.HasMappings)
        {
            reason = null;
            return _numa.Places;
        }

        reason = Reason("/proc/PID/numa_maps", "CONFIG_NUMA", errno);
        return null;
    }

    /// <summary>
    /// The nodes of its vCPUs, each counting alike: the one that its affinity confines it to, else that of the CPU it ran on last, averaged with the
    /// readings before.
    /// </summary>
    private List<NodeShare> VcpuNodes(VmInfo vm, string folder, VmMemory? before)
    {
        if (_nodes.Count == 1)
        {
            return [new(_nodes[0].Number, 1)];
        }

        var vcpus = new Dictionary<int, int>();
        var (known, roaming) = (0, false);
        for (var i = 0; i < vm.VcpuThreads && i < vm.Threads.Count; i++)
        {
            var thread = string.Create(CultureInfo.InvariantCulture, $"{folder}task/{vm.Threads[i].Tid}/");
            var node = Confined(_buffer.ReadAll(host, thread + "status", out _));
            if (node is null && ProcPidStat.TryParse(_buffer.ReadAll(host, thread + "stat", out _), out var stat) && _nodeOfCpu.TryGetValue(stat.Processor, out var ranOn))
            {
                (node, roaming) = (ranOn, true);
            }

            if (node is { } n)
            {
                vcpus[n] = vcpus.GetValueOrDefault(n) + 1;
                known++;
            }
        }

        var now = new List<NodeShare>(vcpus.Count);
        foreach (var (node, count) in vcpus)
        {
            now.Add(new(node, (double)count / known));
        }

        now.Sort(static (a, b) => a.Node.CompareTo(b.Node));

        return roaming && before is { VcpuNodes.Count: > 0 } ? Average(before.VcpuNodes, now) : now;
    }

    // A node that it left long ago is no longer its.
    private static List<NodeShare> Average(IReadOnlyList<NodeShare> before, List<NodeShare> now) =>
        [.. before.Concat(now).GroupBy(n => n.Node).OrderBy(g => g.Key).Select(g => new NodeShare(g.Key, g.Sum(n => n.Share) / 2)).Where(n => n.Share > 0.005)];

    private int? Confined(ReadOnlySpan<byte> status)
    {
        if (!CpuSet.TryParse(ProcPidStatus.AllowedCpus(status), out var allowed) || allowed.Count == 0)
        {
            return null;
        }

        int? only = null;
        foreach (var node in _nodes)
        {
            if (node.Cpus.Count == 0 || !allowed.Any(node.Cpus.Contains))
            {
                continue;
            }

            if (only is not null)
            {
                return null;
            }

            only = node.Number;
        }

        return only;
    }

    private void RefreshNodes()
    {
        var now = host.Monotonic();
        if (_nodes.Count > 0 && now - _nodesRead < s_nodesPace)
        {
            return;
        }

        (_nodes, _nodesRead) = (CpuTopology.ReadNodes(host), now);
        _nodeOfCpu.Clear();
        foreach (var node in _nodes)
        {
            foreach (var cpu in node.Cpus)
            {
                _nodeOfCpu[cpu] = node.Number;
            }
        }
    }
}
