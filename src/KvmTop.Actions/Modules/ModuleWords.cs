using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>
/// What may be the name of a module, of a parameter, or a value. They end up in a path below /sys, in modprobe's arguments, in modprobe.d and, by an "install" line
/// there, in somebody's shell: what is plain is let through, and nothing else.
/// </summary>
internal static class ModuleWords
{
    private const int LongestName = 55;
    private const int LongestValue = 200;

    /// <summary>A module's name: letters, digits, "_" and "-", not beginning with "-".</summary>
    public static bool IsName(string text) => text.Length is > 0 and <= LongestName && text[0] != '-' && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    /// <summary>A value: letters, digits and ". , : / + = @ % _ -"; empty too.</summary>
    public static bool IsValue(string text) => text.Length <= LongestValue && text.All(static c => char.IsAsciiLetterOrDigit(c) || ".,:/+=@%_-".Contains(c, StringComparison.Ordinal));

    /// <summary>"NAME=VALUE".</summary>
    public static bool IsAssignment(string text) => text.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals && IsParameter(text[..equals]) && IsValue(text[(equals + 1)..]);

    /// <summary>The name as the kernel spells it, from the words; null with what is wrong.</summary>
    public static string? NameOf(string word, out string mistake)
    {
        mistake = IsName(word) ? "" : $"{HostileText.Clean(word, 60)} is no name of a module: letters, digits, _ and - only";
        return mistake.Length == 0 ? word.Replace('-', '_') : null;
    }

    /// <summary>Parameters from words "NAME=VALUE", each once; null with what is wrong.</summary>
    public static IReadOnlyList<(string Name, string Value)>? Assignments(IEnumerable<string> words, out string mistake)
    {
        var set = new List<(string Name, string Value)>();
        mistake = "";
        foreach (var word in words)
        {
            if (!IsAssignment(word))
            {
                mistake = $"expected PARAMETER=VALUE, found {HostileText.Clean(word, 60)}; a value may have letters, digits and .,:/+=@%_-";
                return null;
            }

            var (name, value) = ModuleProbe.Split(word);
            name = name.Replace('-', '_');
            if (set.Exists(s => s.Name == name))
            {
                mistake = $"{name} is given twice";
                return null;
            }

            set.Add((name, value));
        }

        return set;
    }

    private static bool IsParameter(string text) => text.Length <= LongestName && text[0] != '-' && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
}
