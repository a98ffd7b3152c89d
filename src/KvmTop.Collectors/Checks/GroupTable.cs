using System.Globalization;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>Groups of a host: <c>/etc/group</c> (group(5)), and on the running machine whatever getent(1) knows besides, with a deadline, for a directory server may hang.</summary>
internal sealed class GroupTable(HostRoot host)
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(2);

    private readonly Lazy<Dictionary<ulong, Group>> _groups = new(() => Parse(new ReadBuffer(8192, 4 << 20).ReadAll(host, "/etc/group", out _)));

    /// <summary>The name of a group, or null.</summary>
    public string? NameOf(uint gid) => Find(gid)?.Name;

    /// <summary>True when the user is listed as a member.</summary>
    public bool HasMember(uint gid, string user) => Find(gid)?.Members.Contains(user) == true;

    private Group? Find(uint gid)
    {
        if (_groups.Value.TryGetValue(gid, out var group))
        {
            return group;
        }

        if (!host.IsLive)
        {
            return null;
        }

        var child = ChildProcess.Run("getent", ["group", gid.ToString(CultureInfo.InvariantCulture)], s_deadline);
        return child.ExitCode == 0 && Parse(child.Output).TryGetValue(gid, out group) ? _groups.Value[gid] = group : null;
    }

    private static Dictionary<ulong, Group> Parse(ReadOnlySpan<byte> text)
    {
        var groups = new Dictionary<ulong, Group>();
        foreach (var line in System.Text.Encoding.UTF8.GetString(text).Split('\n', 65536))
        {
            var fields = line.Split(':');
            if (fields.Length >= 4 && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var gid))
            {
                groups.TryAdd(gid, new(HostileText.Clean(fields[0], 64), fields[3].Split(',', StringSplitOptions.RemoveEmptyEntries)));
            }
        }

        return groups;
    }

    private sealed record Group(string Name, string[] Members);
}
