using System.Diagnostics;
using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>What a child process came to.</summary>
/// <param name="ExitCode">Its exit code; null when it did not start or did not end in time.</param>
/// <param name="Output">The beginning of its standard output.</param>
/// <param name="Error">The beginning of its standard error.</param>
/// <param name="Reason">Why there is no exit code.</param>
public sealed record ChildResult(int? ExitCode, byte[] Output, byte[] Error, string? Reason);

/// <summary>
/// Runs a program that prints something and ends: by an argument vector and no shell, with all its streams redirected, a deadline, and a bound on what is
/// kept of its output. For asking the running machine; a captured host has no programs.
/// </summary>
public static class ChildProcess
{
    private const int MostOutput = 4 << 20;

    // Where modprobe and mount are, also for who became root with the PATH of a user.
    private const string SystemFolders = ":/usr/sbin:/sbin";
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    // A grandchild may hold the pipes open: what has come until then is what there is.
    private static readonly TimeSpan s_lastWords = TimeSpan.FromSeconds(1);

    // What it prints is read by a machine.
    private static readonly (string, string)[] s_variables = [("LC_ALL", "C")];

    /// <summary>Runs it. Never throws.</summary>
    /// <param name="program">A path, or a program found by PATH alone, never one of the working directory.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="deadline">After this it is killed.</param>
    public static ChildResult Run(string program, IReadOnlyList<string> arguments, TimeSpan deadline)
    {
        if (Find(program) is not { } path)
        {
            return new ChildResult(null, [], [], $"{program} is not installed");
        }

        var errno = SpawnedProcess.Start(path, arguments, s_variables, out var started);
        if (started is null)
        {
            return new ChildResult(null, [], [], errno == Errno.ENOENT ? $"{program} is not installed" : $"{program}: {errno.Describe()}");
        }

        using var process = started;
        var (output, error) = (new List<byte>(), new List<byte>());
        var clock = Stopwatch.StartNew();
        while (process.ExitCode is null)
        {
            if (deadline - clock.Elapsed is not { Ticks: > 0 } left)
            {
                process.Kill();
                return new ChildResult(null, [], [], $"{program}: no answer within {deadline.TotalSeconds:0.#} s");
            }

            process.Listen(left, output, error, MostOutput);
        }

        clock.Restart();
        while (!process.IsSilent && s_lastWords - clock.Elapsed is { Ticks: > 0 } left)
        {
            process.Listen(left, output, error, MostOutput);
        }

        return new ChildResult(process.ExitCode, [.. output], [.. error], null);
    }

    /// <summary>Where a program is, by PATH and the system's own directories; null when it is nowhere. An empty or relative entry of PATH is the working directory, which may be anybody's: passed over.</summary>
    public static string? Find(string program)
    {
        if (program.Contains('/', StringComparison.Ordinal))
        {
            return program;
        }

        foreach (var folder in ((Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin") + SystemFolders).Split(':'))
        {
            if (folder.StartsWith('/') && Path.Combine(folder, program) is var path && File.Exists(path) && (File.GetUnixFileMode(path) & Executable) != 0)
            {
                return path;
            }
        }

        return null;
    }
}
