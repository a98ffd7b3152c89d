namespace KvmTop.Configuration;

/// <summary>Which configuration files a run reads, the weaker first, and where the setup screen saves.</summary>
/// <param name="System">The administrator's file; may be missing.</param>
/// <param name="User">The user's file, or null when there is no home directory; may be missing.</param>
/// <param name="Explicit">The file of <c>--config</c>, read instead of both; must exist.</param>
public sealed record ConfigurationFiles(string System, string? User, string? Explicit = null)
{
    /// <summary>The administrator's file.</summary>
    public const string SystemPath = "/etc/kvmtop/kvmtop.json";

    /// <summary>Where the setup screen saves; null when there is nowhere.</summary>
    public string? Writable => Explicit ?? User;

    /// <summary>The usual files, by the XDG base directory specification: a relative XDG_CONFIG_HOME is ignored.</summary>
    public static ConfigurationFiles Usual(EnvironmentBlock environment)
    {
        var home = environment["XDG_CONFIG_HOME"] is { } xdg && xdg.StartsWith('/')
            ? xdg
            : environment["HOME"] is { } user && user.StartsWith('/') ? Path.Combine(user, ".config") : null;
        return new ConfigurationFiles(SystemPath, home is null ? null : Path.Combine(home, "kvmtop", "kvmtop.json"));
    }
}
