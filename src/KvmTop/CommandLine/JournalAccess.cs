using KvmTop.Actions;
using KvmTop.Configuration;
using KvmTop.Linux;

namespace KvmTop.CommandLine;

/// <summary>The journal of whoever runs this, for reading.</summary>
internal static class JournalAccess
{
    /// <summary>Opens it; null when there is no home for it.</summary>
    public static Journal? Open(EnvironmentBlock environment)
    {
        var host = new DirectoryHost();
        var actor = LiveControl.ActorOf(host, environment["SUDO_USER"]);
        return Journal.UsualPath(actor.IsRoot, environment["XDG_STATE_HOME"], environment["HOME"]) is { } path ? new Journal(path, new LiveControl(host, static _ => null, actor)) : null;
    }
}
