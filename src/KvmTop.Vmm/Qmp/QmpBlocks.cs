using System.Globalization;
using System.Text;
using System.Text.Json;

namespace KvmTop.Vmm;

/// <summary>What QEMU says of a disk besides its counters (query-block). Texts are cleaned.</summary>
/// <param name="Device">The drive's name, or empty.</param>
/// <param name="Qdev">The device that it hangs on, or null.</param>
/// <param name="Image">File, device or address; null for an empty drive.</param>
/// <param name="Format">"qcow2", "raw", ..; null when not known.</param>
/// <param name="Cache">"none", "writeback", "writethrough", "directsync", "unsafe" as -drive cache= has them; null when not known.</param>
/// <param name="ReadOnly">The guest may not write.</param>
/// <param name="SizeBytes">As the guest sees it.</param>
/// <param name="AllocatedBytes">What it takes on the host.</param>
/// <param name="Limits">Throttling, "100 iops, 10M/s"; null for none.</param>
/// <param name="IoStatus">"ok", "failed", "nospace"; null when QEMU does not keep it.</param>
/// <param name="ThrottleGroup">The throttle-group object of a throttle filter node above the image, which has limits of its own (see <see cref="QmpBlocks.GroupLimits"/>); null for none.</param>
public sealed record BlockInfo(
    string Device, string? Qdev, string? Image, string? Format, string? Cache, bool? ReadOnly, ulong? SizeBytes, ulong? AllocatedBytes, string? Limits, string? IoStatus,
    string? ThrottleGroup = null);

/// <summary>Reads what QEMU says of disks besides their counters. Never throws; what is missing or of another type is null.</summary>
public static class QmpBlocks
{
    private const int MostDisks = 512;
    private const int DeepestNode = 16;
    private const int LongestNode = 64 << 10;
    private const int LongestGroup = 64;
    private const int LongestImage = 256;

    // The limits of a drive (query-block), and those of a throttle-group object.
    private static readonly string[] s_driveLimits = ["iops", "iops_rd", "iops_wr", "bps", "bps_rd", "bps_wr"];
    private static readonly string[] s_groupLimits = ["iops-total", "iops-read", "iops-write", "bps-total", "bps-read", "bps-write"];

    /// <summary>query-block; null when it is not such an answer.</summary>
    public static IReadOnlyList<BlockInfo>? Parse(ReadOnlyMemory<byte> json) => QmpAnswers.Read(json, static root =>
    {
        var blocks = new List<BlockInfo>();
        foreach (var item in QmpAnswers.Items(root))
        {
            if (blocks.Count == MostDisks)
                break;
            var inserted = QmpAnswers.Member(item, "inserted");
            var image = QmpAnswers.Member(inserted, "image");
            var node = Node.Of(QmpAnswers.Member(inserted, "file") is { ValueKind: JsonValueKind.String } file ? file : QmpAnswers.Member(image, "filename"));
            blocks.Add(new BlockInfo(
                QmpAnswers.Text(item, "device") ?? "",
                QmpAnswers.Text(item, "qdev"),
                node.Image,
                node.Format ?? Format(image) ?? Stored(QmpAnswers.Text(inserted, "drv")),
                Cache(QmpAnswers.Member(inserted, "cache")),
                QmpAnswers.Flag(inserted, "ro"),
                QmpAnswers.Number(image, "virtual-size"),
                QmpAnswers.Number(image, "actual-size"),
                Limits(inserted, s_driveLimits),
                QmpAnswers.Text(item, "io-status"),
                node.ThrottleGroup));
        }

        return blocks;
    });

    /// <summary>The property "limits" of a throttle-group object (qom-get), in the words of <see cref="BlockInfo.Limits"/>; null for none.</summary>
    public static string? GroupLimits(ReadOnlyMemory<byte> json) => QmpAnswers.Read(json, static root => Limits(root, s_groupLimits));

    // A filter's image has the one below it as its "backing-image"; that of a format is another image.
    private static string? Format(JsonElement image)
    {
        for (var depth = 0; depth < DeepestNode; depth++)
        {
            var format = QmpAnswers.Text(image, "format");
            if (!BlockDrivers.IsFilter(format))
                return Stored(format);
            image = QmpAnswers.Member(image, "backing-image");
        }

        return null;
    }

