namespace KvmTop.Linux;

/// <summary>Where a CPU is. Numbers are the kernel's; those of cores are unique within their package and die only.</summary>
public sealed record CpuPlace(int Cpu, int Package, int Die, int Core, int Node);

/// <summary>A NUMA node and its CPUs; a node of memory alone has none.</summary>
public sealed record NumaNode(int Number, CpuSet Cpus);

/// <summary>
/// The CPUs of a host: <c>/sys/devices/system/cpu/online</c>, <c>cpuN/topology/{physical_package_id,die_id,core_id}</c> and
/// <c>/sys/devices/system/node/nodeN/cpulist</c> (Documentation/admin-guide/cputopology.rst). What the kernel does not say is one package
/// and one node with a core for each CPU.
/// </summary>
public sealed class CpuTopology
{
    private readonly Dictionary<int, CpuPlace> _byCpu;

    private CpuTopology(CpuSet online, IReadOnlyList<CpuPlace> cpus, IReadOnlyList<NumaNode> nodes)
    {
        Online = online;
        Cpus = cpus;
        Nodes = nodes;
        _byCpu = cpus.ToDictionary(c => c.Cpu);
    }

    /// <summary>The CPUs that are online.</summary>
    public CpuSet Online { get; }

    /// <summary>The places of the online CPUs, in the order of their numbers.</summary>
    public IReadOnlyList<CpuPlace> Cpus { get; }

    /// <summary>The nodes, in the order of their numbers; at least one.</summary>
    public IReadOnlyList<NumaNode> Nodes { get; }

    /// <summary>Reads the topology of a host. It changes when CPUs come or go: read again when <c>online</c> does.</summary>
    public static CpuTopology Read(HostRoot host)
    {
        var buffer = new ReadBuffer(4096, 1 << 20);
        var online = ReadOnline(host, buffer);
        var nodes = ReadNodes(host, buffer, online);
        var nodeOf = new Dictionary<int, int>();
        foreach (var node in nodes)
        {
            foreach (var cpu in node.Cpus)
                nodeOf[cpu] = node.Number;
        }

        var places = new List<CpuPlace>(online.Count);
        foreach (var cpu in online)
        {
            var folder = FormattableString.Invariant($"/sys/devices/system/cpu/cpu{cpu}/topology/");
            places.Add(new CpuPlace(
                cpu,
                Number(host, buffer, folder + "physical_package_id", 0),
                Number(host, buffer, folder + "die_id", 0),
                Number(host, buffer, folder + "core_id", cpu),
                nodeOf.GetValueOrDefault(cpu, nodes[0].Number)));
        }

        return new CpuTopology(online, places, nodes);
    }

    /// <summary>The NUMA nodes alone, which costs a file per node instead of three per CPU; at least one.</summary>
    public static IReadOnlyList<NumaNode> ReadNodes(HostRoot host)
    {
        var buffer = new ReadBuffer(4096, 1 << 20);
        return ReadNodes(host, buffer, ReadOnline(host, buffer));
    }

    /// <summary>The CPUs that are online, alone.</summary>
    public static CpuSet ReadOnline(HostRoot host) => ReadOnline(host, new ReadBuffer(4096, 1 << 20));

    /// <summary>The place of an online CPU, or null.</summary>
    public CpuPlace? PlaceOf(int cpu) => _byCpu.TryGetValue(cpu, out var place) ? place : null;

    /// <summary>The NUMA node of an online CPU, or null.</summary>
    public int? NodeOf(int cpu) => _byCpu.TryGetValue(cpu, out var place) ? place.Node : null;

    private static CpuSet ReadOnline(HostRoot host, ReadBuffer buffer)
    {
        var text = buffer.ReadAll(host, "/sys/devices/system/cpu/online", out var errno);
        if (errno == Errno.None && CpuSet.TryParse(text, out var online) && online.Count > 0)
            return online;

        var times = new List<CpuTimesOf>();
        _ = ProcStat.TryParse(buffer.ReadAll(host, "/proc/stat", out _), out _, times);
        return CpuSet.Of(times.ConvertAll(t => t.Cpu));
    }

    private static List<NumaNode> ReadNodes(HostRoot host, ReadBuffer buffer, CpuSet online)
    {
        const string folder = "/sys/devices/system/node/";
        var nodes = new List<NumaNode>();
        if (CpuSet.TryParse(buffer.ReadAll(host, folder + "online", out var errno), out var numbers) && errno == Errno.None)
        {
            foreach (var number in numbers)
            {
                var list = buffer.ReadAll(host, FormattableString.Invariant($"{folder}node{number}/cpulist"), out errno);
                if (errno == Errno.None && CpuSet.TryParse(list, out var cpus))
                    nodes.Add(new NumaNode(number, cpus));
            }
        }

        if (nodes.Count == 0)
            nodes.Add(new NumaNode(0, online));
        return nodes;
    }

    // Firmware that says nothing shows as -1.
    private static int Number(HostRoot host, ReadBuffer buffer, string path, int otherwise) =>
        KernelText.ReadNumber(host, buffer, path) is { } n and >= 0 and <= int.MaxValue ? (int)n : otherwise;
}
