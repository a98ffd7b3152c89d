using System.Text;
using KvmTop.Collectors;

namespace KvmTop.Actions;

/// <summary>
/// Parameters for every boot: <c>/etc/modprobe.d/kvmtop.conf</c> (modprobe.d(5)). Its other lines are kept as they are. Files are read in the order of their names and
/// the kernel command line after them; of two settings the last counts.
/// </summary>
internal static class ModprobeFile
{
    /// <summary>The file.</summary>
    public const string Path = "/etc/modprobe.d/kvmtop.conf";

    private const string Header = "# Parameters of kernel modules, set by kvmtop for every boot.\n";

    /// <summary>Adds to a plan what makes parameters hold at every boot: the file, what would win over it, and what it contradicts.</summary>
    public static void Plan(HostControl host, ModuleEntry entry, IReadOnlyList<(string Name, string Value)> set, List<Effect> effects, List<Obstacle> obstacles, List<string> notes)
    {
        var missing = new List<(string Name, string Value)>();
        foreach (var (name, value) in set)
        {
            var settings = entry.Parameters.FirstOrDefault(p => p.Name == name)?.Settings ?? [];
            foreach (var setting in settings)
            {
                if (ParameterEntry.Same(setting.Value, value) || IsOwn(setting))
                    continue;
                if (WinsOver(setting))
                    obstacles.Add(Obstacle.Refused($"it would not hold at the next boot: {setting.Where} says {name}={setting.Value}, and counts after {Path}", "remove that, or leave out --persist"));
                else
                    notes.Add($"{setting.Where} says {name}={setting.Value}; {Path} is read after it and wins.");
            }

            if (settings.Count > 0 && ParameterEntry.Same(settings[^1].Value, value))
                notes.Add($"{settings[^1].Where} says {name}={settings[^1].Value} for every boot already.");
            else
                missing.Add((name, value));
        }

        if (missing.Count == 0)
            return;
        var old = TextFile.ReadLines(host, Path, out var fault, out var errno);
        if (fault is not null)
            obstacles.Add(TextFile.Refusal(fault, errno));
        else
            effects.Add(new ReplaceFileEffect(Path, old, With(old, entry.Module.Name, missing)));
        if (entry.Module.Name.StartsWith("vfio", StringComparison.Ordinal))
            notes.Add("Where the initial RAM disk loads it, that has a copy of modprobe.d of its own: make it anew (update-initramfs -u, dracut -f).");
    }

    /// <summary>The text of the file with some parameters of a module set to these values and no others.</summary>
    public static string With(string? text, string module, IReadOnlyList<(string Name, string Value)> set)
    {
        var lines = Logical(text ?? Header);
        var place = -1;
        for (var i = 0; i < lines.Count; i++)
        {
            var words = Words(lines[i].Replace("\\\n", " ", StringComparison.Ordinal));
            if (words.Count < 2 || words[0] != "options" || words[1].Replace('-', '_') != module)
                continue;
            place = i;
            List<string> others = [.. words.Take(2), .. words.Skip(2).Where(w => set.All(s => s.Name != NameOf(w)))];
            if (others.Count < words.Count)
                lines[i] = string.Join(' ', others);
        }

        var added = string.Join(' ', set.Select(s => $"{s.Name}={s.Value}"));
        if (place < 0)
            lines.Add($"options {module} {added}");
        else
            lines[place] = $"{lines[place].TrimEnd()} {added}";

        // An options line that has lost all it said goes; that with the new values never is one.
        lines.RemoveAll(l => Words(l) is ["options", var name] && name.Replace('-', '_') == module);
        return string.Join('\n', lines) + "\n";
    }

    private static bool IsOwn(ParameterSetting setting) => setting.Where.StartsWith(Path + ":", StringComparison.Ordinal);

    private static bool WinsOver(ParameterSetting setting)
    {
        if (!setting.Where.StartsWith('/'))
            return true;
        var file = setting.Where[..setting.Where.LastIndexOf(':')];
        return string.CompareOrdinal(file[(file.LastIndexOf('/') + 1)..], Path[(Path.LastIndexOf('/') + 1)..]) > 0;
    }

    /// <summary>The lines; what a backslash continues stays together.</summary>
    private static List<string> Logical(string text)
    {
        var lines = new List<string>();
        var joined = new StringBuilder();
        foreach (var line in text.TrimEnd('\n').Split('\n'))
        {
            joined.Append(line);
            if (line.EndsWith('\\'))
            {
                joined.Append('\n');
                continue;
            }

            lines.Add(joined.ToString());
            joined.Clear();
        }

        if (joined.Length > 0)
            lines.Add(joined.ToString());
        return lines;
    }

    /// <summary>Words between blanks; blanks in double quotes belong to a word.</summary>
    private static List<string> Words(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var quoted = false;
        foreach (var c in line + " ")
        {
            quoted ^= c == '"';
            if (quoted || c is not (' ' or '\t'))
                word.Append(c);
            else if (word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }
        }

        if (word.Length > 0)
            words.Add(word.ToString().TrimEnd());
        return words;
    }

    private static string NameOf(string word) => ModuleProbe.Split(word).Name.Replace('-', '_');
}
