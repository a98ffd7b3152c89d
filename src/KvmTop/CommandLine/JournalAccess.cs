using KvmTop.Actions;
using KvmTop.Configuration;
using KvmTop.Linux;

namespace KvmTop.CommandLine;

/// <summary>The journal of whoever runs this.</summary>
internal static class JournalAccess
{
    /// <summary>Where it lies; null when there is no home for it.</summary>
    public static string? PathOf(EnvironmentBlock environment) => Journal.UsualPath(SystemInfo.EffectiveUserId == 0, environment["XDG_STATE_HOME"], environment["HOME"]);

    /// <summary>Opens it for reading, and for keeping what would be taken back; null when there is no home for it.</summary>
    public static Journal? Open(EnvironmentBlock environment, HostRoot host) =>
        PathOf(environment) is { } path ? new Journal(path, new LiveControl(host, static _ => null, environment["SUDO_USER"])) : null;
}
