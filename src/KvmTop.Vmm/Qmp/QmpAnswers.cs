using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace KvmTop.Vmm;

/// <summary>Reads the answers to commands that are asked now and then. Never throws; what is missing or of another type is null.</summary>
public static class QmpAnswers
{
    private const int LongestText = 256;

    /// <summary>"major.minor.micro" of a greeting, <c>{"version": {"qemu": {..}}}</c>; null when it has none.</summary>
    public static string? GreetedVersion(ReadOnlySpan<byte> greeting)
    {
        Span<int> parts = stackalloc int[3];
        parts.Fill(-1);
        try
        {
            var reader = new Utf8JsonReader(greeting);
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName)
                    continue;
                var part = reader.ValueTextEquals("major"u8) ? 0 : reader.ValueTextEquals("minor"u8) ? 1 : reader.ValueTextEquals("micro"u8) ? 2 : -1;
                if (part >= 0 && reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number))
                    parts[part] = number;
            }
        }
        catch (JsonException)
        {
            return null;
        }

        return parts[0] < 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{parts[0]}.{parts[1]}.{parts[2]}");
    }

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

    /// <summary>
    /// query-memory-devices: memory of DIMMs and what virtio-mem and hv-balloon have plugged now; null when it is not such an answer. nvdimm and virtio-pmem are storage to a
    /// guest, which "plugged-memory" of query-memory-size-summary counts all the same.
    /// </summary>
    public static ulong? PluggedMemory(ReadOnlyMemory<byte> json) => Read(json, static root =>
    {
        if (root.ValueKind != JsonValueKind.Array)
            return null;
        ulong sum = 0;
        foreach (var device in root.EnumerateArray())
        {
            if (Text(device, "type") is "dimm" or "virtio-mem" or "hv-balloon")
                sum += Math.Min(Number(Member(device, "data"), "size") ?? 0, ulong.MaxValue - sum);
        }

        return new StrongBox<ulong>(sum);
    })?.Value;

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
        var page = Number(ram, "page-size");
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

    internal static bool? Flag(JsonElement element, string name) => Member(element, name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    internal static string Clean(JsonElement text) => HostileText.Clean(text.GetString() ?? "", LongestText);
}

/// <summary>A migration as its source sees it.</summary>
/// <param name="Status">"active", "completed", "failed", ..</param>
/// <param name="TotalBytes">The guest's memory.</param>
/// <param name="RemainingBytes">What is left to send.</param>
/// <param name="DirtyBytesPerSecond">How fast the guest changes it.</param>
public sealed record MigrationInfo(string Status, ulong? TotalBytes, ulong? RemainingBytes, double? DirtyBytesPerSecond);
