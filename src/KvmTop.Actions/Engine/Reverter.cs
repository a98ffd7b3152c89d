using System.Globalization;

namespace KvmTop.Actions;

/// <summary>Takes a change back after a while unless it is kept: another run of this program, in a session of its own, that outlives this one and the terminal.</summary>
internal static class Reverter
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(5);

    /// <summary>Starts it. Returns why it could not be, or null.</summary>
    public static string? Start(HostControl host, string id, TimeSpan after)
    {
        if (Environment.ProcessPath is not { } self)
            return "this program does not know where it is";
        var seconds = Math.Ceiling(after.TotalSeconds).ToString(CultureInfo.InvariantCulture);

        // Run by the dotnet host, as a build of a developer's, the program is its first argument.
        var program = Environment.GetCommandLineArgs()[0];
        string[] command = program.EndsWith(".dll", StringComparison.Ordinal) ? [self, program] : [self];

        // setsid(1) of util-linux: away from the terminal, so that neither Ctrl-C nor a lost connection takes it along.
        var result = host.Run(["setsid", "--fork", .. command, UndoPlan.ActionName, id, "--after", seconds, "--yes", "--unless-kept"], s_deadline);
        return result.ExitCode == 0 ? null : result.Reason ?? "setsid failed";
    }
}
