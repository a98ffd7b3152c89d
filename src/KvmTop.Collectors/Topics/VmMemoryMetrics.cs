using System.Globalization;
using System.Text;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>The figures of a VM that <see cref="VmMemoryTopic"/> delivers, and what was asked for on its command line.</summary>
public static class VmMemoryMetrics
{
    /// <summary>Memory for which nothing was asked.</summary>
    public const string Anonymous = "anonymous";

    private const string Rollup = "/proc/PID/smaps_rollup";
    private const string NumaFile = "/proc/PID/numa_maps";
    private const string Staggered = " VMs are read one after the other, each every 30 s or more: AGE says how old the figure is.";

    private static readonly Topic[] s_memory = [VmMemoryTopic.Instance];

    /// <summary>Per VM.</summary>
    public static IReadOnlyList<Metric<VmRow>> PerVm { get; } =
    [
        Make("hugepages_pct", "HUGE%", Unit.Percent, 5, Rollup,
            "Memory in hugepages, hugetlb and transparent together, in percent of what is resident (RSS and hugetlb). What KVM maps with them is another matter." + Staggered,
            m => Figure.Of(m.HugePct, m.RollupReason ?? "nothing is resident")),
        Bytes("hugepages_bytes", "HUGE", 6, "Memory in hugepages of either kind: hugetlb (HUGETB) and transparent (THP).",
            m => m.Rollup is { } r && (r.Hugetlb is not null || r.Transparent is not null) ? (r.Hugetlb ?? 0) + (r.Transparent ?? 0) : null),
        Bytes("pss_bytes", "PSS", 6, "Resident memory, what is shared with n processes counted as 1/n. Hugetlb pages are not in it.", m => m.Rollup?.Pss),
        Bytes("thp_bytes", "THP", 6, "Memory in transparent hugepages: anonymous, shared and of files.", m => m.Rollup?.Transparent),
        Bytes("locked_bytes", "LOCK", 6, "Memory locked into RAM.", m => m.Rollup?.Locked),
        Make("ksm_bytes", "KSM", Unit.Bytes, 6, Rollup + " KSM, else /proc/PID/ksm_stat", "Memory that is merged with equal pages, of it or of others." + Staggered,
            m => Figure.Of(m.Rollup?.Ksm ?? m.Ksm?.MergingPages * (ulong?)m.PageBytes, m.RollupReason ?? "this kernel does not tell")),
        new()
        {
            Id = "numa_local_pct", Title = "LOCAL%", Unit = Unit.Percent, Width = 6, Needs = s_memory, Thresholds = new(50, 20) { LowIsBad = true },
            Source = NumaFile + ", /proc/PID/task/TID/{status,stat}",
            Help = "How much of its memory can be local to its vCPUs: for each NUMA node the lesser of the node's share of its memory and the node's share of its vCPUs, summed. 100: memory and vCPUs lie alike; 0: all of it is remote. A vCPU counts for the node that its affinity confines it to, else for that of the CPU it ran on last, averaged over readings." + Staggered,
            Get = r => Get(r, m => Figure.Of(m.LocalPct, m.PlacesReason ?? (m.VcpuNodes.Count == 0 ? "where its vCPUs run is not known" : "nothing is resident"))),
        },
        new()
        {
            Id = "numa_split", Title = "NODES", Unit = Unit.Text, Width = 11, Needs = s_memory, ScreenOnly = true, Source = NumaFile,
            Help = "Where its memory lies: percent on each NUMA node, from node 0 on; with more than four nodes those that hold most, as node:percent." + Staggered,
            Get = r => Get(r, m => Figure.Of(Split(m), m.PlacesReason ?? "nothing is resident")),
        },
        new()
        {
            Id = "hugepages_by_size", Title = "HUGETLB", Unit = Unit.Text, Width = 10, Needs = s_memory, ScreenOnly = true, Source = NumaFile,
            Help = "Hugetlb pages by size: number x size." + Staggered,
            Get = r => Get(r, m => Figure.Of(Sizes(m), m.HugetlbSizes is null ? m.PlacesReason : "none")),
        },
        new()
        {
            Id = "mem_backing", Title = "BACKING", Unit = Unit.Text, Width = 26, Needs = [VmsTopic.Instance], ScreenOnly = true, Source = "command line",
            Help = "The memory that was asked for: anonymous, file, memfd; hugepages of which size; prealloc, shared, locked; and the nodes that it is bound to.",
            Get = r => r.Vm.Info.Arguments.Count == 0 ? Figure.Missing("the command line could not be read") : Figure.Of(Backing(r.Vm.Info.Description)),
        },
        new()
        {
            Id = "mem_age_s", Title = "AGE", Unit = Unit.Seconds, Width = 5, Needs = s_memory, Source = "this program",
            Help = "How old the figures of its memory are: reading them is dear, so VMs are read one after the other, each every 30 s, or less often where that would cost more than 2 % of a CPU. RSS is of every tick, SWAP and HUGETB are read every 5 s.",
            Get = Age,
        },
    ];

