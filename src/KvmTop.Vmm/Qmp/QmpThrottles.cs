using System.Globalization;
using System.Text.Json;

namespace KvmTop.Vmm;

/// <summary>How much a disk may do, as QEMU has it. Texts are cleaned.</summary>
/// <param name="Device">The drive's name, or empty.</param>
/// <param name="Qdev">The device that it hangs on, or null.</param>
/// <param name="Image">File, device or address; null for an empty drive.</param>
/// <param name="HasMedium">False for an empty drive, which cannot be limited.</param>
/// <param name="Limits">What is not 0, by QEMU's names: "bps=1048576 iops_rd=100 group=a".</param>
public sealed record QmpThrottle(string Device, string? Qdev, string? Image, bool HasMedium, string Limits);

/// <summary>Reads and writes the limits of disks (query-block, block_set_io_throttle). Never throws.</summary>
public static class QmpThrottles
{
    private const int MostDisks = 512;
    private const int LongestGroup = 64;

    private static readonly string[] s_base = ["bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"];

    /// <summary>query-block; null when it is not such an answer.</summary>
    public static IReadOnlyList<QmpThrottle>? Parse(ReadOnlyMemory<byte> json) => QmpAnswers.Read(json, static root =>
    {
        var disks = new List<QmpThrottle>();
        foreach (var item in QmpAnswers.Items(root))
        {
            if (disks.Count == MostDisks)
                break;
            var inserted = QmpAnswers.Member(item, "inserted");
            disks.Add(new QmpThrottle(
                QmpAnswers.Text(item, "device") ?? "",
                QmpAnswers.Text(item, "qdev"),
                QmpAnswers.Text(inserted, "file"),
                inserted.ValueKind == JsonValueKind.Object,
                Limits(inserted)));
        }

        return disks;
    });

    /// <summary>The arguments of block_set_io_throttle.</summary>
    /// <param name="device">The drive's name; empty where it hangs on <paramref name="qdev"/> only.</param>
    /// <param name="qdev">The device that it hangs on.</param>
    /// <param name="limits">As <see cref="QmpThrottle.Limits"/>.</param>
    public static string Arguments(string device, string? qdev, string limits)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory))
        {
            json.WriteStartObject();
            json.WriteString(device.Length > 0 ? "device" : "id", device.Length > 0 ? device : qdev);
            var given = limits.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => w.Split('=', 2)).Where(w => w.Length == 2).ToList();

            // The six must be there, 0 for none; the others are 0 when they are not.
            foreach (var name in s_base)
            {
                if (!given.Exists(w => w[0] == name))
                    json.WriteNumber(name, 0);
            }

            foreach (var word in given)
            {
                if (word[0] == "group")
                    json.WriteString("group", word[1]);
                else if (long.TryParse(word[1], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
                    json.WriteNumber(word[0], value);
            }

            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(memory.ToArray());
    }

    private static string Limits(JsonElement inserted)
    {
        var words = new List<string>();
        void Take(string name)
        {
            if (QmpAnswers.Number(inserted, name) is > 0 and var value)
                words.Add(string.Create(CultureInfo.InvariantCulture, $"{name}={value}"));
        }

        foreach (var name in s_base)
        {
            Take(name);

            // How long a burst may last says nothing without a burst.
            if (QmpAnswers.Number(inserted, name + "_max") is > 0)
            {
                Take(name + "_max");
                Take(name + "_max_length");
            }
        }

        Take("iops_size");
        if (words.Count > 0 && QmpAnswers.Text(inserted, "group") is { Length: > 0 and <= LongestGroup } group && group.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            words.Add("group=" + group);
        return string.Join(' ', words);
    }
}
