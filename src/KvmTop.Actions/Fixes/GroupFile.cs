using System.Globalization;

namespace KvmTop.Actions;

/// <summary>A group of <c>/etc/group</c> (group(5)).</summary>
/// <param name="Name">Its name.</param>
/// <param name="Gid">Its number.</param>
/// <param name="Members">Those listed; not those whose first group it is.</param>
internal sealed record GroupFile(string Name, uint Gid, IReadOnlyList<string> Members)
{
    /// <summary>The file.</summary>
    public const string Place = "/etc/group";

    private const int MostGroups = 65536;

    /// <summary>The group of this name, or of this number.</summary>
    public static GroupFile? Find(HostControl host, string? name, uint? gid)
    {
        foreach (var line in (host.ReadText(Place, out _) ?? "").Split('\n', MostGroups))
        {
            var fields = line.Split(':');
            if (fields.Length >= 4 && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && (fields[0] == name || number == gid))
                return new GroupFile(fields[0], number, fields[3].Split(',', StringSplitOptions.RemoveEmptyEntries));
        }

        return null;
    }
}
