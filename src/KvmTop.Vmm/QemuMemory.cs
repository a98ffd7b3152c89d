using System.Text;

namespace KvmTop.Vmm;

/// <summary>Reads the memory backends of a QEMU command line (-object memory-backend-*).</summary>
internal static class QemuMemory
{
    private const string Prefix = "memory-backend-";
    private const int MostNodes = 64;

    public static MemoryBacking Describe(OptionSet set)
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
}
