using System.Text;

namespace KvmTop.Linux;

/// <summary>
/// Where a process or a thread stands in the cgroup trees, as in <c>/proc/PID/cgroup</c> and <c>/proc/PID/task/TID/cgroup</c> (cgroups(7)).
/// Paths are relative to the reader's cgroup namespace; one that lies outside of it begins with "/..".
/// </summary>
/// <param name="V2Path">The path in the unified tree ("0::/.."), or null.</param>
/// <param name="CpuV1Path">The path in the v1 tree that has the cpu controller, or null.</param>
public readonly record struct CgroupMembership(string? V2Path, string? CpuV1Path)
{
    private const int LongestPath = 4096;

    /// <summary>Reads the text of a cgroup file. False when it names neither tree.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out CgroupMembership value)
    {
        value = default;
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            // ID:CONTROLLERS:PATH, where the path may hold colons.
            var first = line.IndexOf((byte)':');
            var second = first < 0 ? -1 : line[(first + 1)..].IndexOf((byte)':');
            if (second < 0)
                continue;

            var controllers = line.Slice(first + 1, second);
            var path = line[(first + second + 2)..];
            if (path.IsEmpty || path[0] != '/' || path.Length > LongestPath)
                continue;

            if (controllers.IsEmpty && line[..first].SequenceEqual("0"u8))
                value = value with { V2Path = Encoding.UTF8.GetString(path) };
            else if (HasItem(controllers, "cpu"u8))
                value = value with { CpuV1Path = Encoding.UTF8.GetString(path) };
        }

        return value.V2Path is not null || value.CpuV1Path is not null;
    }

    /// <summary>True when a comma-separated list has the item.</summary>
    internal static bool HasItem(ReadOnlySpan<byte> list, ReadOnlySpan<byte> item)
    {
        while (true)
        {
            var comma = list.IndexOf((byte)',');
            if ((comma < 0 ? list : list[..comma]).SequenceEqual(item))
                return true;
            if (comma < 0)
                return false;
            list = list[(comma + 1)..];
        }
    }
}
