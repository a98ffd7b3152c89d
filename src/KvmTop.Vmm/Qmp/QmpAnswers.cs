using System.Globalization;
using System.Runtime.CompilerServices;
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
public sealed record BlockInfo(
    string Device, string? Qdev, string? Image, string? Format, string? Cache, bool? ReadOnly, ulong? SizeBytes, ulong? AllocatedBytes, string? Limits, string? IoStatus);

/// <summary>Reads the answers to commands that are asked now and then. Never throws; what is missing or of another type is null.</summary>
public static class QmpAnswers
{
    private const int MostDisks = 512;
    private const int LongestText = 256;

    /// <summary>query-block; null when it is not such an answer.</summary>
    public static IReadOnlyList<BlockInfo>? Blocks(ReadOnlyMemory<byte> json) => Read(json, static root =>
    {
        var blocks = new List<BlockInfo>();
        foreach (var item in Items(root))
        {
            if (blocks.Count == MostDisks)
                break;
            var inserted = Member(item, "inserted");
            var image = Member(inserted, "image");
            blocks.Add(new BlockInfo(
                Text(item, "device") ?? "",
                Text(item, "qdev"),
                ImageName(Text(inserted, "file") ?? Text(image, "filename")),
                Text(inserted, "drv") ?? Text(image, "format"),
                Cache(Member(inserted, "cache")),
                Flag(inserted, "ro"),
                Number(image, "virtual-size"),
                Number(image, "actual-size"),
                Limits(inserted),
                Text(item, "io-status")));
        }

        return blocks;
    });

    /// <summary>A text at the top of an answer ("status" of query-status).</summary>
    public static string? Text(ReadOnlyMemory<byte> json, string name) => Read(json, root => Text(root, name));

    /// <summary>An answer that is a text itself (qom-get).</summary>
    public static string? Text(ReadOnlyMemory<byte> json) => Read(json, static root => root.ValueKind == JsonValueKind.String ? Clean(root) : null);

    /// <summary>A number at the top of an answer ("actual" of query-balloon).</summary>
    public static ulong? Number(ReadOnlyMemory<byte> json, string name) => Read(json, root => Number(root, name) is { } number ? new StrongBox<ulong>(number) : null)?.Value;

    /// <summary>An answer that is a number itself (qom-get).</summary>
    public static ulong? Number(ReadOnlyMemory<byte> json) =>
        Read(json, static root => root.ValueKind == JsonValueKind.Number && root.TryGetUInt64(out var number) ? new StrongBox<ulong>(number) : null)?.Value;

    /// <summary>query-version: major and minor number of QEMU; null when it is not such an answer.</summary>
    public static (ulong Major, ulong Minor)? Version(ReadOnlyMemory<byte> json) => Read(json, static root =>
        Number(Member(root, "qemu"), "major") is { } major && Number(Member(root, "qemu"), "minor") is { } minor ? new StrongBox<(ulong, ulong)>((major, minor)) : null)?.Value;

    /// <summary>query-vnc: where it listens, "127.0.0.1:5901"; null when it does not.</summary>
    public static string? Vnc(ReadOnlyMemory<byte> json) => Read(json, static root =>
        Flag(root, "enabled") == true && Text(root, "service") is { } service ? (Text(root, "host") is { Length: > 0 } host ? host + ":" : "") + service : null);

    /// <summary>query-spice: where it listens; null when it does not.</summary>
    public static string? Spice(ReadOnlyMemory<byte> json) => Read(json, static root =>
    {
        var port = Number(root, "tls-port") ?? Number(root, "port");
        return Flag(root, "enabled") == true && port is { } p ? string.Create(CultureInfo.InvariantCulture, $"{Text(root, "host") ?? "*"}:{p}") : null;
    });

    /// <summary>query-migrate; null when none has been.</summary>
    public static MigrationInfo? Migration(ReadOnlyMemory<byte> json) => Read(json, static root =>
    {
        if (Text(root, "status") is not { } status || status == "none")
            return null;
        var ram = Member(root, "ram");
        var page = Number(ram, "page-size") ?? 4096;
        return new MigrationInfo(status, Number(ram, "total"), Number(ram, "remaining"), Number(ram, "dirty-pages-rate") * page);
    });

    /// <summary>query-dirty-rate: memory dirtied in bytes a second, when somebody has had it measured; else null.</summary>
    public static double? DirtyRate(ReadOnlyMemory<byte> json) =>
        Text(json, "status") == "measured" && Number(json, "dirty-rate") is { } mebibytes ? mebibytes * (double)(1 << 20) : null;

    internal static T? Read<T>(ReadOnlyMemory<byte> json, Func<JsonElement, T?> read)
        where T : class
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    internal static JsonElement.ArrayEnumerator Items(JsonElement element) => element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : default;

    internal static JsonElement Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) ? member : default;

    internal static string? Text(JsonElement element, string name) => Member(element, name) is { ValueKind: JsonValueKind.String } text ? Clean(text) : null;

    internal static ulong? Number(JsonElement element, string name) =>
        Member(element, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetUInt64(out var value) ? value : null;

    private static bool? Flag(JsonElement element, string name) => Member(element, name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static string Clean(JsonElement text) => HostileText.Clean(text.GetString() ?? "", LongestText);

    // A node without a file name is described in JSON; what it stands on is in there.
    private static string? ImageName(string? file)
    {
        const string key = "\"filename\": \"";
        if (file is null || !file.StartsWith("json:", StringComparison.Ordinal) || file.LastIndexOf(key, StringComparison.Ordinal) is not (>= 0 and var at))
            return file;
        var start = at + key.Length;
        var end = file.IndexOf('"', start);
        return end > start ? file[start..end] : file;
    }

    private static string? Cache(JsonElement cache) => (Flag(cache, "writeback"), Flag(cache, "direct"), Flag(cache, "no-flush")) switch
    {
        (true, false, true) => "unsafe",
        (true, true, _) => "none",
        (true, false, _) => "writeback",
        (false, true, _) => "directsync",
        (false, false, _) => "writethrough",
        _ => null,
    };

    private static string? Limits(JsonElement inserted)
    {
        var parts = new List<string>();
        foreach (var (name, format) in new[] { ("iops", "{0} iops"), ("iops_rd", "{0} rd iops"), ("iops_wr", "{0} wr iops") })
        {
            if (Number(inserted, name) is > 0 and var limit)
                parts.Add(string.Format(CultureInfo.InvariantCulture, format, limit));
        }

        foreach (var (name, format) in new[] { ("bps", "{0}/s"), ("bps_rd", "rd {0}/s"), ("bps_wr", "wr {0}/s") })
        {
            if (Number(inserted, name) is > 0 and var limit)
                parts.Add(string.Format(CultureInfo.InvariantCulture, format, Size(limit)));
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
}

/// <summary>A migration as its source sees it.</summary>
/// <param name="Status">"active", "completed", "failed", ..</param>
/// <param name="TotalBytes">The guest's memory.</param>
/// <param name="RemainingBytes">What is left to send.</param>
/// <param name="DirtyBytesPerSecond">How fast the guest changes it.</param>
public sealed record MigrationInfo(string Status, ulong? TotalBytes, ulong? RemainingBytes, double? DirtyBytesPerSecond);
