using System.Collections.Concurrent;
using System.Reflection;

namespace KvmTop.Tui;

/// <summary>Reads a theme's file, judging whose it is. Null with no problem when there is none.</summary>
/// <param name="path">The file.</param>
/// <param name="most">More bytes than these are a problem.</param>
/// <param name="problem">Why it is not read, with its path.</param>
public delegate byte[]? ThemeReader(string path, int most, out string? problem);

/// <summary>The themes there are: those that travel inside the program, and <c>NAME.json</c> in the directories given, which come first.</summary>
public static class ThemeCatalog
{
    /// <summary>The theme when none is chosen.</summary>
    public const string DefaultName = "kvmtop";

    private const int MaxFileSize = 256 * 1024;
    private const string Prefix = "themes/";
    private const string Suffix = ".json";

    private static readonly ConcurrentDictionary<string, Theme> Shipped = new(StringComparer.Ordinal);

    /// <summary>The theme without colours, for terminals that have none.</summary>
    public static Theme Monochrome => LoadShipped("monochrome");

    /// <summary>The default theme.</summary>
    public static Theme Default => LoadShipped(DefaultName);

    /// <summary>The names of the shipped themes, sorted, the default first.</summary>
    public static IReadOnlyList<string> ShippedNames { get; } = Sorted(
        Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(resource => resource.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(resource => resource[Prefix.Length..^Suffix.Length]));

    /// <summary>The names of all themes, sorted, the default first. Directories that cannot be read hold none.</summary>
    public static IReadOnlyList<string> Names(IEnumerable<string> searchDirectories)
    {
        var names = new HashSet<string>(ShippedNames, StringComparer.Ordinal);
        foreach (var directory in searchDirectories)
        {
            try
            {
                names.UnionWith(Directory.EnumerateFiles(directory, "*" + Suffix).Select(path => Path.GetFileNameWithoutExtension(path)).Where(IsName));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                continue;
            }
        }

        return Sorted(names);
    }

    /// <summary>Loads a theme by name: the first directory that has it, else the shipped one. On a mistake the error begins with the file's path.</summary>
    public static bool TryLoad(string name, IEnumerable<string> searchDirectories, ThemeReader read, out Theme? theme, out string? error)
    {
        theme = null;
        if (!IsName(name))
        {
            error = "a theme's name consists of letters, digits, '.', '-' and '_'";
            return false;
        }

        foreach (var directory in searchDirectories)
        {
            var path = Path.Combine(directory, name + Suffix);
            if (read(path, MaxFileSize, out error) is not { } json)
            {
                if (error is null)
                {
                    continue;
                }

                return false;
            }

            if (!ThemeFile.TryParse(name, json, out theme, out error))
            {
                error = $"{path}: {error}";
                return false;
            }

            return true;
        }

        if (!ShippedNames.Contains(name))
        {
            error = $"there is no theme \"{name}\"; there are {string.Join(", ", Names(searchDirectories))}";
            return false;
        }

        (theme, error) = (LoadShipped(name), null);
        return true;
    }

    private static Theme LoadShipped(string name) => Shipped.GetOrAdd(name, static name =>
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Prefix + name + Suffix) ?? throw new InvalidOperationException($"theme {name} is not in the program");
        var json = new byte[stream.Length];
        stream.ReadExactly(json);
        return ThemeFile.TryParse(name, json, out var theme, out var error) ? theme! : throw new InvalidOperationException($"shipped theme {name}: {error}");
    });

    private static bool IsName(string name)
        => name.Length is > 0 and <= 64 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    private static string[] Sorted(IEnumerable<string> names) => [.. names.OrderBy(name => name == DefaultName ? 0 : 1).ThenBy(name => name, StringComparer.Ordinal)];
}
