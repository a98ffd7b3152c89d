using System.Diagnostics;

namespace KvmTop.RealTests.Harness;

/// <summary>
/// A shell that waits for this process to end, however it ends, and then cleans up: guests and terminals that run as daemons
/// must not outlive a test run that was killed. It notices by the end of file on its stdin.
/// </summary>
internal sealed class Keeper : IDisposable
{
    private readonly Process _shell;

    /// <param name="cleanup">A shell script; its arguments are <c>$1</c>, <c>$2</c>, ..</param>
    /// <param name="arguments">The script's arguments.</param>
    public Keeper(string cleanup, params string[] arguments)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", "while read -r _; do :; done; " + cleanup, "keeper", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Ctrl-C on the terminal of a test run reaches the whole process group: outlive it, to clean up after it.
        start.ArgumentList[1] = "trap '' INT HUP; " + start.ArgumentList[1];
        _shell = Process.Start(start)!;
    }

    /// <summary>Runs the cleanup now and waits for it.</summary>
    public void Dispose()
    {
        _shell.StandardInput.Close();
        if (!_shell.WaitForExit(TimeSpan.FromSeconds(10))) _shell.Kill();
        _shell.Dispose();
    }
}
