using System.Text;

namespace KvmTop.Vmm;

/// <summary>
/// The memory of a QEMU command line: -m, the backends (-object memory-backend-*) that the machine, its NUMA nodes and its DIMMs name, and virtio-mem. Persistent
/// memory (nvdimm, virtio-pmem) is storage to the guest and is not counted, whatever backs it.
/// </summary>
internal sealed class QemuMemory
{
    private const string Prefix = "memory-backend-";
    private const int MostNodes = 64;
    private const int MostItems = 1024;

    private readonly Dictionary<string, OptionSet> _backends = new(StringComparer.Ordinal);
    private readonly List<OptionSet> _nodes = [];
    private readonly List<OptionSet> _plugged = [];
    private OptionSet? _size;

    /// <summary>-mem-path.</summary>
    public string? Path { get; set; }

    /// <summary>-mem-prealloc.</summary>
    public bool Prealloc { get; set; }

    /// <summary>-m; a later one overrides an earlier key by key.</summary>
    public void Size(OptionSet size)
    {
        if (_size is null)
            _size = size;
        else
            _size.Merge(size);
    }

    /// <summary>An -object.</summary>
    public void Object(OptionSet set)
    {
        if (set["qom-type"]?.StartsWith(Prefix, StringComparison.Ordinal) == true && set["id"] is { } id && _backends.Count < MostItems)
            _backends[id] = set;
    }

    /// <summary>A -numa.</summary>
    public void Node(OptionSet set)
    {
        if ((set["memdev"] ?? set["mem"]) is not null && _nodes.Count < MostItems)
            _nodes.Add(set);
    }

    /// <summary>A -device.</summary>
    public void Device(OptionSet set)
    {
        if ((set["driver"] == "pc-dimm" || IsVirtioMem(set)) && _plugged.Count < MostItems)
            _plugged.Add(set);
    }

    /// <summary>Describes what was said.</summary>
    /// <param name="about">What is known of the machine otherwise.</param>
    /// <param name="machine">-machine, which can hold the size too: -m is short for its "memory".</param>
    public VmDescription Describe(VmDescription about, OptionSet? machine)
    {
        var main = Backend(machine?["memory-backend"]);
        List<OptionSet> backends = main is null ? [] : [main];
        ulong? nodes = null;
        foreach (var node in _nodes)
        {
            if (Backend(node["memdev"]) is { } backend)
                backends.Add(backend);
            nodes = Sum(nodes, MemorySize.Parse(Backend(node["memdev"])?["size"], 'B') ?? MemorySize.Parse(node["mem"], 'M'));
        }

        var size = MemorySize.Parse(_size?["size"], 'M') ?? MemorySize.Parse(machine?["memory.size"], 'B') ?? MemorySize.Parse(main?["size"], 'B') ?? nodes;
        foreach (var device in _plugged)
        {
            var backend = Backend(device["memdev"]);
            if (backend is null || backends.Contains(backend))
                continue;

            backends.Add(backend);
            // QEMU's default is 128 MiB, which no VM with DIMMs has; what it has without them is not known then.
            size = size is null ? null : Sum(size, MemorySize.Parse(IsVirtioMem(device) ? device["requested-size"] : backend["size"], 'B'));
        }

        return about with
        {
            MemoryBytes = size,
            MaxMemoryBytes = MemorySize.Parse(_size?["maxmem"], 'B') ?? MemorySize.Parse(machine?["memory.max-size"], 'B'),
            MemoryPrealloc = Prealloc || backends.Exists(static b => b.Flag("prealloc") == true),
            MemoryPath = Path ?? backends.ConvertAll(static b => b["mem-path"]).Find(static p => p is not null),
            Backings = backends.Count > 0 || Path is null
                ? backends.ConvertAll(Describe)
                : [new MemoryBacking("file", null, Path, false, Prealloc, false, null, null, null)],
        };
    }

    private static bool IsVirtioMem(OptionSet device) => device["driver"] is "virtio-mem-pci" or "virtio-mem" or "virtio-mem-device"
        or "virtio-mem-pci-non-transitional" or "virtio-mem-ccw";

    private static ulong? Sum(ulong? a, ulong? b) => a is { } x && b is { } y ? x <= ulong.MaxValue - y ? x + y : a : a ?? b;

    private static MemoryBacking Describe(OptionSet set)
    {
        var kind = (set["qom-type"] ?? "")[Prefix.Length..];
        return new MemoryBacking(
            kind,
            MemorySize.Parse(set["size"], 'B'),
            set["mem-path"],
            // A memfd is shared unless told otherwise; the others are private.
            set.Flag("share") ?? kind is "memfd" or "shm",
            set.Flag("prealloc") == true,
            set.Flag("hugetlb") == true,
            MemorySize.Parse(set["hugetlbsize"], 'B'),
            HostNodes(set),
            set["policy"] is { Length: > 0 } policy && policy != "default" ? policy : null);
    }

    // "host-nodes=0-1", or as a JSON list, whose items are numbered: "host-nodes.0", "host-nodes.1".
    private static string? HostNodes(OptionSet set)
    {
        if (set["host-nodes"] is { Length: > 0 } list)
            return list;

        var nodes = new StringBuilder();
        for (var i = 0; i < MostNodes && set[FormattableString.Invariant($"host-nodes.{i}")] is { } node; i++)
            nodes.Append(nodes.Length > 0 ? "," : "").Append(node);
        return nodes.Length > 0 ? nodes.ToString() : null;
    }

    private OptionSet? Backend(string? id) => id is null ? null : _backends.GetValueOrDefault(id);
}