    // Without a format between, the guest sees what the protocol holds as it is.
    private static string? Stored(string? driver) => BlockDrivers.IsProtocol(driver) ? "raw" : BlockDrivers.IsFilter(driver) ? null : driver;

    private static string? Cache(JsonElement cache) => (QmpAnswers.Flag(cache, "writeback"), QmpAnswers.Flag(cache, "direct"), QmpAnswers.Flag(cache, "no-flush")) switch
    {
        (true, false, true) => "unsafe",
        (true, true, _) => "none",
        (true, false, _) => "writeback",
        (false, true, _) => "directsync",
        (false, false, _) => "writethrough",
        _ => null,
    };

    private static string? Limits(JsonElement from, string[] names)
    {
        string[] formats = ["{0} iops", "{0} rd iops", "{0} wr iops", "{0}/s", "rd {0}/s", "wr {0}/s"];
        var parts = new List<string>();
        for (var i = 0; i < names.Length; i++)
        {
            if (QmpAnswers.Number(from, names[i]) is > 0 and var limit)
                parts.Add(string.Format(CultureInfo.InvariantCulture, formats[i], i < 3 ? limit : Size(limit)));
        }

        return parts.Count == 0 ? null : string.Join(", ", parts);
    }

    private static string Size(ulong bytes) => bytes switch
    {
        >= 1UL << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 30):0.##}G"),
        >= 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0.##}M"),
        >= 1 << 10 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.##}K"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes}"),
    };

    /// <summary>
    /// What a disk stands on. A node without a file name is described by QEMU as JSON behind "json:": its driver, and in "file" the node below it. Filters (throttle) stand
    /// above the format, the format above the file.
    /// </summary>
    private readonly record struct Node(string? Image, string? Format, string? ThrottleGroup)
    {
        public static Node Of(JsonElement name)
        {
            if (name.ValueKind != JsonValueKind.String || name.GetString() is not { Length: <= LongestNode } text)
                return default;
            var plain = new Node(HostileText.Clean(BlockDrivers.Short(text), LongestImage), null, null);
            if (!text.StartsWith("json:", StringComparison.Ordinal) || text.Length > LongestNode)
                return plain;
            var bytes = Encoding.UTF8.GetBytes(text["json:".Length..]);
            if (!JsonScan.IsValid(bytes))
                return plain;
            using var document = JsonDocument.Parse(bytes);
            return Walk(document.RootElement, plain);
        }

        private static Node Walk(JsonElement node, Node found)
        {
            for (var depth = 0; depth < DeepestNode && node.ValueKind == JsonValueKind.Object; depth++)
            {
                var driver = QmpAnswers.Text(node, "driver");
                if (driver == "throttle")
                    found = found with { ThrottleGroup = found.ThrottleGroup ?? Group(QmpAnswers.Text(node, "throttle-group")) };
                else if (!BlockDrivers.IsFilter(driver))
                    found = found with { Format = found.Format ?? Stored(driver) };
                var its = node;
                if (BlockDrivers.Address(driver, key => At(its, key)) is { } address)
                    return found with { Image = HostileText.Clean(address, LongestImage) };
                var child = BlockDrivers.ChildOf(driver);
                node = child == "children.0" ? First(QmpAnswers.Member(node, "children")) : QmpAnswers.Member(node, child);
            }

            return found;
        }

        // "server.host", and "server.0.host" in a list.
        private static string? At(JsonElement node, string key)
        {
            foreach (var step in key.Split('.'))
                node = step == "0" ? First(node) : QmpAnswers.Member(node, step);
            return node.ValueKind switch { JsonValueKind.String => node.GetString(), JsonValueKind.Number => node.GetRawText(), _ => null };
        }

        private static JsonElement First(JsonElement list) => list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0 ? list[0] : default;

        // It becomes part of a path in a question: only what QEMU takes for an id.
        private static string? Group(string? id) =>
            id is { Length: > 0 and <= LongestGroup } && id.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') ? id : null;
    }
}
