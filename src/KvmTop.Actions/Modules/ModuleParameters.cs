using KvmTop.Collectors;

namespace KvmTop.Actions;

/// <summary>With which parameters a module must be loaded to be as it is now.</summary>
internal static class ModuleParameters
{
    /// <summary>
    /// Those that modprobe.d or the kernel command line sets, with the values of now; those that are not what nobody's setting makes them; and, of those whose
    /// default is not known, what the module calls plain numbers and flags. Others are left to the module: what it shows is not always what it takes.
    /// </summary>
    public static IReadOnlyList<string> Kept(ModuleEntry entry, IReadOnlyList<(string Name, string Value)> besides)
    {
        var kept = new List<string>();
        foreach (var parameter in entry.Parameters)
        {
            if (parameter.Value is { } value && besides.All(s => s.Name != parameter.Name) && IsKept(parameter, value))
                kept.Add($"{parameter.Name}={value}");
        }

        return kept;
    }

    private static bool IsKept(ParameterEntry parameter, string value)
    {
        if (value.Length == 0 || !ModuleWords.IsValue(value) || !ModuleWords.IsAssignment($"{parameter.Name}={value}"))
            return false;
        if (parameter.Settings.Count > 0)
            return true;
        return parameter.Default is { } usual
            ? usual != "auto" && !ParameterEntry.Same(value, usual)
            : parameter.Type is "bool" or "int" or "uint" or "short" or "ushort" or "byte" or "long" or "ulong" && (value is "Y" or "N" || long.TryParse(value, out _));
    }
}
