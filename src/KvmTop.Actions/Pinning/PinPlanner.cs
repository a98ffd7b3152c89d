using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>How vCPUs are to be placed.</summary>
internal enum PinMode
{
    /// <summary>A vCPU to each physical core, the other threads of a core last.</summary>
    Spread,

    /// <summary>Close together: core by core, cache by cache.</summary>
    Compact,

    /// <summary>All on the CPUs of the node, wherever the scheduler likes.</summary>
    Node,
}

/// <summary>A VM to be placed.</summary>
/// <param name="Vcpus">Numbers of its vCPUs.</param>
/// <param name="Limit">CPUs that it may use.</param>
/// <param name="Memory">Bytes on each node; null when not known.</param>
internal sealed record PinWish(IReadOnlyList<int> Vcpus, CpuSet Limit, IReadOnlyList<NodeBytes>? Memory)
{
    /// <summary>Where its vCPUs are and stay, by number; null when they are to be placed.</summary>
    public IReadOnlyDictionary<int, CpuSet>? Fixed { get; init; }
}

/// <summary>Where a VM is to be.</summary>
/// <param name="Vcpus">CPUs of each vCPU, by number.</param>
/// <param name="Others">CPUs for its other threads.</param>
/// <param name="Home">The node near which each vCPU should be, by number.</param>
internal sealed record PinPlace(IReadOnlyDictionary<int, CpuSet> Vcpus, CpuSet Others, IReadOnlyDictionary<int, int> Home)
{
    /// <summary>The other threads have no CPU of their own: they share with vCPUs.</summary>
    public bool OthersShare { get; init; }
}

/// <summary>
/// Decides where vCPUs go. Each takes the best CPU that is left: first one that nobody is pinned to, then one near its memory, then one whose core is free. What cannot be had
/// goes in that order, so a CPU is shared only when all that may be used are taken. Pure.
/// </summary>
internal sealed class PinPlanner
{
    private const double Significant = 0.25;
    private const int Scores = 6;
    private const int FarAway = 20;

    private readonly PinHost _host;
    private readonly PinMode _mode;
    private readonly int? _node;
    private readonly CpuClaims _claims;
    private readonly Dictionary<int, List<int>> _siblings = [];
    private readonly Dictionary<int, int> _cacheOf = [];

    /// <param name="host">The host.</param>
    /// <param name="mode">How.</param>
    /// <param name="node">The only node to be used; null for those of the memory.</param>
    public PinPlanner(PinHost host, PinMode mode, int? node)
    {
        (_host, _mode, _node, _claims) = (host, mode, node, new CpuClaims(host.Claims));
        foreach (var core in host.Topology.Cpus.GroupBy(c => (c.Node, c.Package, c.Die, c.Core)))
        {
            var cpus = core.Select(c => c.Cpu).ToList();
            foreach (var cpu in cpus)
                _siblings[cpu] = [.. cpus.Where(c => c != cpu)];
        }

        for (var i = 0; i < host.Caches.Count; i++)
        {
            foreach (var cpu in host.Caches[i])
                _cacheOf[cpu] = i;
        }
    }

    /// <summary>Places VMs together, those with most vCPUs first; the answer is in the order of the wishes.</summary>
    public IReadOnlyList<PinPlace> Place(IReadOnlyList<PinWish> wishes)
    {
        var vcpus = new Dictionary<int, CpuSet>[wishes.Count];
        var homes = new Dictionary<int, int>[wishes.Count];
        var order = Enumerable.Range(0, wishes.Count).OrderByDescending(i => wishes[i].Vcpus.Count).ToList();

        // Those that stay are counted before any is placed.
        foreach (var i in order.Where(i => wishes[i].Fixed is not null))
        {
            (vcpus[i], homes[i]) = (new(wishes[i].Fixed!), []);
            foreach (var cpus in vcpus[i].Values.Where(c => CpuMap.IsPinned(_host.Topology, c)))
                _claims.Add(cpus, 1);
        }

        foreach (var i in order.Where(i => wishes[i].Fixed is null))
        {
            homes[i] = Homes(wishes[i]);
            vcpus[i] = _mode == PinMode.Node ? Float(wishes[i], homes[i]) : Pin(wishes[i], homes[i]);
        }

        return [.. wishes.Select((w, i) => Rest(w, vcpus[i], homes[i]))];
    }

