using KvmTop.Linux;
using KvmTop.Tui;

namespace KvmTop.Screen;

/// <summary>The theme on the screen. A theme that breaks while running leaves the last good one in place.</summary>
internal sealed class Themes
{
    private readonly IReadOnlyList<string> _directories;

    private Themes(Theme theme, IReadOnlyList<string> directories)
    {
        (Current, _directories) = (theme, directories);
    }

    /// <summary>The theme on the screen.</summary>
    public Theme Current { get; private set; }

    /// <summary>The names of all themes.</summary>
    public IReadOnlyList<string> Names => ThemeCatalog.Names(_directories);

    /// <summary>Opens with a theme; null, with what is wrong, when it cannot be used.</summary>
    public static Themes? TryOpen(string name, IReadOnlyList<string> directories, out string? problem) =>
        ThemeCatalog.TryLoad(name, directories, Read, out var theme, out problem) ? new Themes(theme!, directories) : null;

    /// <summary>Changes the theme; false, with what is wrong, when it cannot be used.</summary>
    public bool TryUse(string name, out string? problem)
    {
        if (!ThemeCatalog.TryLoad(name, _directories, Read, out var theme, out problem))
        {
            return false;
        }

        Current = theme!;
        return true;
    }

    /// <summary>A file is taken only where nobody else could have put it, and never waited for: this is the thread that draws.</summary>
    internal static byte[]? Read(string path, int most, out string? problem)
    {
        var refusal = TrustedFile.Read(path, most, out var bytes, groupAbove: true);
        problem = refusal is null or { IsMissing: true } ? null : refusal.Reason;
        return refusal is null ? bytes : null;
    }
}
