using System.Globalization;

namespace KvmTop.Actions;

/// <summary>What this process may do beyond its user, from the CapEff line of <c>/proc/self/status</c> (capabilities(7)): root in a container may much less than root.</summary>
internal static class OwnCapabilities
{
    /// <summary>Whether it has a capability; true when the file does not tell.</summary>
    /// <param name="host">The host.</param>
    /// <param name="capability">Its number in linux/capability.h.</param>
    public static bool Has(HostControl host, int capability)
    {
        const string label = "CapEff:";
        foreach (var line in (host.ReadText("/proc/self/status", out _) ?? "").Split('\n'))
        {
            if (line.StartsWith(label, StringComparison.Ordinal) && ulong.TryParse(line.AsSpan(label.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var mask))
                return (mask >> capability & 1) != 0;
        }

        return true;
    }
}