    private CpuSet CpusOf(int node) => (_host.Topology.Nodes.FirstOrDefault(n => n.Number == node)?.Cpus ?? CpuSet.Empty).Intersect(_host.Topology.Online);

    private int Free(int node, CpuSet limit) => CpusOf(node).Intersect(limit).Count(c => !_claims.Has(c));

    /// <summary>
    /// The node of each vCPU: that of the memory. Where several have a good part of it, the vCPUs are shared out in the same proportion, neighbours together, as guests with
    /// nodes of their own number them. Where the memory is not known: the node with most free CPUs, or the one that is filled best.
    /// </summary>
    private Dictionary<int, int> Homes(PinWish wish)
    {
        var count = wish.Vcpus.Count;
        if (_node is { } only)
            return wish.Vcpus.ToDictionary(v => v, _ => only);
        var nodes = _host.Topology.Nodes.Select(n => n.Number).Where(n => CpusOf(n).Intersect(wish.Limit).Count > 0).ToList();
        if (nodes.Count == 0)
            nodes = [_host.Topology.Nodes[0].Number];
        double all = wish.Memory?.Sum(m => (double)m.Bytes) ?? 0;
        var near = all > 0 ? wish.Memory!.Where(m => m.Bytes / all >= Significant && nodes.Contains(m.Node)).OrderBy(m => m.Node).ToList() : [];
        if (near.Count == 0)
        {
            var fitting = nodes.Where(n => Free(n, wish.Limit) >= count).ToList();
            var best = _mode == PinMode.Compact && fitting.Count > 0 ? fitting.MinBy(n => Free(n, wish.Limit)) : nodes.MaxBy(n => Free(n, wish.Limit));
            return wish.Vcpus.ToDictionary(v => v, _ => best);
        }

        // Largest remainder: with one vCPU it is the node with most.
        double sum = near.Sum(m => (double)m.Bytes);
        var quota = near.Select(m => (int)(count * (m.Bytes / sum))).ToArray();
        foreach (var i in Enumerable.Range(0, near.Count).OrderByDescending(i => (count * (near[i].Bytes / sum)) - quota[i]).Take(count - quota.Sum()))
            quota[i]++;
        var homes = new Dictionary<int, int>(count);
        var (at, used) = (0, 0);
        foreach (var vcpu in wish.Vcpus)
        {
            while (used >= quota[at])
                (at, used) = (at + 1, 0);
            homes[vcpu] = near[at].Node;
            used++;
        }

        return homes;
    }

    /// <summary>Each vCPU on a CPU of its own, as long as there are any.</summary>
    private Dictionary<int, CpuSet> Pin(PinWish wish, Dictionary<int, int> homes)
    {
        var own = new Dictionary<int, int>();
        var placed = new Dictionary<int, CpuSet>(wish.Vcpus.Count);
        var allowed = (_node is { } only ? CpusOf(only) : _host.Topology.Online).Intersect(wish.Limit);
        if (allowed.Count == 0)
            allowed = wish.Limit;
        var cacheRank = RankCaches(allowed, wish.Vcpus.Count);
        Span<double> bestScore = stackalloc double[Scores];
        Span<double> score = stackalloc double[Scores];
        foreach (var vcpu in wish.Vcpus)
        {
            var best = -1;
            foreach (var cpu in allowed)
            {
                Score(cpu, homes[vcpu], own, cacheRank, score);
                if (best < 0 || score.SequenceCompareTo(bestScore) < 0)
                {
                    best = cpu;
                    score.CopyTo(bestScore);
                }
            }

            placed[vcpu] = CpuSet.Of([best]);
            own[best] = own.GetValueOrDefault(best) + 1;
            _claims.Add(placed[vcpu], 1);
        }

        return placed;
    }