    /// <summary>Figures per VM under names: JSON objects.</summary>
    public static IReadOnlyList<MapMetric<VmRow>> Maps { get; } =
    [
        new()
        {
            Id = "numa_bytes", Unit = Unit.Bytes, Needs = s_memory, Source = NumaFile, Help = "Memory on each NUMA node, by the node's number.",
            Get = r => Of(r)?.Nodes is { } nodes
                ? ByNode(nodes)
                : null,
        },
    ];

    /// <summary>The memory of a row's VM, or null.</summary>
    public static VmMemory? Of(VmRow row) => row.Snapshot.Get(VmMemoryTopic.Instance).Value?.Find(row.Vm.Info.Key, out _);

    /// <summary>What was asked for, in words: "anonymous", "memfd 2M prealloc", "file /dev/hugepages prealloc bind 0".</summary>
    public static string Backing(VmDescription vm)
    {
        var text = new StringBuilder();
        foreach (var backing in vm.Backings)
        {
            var one = Describe(backing);
            // A guest with several nodes has one backend for each, usually alike.
            if (!text.ToString().Contains(one, StringComparison.Ordinal))
            {
                text.Append(text.Length > 0 ? " + " : "").Append(one);
            }
        }

        if (text.Length == 0)
        {
            text.Append(Anonymous);
        }

        if (vm.MemoryPrealloc && !vm.Backings.Any(b => b.Prealloc))
        {
            text.Append(" prealloc");
        }

        return text.Append(vm.MemoryLocked ? " locked" : "").ToString();
    }

    private static string Describe(MemoryBacking backing)
    {
        var text = new StringBuilder(backing.Kind == "ram" ? Anonymous : HostileText.Clean(backing.Kind, 8));
        if (backing.Path is { } path)
        {
            text.Append(' ').Append(HostileText.Clean(path, 64));
        }

        if (backing.Hugetlb)
        {
            text.Append(" hugepages").Append(backing.HugetlbBytes is { } size ? " " + HugepagesTopic.SizeName(size) : "");
        }

        text.Append(backing.Prealloc ? " prealloc" : "").Append(backing.Share && backing.Kind != "memfd" ? " shared" : "");
        if (backing.HostNodes is { } nodes)
        {
            text.Append(' ').Append(HostileText.Clean(backing.Policy ?? "on", 12)).Append(' ').Append(HostileText.Clean(nodes, 32));
        }

        return text.ToString();
    }

    private static KeyValuePair<string, double>[] ByNode(IReadOnlyList<NodeBytes> nodes)
    {
        var all = new KeyValuePair<string, double>[nodes.Count];
        for (var i = 0; i < all.Length; i++)
        {
            all[i] = new(nodes[i].Node.ToString(CultureInfo.InvariantCulture), nodes[i].Bytes);
        }

        return all;
    }

    private static string? Split(VmMemory memory)
    {
        if (memory.Nodes is not { Count: > 0 } nodes)
        {
            return null;
        }

        var all = nodes.Sum(n => (double)n.Bytes);
        if (all <= 0)
        {
            return null;
        }

        string Percent(ulong bytes) => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(bytes * 100 / all):0}");
        return nodes[^1].Node < 4
            ? string.Join('/', Enumerable.Range(0, nodes[^1].Node + 1).Select(n => Percent(nodes.FirstOrDefault(x => x.Node == n)?.Bytes ?? 0)))
            : string.Join(' ', nodes.OrderByDescending(n => n.Bytes).Take(3).Select(n => string.Create(CultureInfo.InvariantCulture, $"{n.Node}:{Percent(n.Bytes)}")));
    }

    private static string? Sizes(VmMemory memory) => memory.HugetlbSizes is { Count: > 0 } sizes
        ? string.Join(' ', sizes.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Bytes / s.PageBytes}x{HugepagesTopic.SizeName(s.PageBytes)}")))
        : null;

    private static Metric<VmRow> Bytes(string id, string title, int width, string help, Func<VmMemory, ulong?> get) =>
        Make(id, title, Unit.Bytes, width, Rollup, help + Staggered, m => Figure.Of(get(m), m.RollupReason ?? "this kernel does not tell"));

    private static Metric<VmRow> Make(string id, string title, Unit unit, int width, string source, string help, Func<VmMemory, Figure> get) => new()
    {
        Id = id, Title = title, Unit = unit, Width = width, Needs = s_memory, Source = source, Help = help, Get = r => Get(r, get),
    };

    private static Figure Get(VmRow row, Func<VmMemory, Figure> get)
    {
        var reading = row.Snapshot.Get(VmMemoryTopic.Instance);
        return reading.Value is not { } model ? Figure.Missing(reading.Reason) : model.Find(row.Vm.Info.Key, out var reason) is { } memory ? get(memory) : Figure.Missing(reason);
    }

    private static Figure Age(VmRow row)
    {
        var reading = row.Snapshot.Get(VmMemoryTopic.Instance);
        if (reading.Value is not { } model)
        {
            return Figure.Missing(reading.Reason);
        }

        return model.Find(row.Vm.Info.Key, out var reason) is null ? Figure.Missing(reason) : Figure.Of(Math.Round(model.Vms[row.Vm.Info.Key].Age.TotalSeconds));
    }
}
