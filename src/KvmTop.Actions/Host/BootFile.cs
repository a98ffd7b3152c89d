namespace KvmTop.Actions;

/// <summary>
/// Settings for every boot, as lines of a file of our own: <c>/etc/sysctl.d</c> for what sysctl knows (sysctl.d(5)), <c>/etc/tmpfiles.d</c> for files of /sys, which
/// systemd-tmpfiles writes at boot (tmpfiles.d(5), type w). Other lines are kept as they are.
/// </summary>
public static class BootFile
{
    /// <summary>Ours among the files of sysctl.d; late in the order, so that those of packages come before it.</summary>
    public const string Sysctl = "/etc/sysctl.d/90-kvmtop.conf";

    /// <summary>Ours among the files of tmpfiles.d.</summary>
    public const string Tmpfiles = "/etc/tmpfiles.d/kvmtop.conf";

    private const string Heading = "# Written by kvmtop; lines of others are kept.\n";

    /// <summary>Adds to a plan what sets sysctls for every boot; nothing when the file says so already. Null, or why the file cannot be changed.</summary>
    /// <param name="host">The host.</param>
    /// <param name="values">Keys with dots ("vm.swappiness"), and values.</param>
    /// <param name="effects">Where it is added.</param>
    public static Obstacle? SetSysctls(HostControl host, IReadOnlyList<(string Key, string Value)> values, List<Effect> effects) =>
        Edit(host, Sysctl, effects, [.. values.Select(v => (Line: $"{v.Key} = {v.Value}", Owns: (Func<string, bool>)(line => KeyOf(line) == v.Key)))]);

    /// <summary>Adds to a plan what sets files of /sys for every boot; nothing when the file says so already. Null, or why the file cannot be changed.</summary>
    /// <param name="host">The host.</param>
    /// <param name="values">Paths, and what is written to them.</param>
    /// <param name="effects">Where it is added.</param>
    public static Obstacle? SetFiles(HostControl host, IReadOnlyList<(string Path, string Value)> values, List<Effect> effects) =>
        Edit(host, Tmpfiles, effects, [.. values.Select(v => (Line: $"w {v.Path} - - - - {v.Value}", Owns: (Func<string, bool>)(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["w", var path, ..] && path == v.Path)))]);

    /// <summary>What else sets a sysctl at boot and may come later: a sentence for the plan's notes, or nothing.</summary>
    public static IEnumerable<string> OtherSysctls(HostControl host, string key)
    {
        var files = new List<string>();
        _ = host.Files.List("/etc/sysctl.d", files);
        foreach (var file in files.Where(f => f.EndsWith(".conf", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(f => "/etc/sysctl.d/" + f).Append("/etc/sysctl.conf"))
        {
            if (file != Sysctl && host.ReadWhole(file, out _)?.Split('\n').LastOrDefault(l => KeyOf(l) == key) is { } line)
                yield return $"{file} sets it too: {line.Trim()}";
        }
    }

    private static Obstacle? Edit(HostControl host, string path, List<Effect> effects, IReadOnlyList<(string Line, Func<string, bool> Owns)> changes)
    {
        var old = TextFile.ReadLines(host, path, out var fault, out var errno);
        if (fault is not null)
            return TextFile.Refusal(fault, errno);
        var lines = (old ?? Heading).TrimEnd('\n').Split('\n').ToList();
        foreach (var (line, owns) in changes)
        {
            var at = lines.FindIndex(l => owns(l));
            if (at < 0)
                lines.Add(line);
            else
                lines[at] = line;

            // A second line for the same thing would be obeyed after ours.
            for (var i = lines.Count - 1; i > at && at >= 0; i--)
            {
                if (owns(lines[i]))
                    lines.RemoveAt(i);
            }
        }

        var text = string.Join('\n', lines) + "\n";
        if (text != old)
            effects.Add(new ReplaceFileEffect(path, old, text));
        return null;
    }

    // "-key = value" does not mind a key that is not there; keys may be written with slashes.
    private static string? KeyOf(string line)
    {
        var text = line.Trim();
        if (text.Length == 0 || text[0] is '#' or ';')
            return null;
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? null : text[..equals].Trim().TrimStart('-').Replace('/', '.');
    }
}