    /// <summary>How bad a CPU is for a vCPU: compared number by number, the first that differs decides.</summary>
    private void Score(int cpu, int home, Dictionary<int, int> own, int[] cacheRank, Span<double> score)
    {
        double mine = 0, others = 0;
        foreach (var sibling in _siblings[cpu])
        {
            var count = own.GetValueOrDefault(sibling);
            mine += count;
            others += Math.Max(_claims.Of(sibling) - count, 0);
        }

        score[0] = _claims.Of(cpu);
        score[1] = Distance(home, _host.Topology.NodeOf(cpu) ?? home);
        if (_mode == PinMode.Compact)
        {
            score[2] = others;
            score[3] = _cacheOf.TryGetValue(cpu, out var cache) ? cacheRank[cache] : 0;
            score[4] = -mine;
        }
        else
        {
            // A core that is free, then one of its own, then one of which somebody else has a thread.
            score[2] = others > 0 ? 2 : mine > 0 ? 1 : 0;
            score[3] = others;
            score[4] = mine;
        }

        score[5] = cpu;
    }

    private int Distance(int from, int to)
    {
        if (from == to)
            return 0;
        if (!_host.Distances.TryGetValue(from, out var distances))
            return FarAway;
        for (var i = 0; i < distances.Count; i++)
        {
            if (_host.Topology.Nodes[i].Number == to)
                return Math.Max(distances[i], 1);
        }

        return FarAway;
    }

    /// <summary>The cache that all fit into with the least left over comes first, then those with most room.</summary>
    private int[] RankCaches(CpuSet allowed, int count)
    {
        var free = _host.Caches.Select(c => c.Intersect(allowed).Count(cpu => !_claims.Has(cpu))).ToArray();
        var rank = new int[free.Length];
        var order = Enumerable.Range(0, free.Length).OrderBy(i => free[i] >= count ? free[i] : int.MaxValue - free[i]).ToList();
        for (var i = 0; i < order.Count; i++)
            rank[order[i]] = i;
        return rank;
    }

    /// <summary>All vCPUs on all CPUs of their nodes to which nobody is pinned; on all of them when there is none.</summary>
    private Dictionary<int, CpuSet> Float(PinWish wish, Dictionary<int, int> homes)
    {
        var nodes = homes.Values.Distinct().ToList();
        if (_node is null)
        {
            // A VM larger than its node gets the nearest others too.
            foreach (var node in _host.Topology.Nodes.Select(n => n.Number).Where(n => !nodes.Contains(n)).OrderBy(n => Distance(nodes[0], n)).ToList())
            {
                if (nodes.Sum(n => CpusOf(n).Intersect(wish.Limit).Count) < wish.Vcpus.Count)
                    nodes.Add(node);
            }
        }

        var all = CpuSet.Of(nodes.SelectMany(CpusOf)).Intersect(wish.Limit);
        all = all.Count > 0 ? all : wish.Limit;
        var free = CpuSet.Of(all.Where(c => !_claims.Has(c)));
        return wish.Vcpus.ToDictionary(v => v, _ => free.Count > 0 ? free : all);
    }

    /// <summary>The other threads: on what is left of the nodes of its vCPUs.</summary>
    private PinPlace Rest(PinWish wish, Dictionary<int, CpuSet> vcpus, Dictionary<int, int> homes)
    {
        var used = CpuSet.Of(vcpus.Values.SelectMany(c => c));
        var nodes = (homes.Count > 0 ? homes.Values : used.Select(c => _host.Topology.NodeOf(c) ?? 0)).Distinct();
        var all = CpuSet.Of(nodes.SelectMany(CpusOf)).Intersect(wish.Limit);
        if (_mode == PinMode.Node && wish.Fixed is null)
            return new PinPlace(vcpus, used, homes);
        var left = CpuSet.Of(all.Where(c => !_claims.Has(c)));
        if (left.Count > 0)
            return new PinPlace(vcpus, left, homes);

        // Rather with its own vCPUs than with those of others.
        var notOthers = used.Intersect(wish.Limit).Except(_host.Claims.Cpus);
        return new PinPlace(vcpus, notOthers.Count > 0 ? notOthers : all.Count > 0 ? all : wish.Limit, homes) { OthersShare = true };
    }
}
