namespace KvmTop.Collectors.Checks;

/// <summary>How QEMU opens a file or device of the host that is a guest's disk: -drive, or the -blockdev nodes behind a -device.</summary>
/// <param name="Text">The argument that says so: evidence.</param>
/// <param name="IsNode">A -blockdev.</param>
/// <param name="IsDirect">Past the host's page cache (O_DIRECT).</param>
/// <param name="IgnoresFlushes">The guest's flushes do not reach the storage.</param>
/// <param name="Aio">"threads", "native", "io_uring"; null is threads.</param>
internal sealed record QemuImage(string Text, bool IsNode, bool IsDirect, bool IgnoresFlushes, string? Aio)
{
    private const int LongestChain = 8;

    /// <summary>All writable disks of a command line. CDs, firmware, and what lies on the network are none of these.</summary>
    public static IEnumerable<QemuImage> Of(IReadOnlyList<string> arguments)
    {
        foreach (var drive in QemuOptions.Of(arguments, "drive", null))
        {
            var set = drive.Set;
            if (set["file"] is not { } file || HasProtocol(file) || set["media"] == "cdrom" || set["if"] == "pflash" || (set.Flag("readonly") ?? set.Flag("read-only")) == true)
            {
                continue;
            }

            var cache = set["cache"];
            yield return new QemuImage(drive.Text, false, set.Flag("cache.direct") ?? cache is "none" or "directsync", set.Flag("cache.no-flush") ?? cache == "unsafe", set["aio"]);
        }

        var nodes = new Dictionary<string, QemuOption>(StringComparer.Ordinal);
        foreach (var node in QemuOptions.Of(arguments, "blockdev", "driver"))
        {
            if (node.Set["node-name"] is { } name)
            {
                nodes[name] = node;
            }
        }

        foreach (var device in QemuOptions.Of(arguments, "device", "driver"))
        {
            if (device.Set["drive"] is { } drive && device.Set["driver"]?.EndsWith("-cd", StringComparison.Ordinal) != true && Follow(nodes, drive) is { } image)
            {
                yield return image;
            }
        }
    }

    // From the node that a device names down to the file. A child that is written inside its parent takes over the parent's cache options; one that is named does not.
    private static QemuImage? Follow(Dictionary<string, QemuOption> nodes, string name)
    {
        if (!nodes.TryGetValue(name, out var node))
        {
            return null;
        }

        var prefix = "";
        bool? direct = null, noFlush = null;
        for (var steps = 0; steps < LongestChain; steps++)
        {
            if (node.Set.Flag(prefix + "read-only") == true)
            {
                return null;
            }

            direct = node.Set.Flag(prefix + "cache.direct") ?? direct;
            noFlush = node.Set.Flag(prefix + "cache.no-flush") ?? noFlush;
            var driver = node.Set[prefix + "driver"];
            if (driver is "file" or "host_device")
            {
                return new QemuImage(node.Text, true, direct == true, noFlush == true, node.Set[prefix + "aio"]);
            }

            var step = driver == "blkdebug" ? "image" : driver == "quorum" ? "children.0" : "file";
            if (node.Set[prefix + step] is { } next && nodes.TryGetValue(next, out var child))
            {
                (node, prefix, direct, noFlush) = (child, "", null, null);
            }
            else
            {
                prefix += step + ".";
            }
        }

        return null;
    }

    // As QEMU sees it: a colon before the first slash. "file:" and "host_device:" are paths all the same.
    private static bool HasProtocol(string file)
    {
        var colon = file.IndexOf(':', StringComparison.Ordinal);
        var slash = file.IndexOf('/', StringComparison.Ordinal);
        return colon > 0 && (slash < 0 || colon < slash) && file[..colon] is not ("file" or "host_device");
    }
}
