using System.Text.Json;

namespace KvmTop.Vmm;

/// <summary>A guest's own view of its memory, as its balloon driver reports it. Null is what this driver does not report.</summary>
/// <param name="TotalBytes">All that the guest's kernel has.</param>
/// <param name="FreeBytes">Not used for anything.</param>
/// <param name="AvailableBytes">What programs could still get without swapping.</param>
/// <param name="CacheBytes">File caches, which can be given up.</param>
/// <param name="Reported">When the guest reported it; null for never.</param>
public sealed record GuestMemory(ulong? TotalBytes, ulong? FreeBytes, ulong? AvailableBytes, ulong? CacheBytes, DateTimeOffset? Reported);

/// <summary>Reads what QEMU says of a VM's balloon. Never throws; what is missing or of another type is null.</summary>
public static class QmpBalloon
{
    private const int LongestName = 64;

    /// <summary>query-balloon: the memory that the guest has now, in bytes.</summary>
    public static ulong? Actual(ReadOnlyMemory<byte> json) => QmpAnswers.Number(json, "actual");

    /// <summary>qom-list of a folder of devices: the path of the balloon in it, or null.</summary>
    public static string? Device(ReadOnlyMemory<byte> json, string folder) => QmpAnswers.Read(json, root =>
    {
        foreach (var item in QmpAnswers.Items(root))
        {
            // The name goes into a command: nothing but what QEMU takes for an id, or makes itself ("device[3]").
            if (QmpAnswers.Text(item, "type")?.StartsWith("child<virtio-balloon", StringComparison.Ordinal) == true
                && QmpAnswers.Text(item, "name") is { Length: > 0 and <= LongestName } name && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '[' or ']'))
            {
                return folder + "/" + name;
            }
        }

        return null;
    });

    /// <summary>qom-get guest-stats of a balloon; null when it is not such an answer.</summary>
    public static GuestMemory? GuestMemory(ReadOnlyMemory<byte> json) => QmpAnswers.Read(json, static root =>
    {
        var stats = QmpAnswers.Member(root, "stats");
        return stats.ValueKind != JsonValueKind.Object || QmpAnswers.Number(root, "last-update") is not { } updated ? null : new GuestMemory(
            Figure(stats, "stat-total-memory"),
            Figure(stats, "stat-free-memory"),
            Figure(stats, "stat-available-memory"),
            Figure(stats, "stat-disk-caches"),
            updated is 0 or > int.MaxValue ? null : DateTimeOffset.FromUnixTimeSeconds((long)updated));
    });

    // -1 stands for what the guest has not said.
    private static ulong? Figure(JsonElement stats, string name) => QmpAnswers.Number(stats, name) is { } value and not ulong.MaxValue ? value : null;
}
