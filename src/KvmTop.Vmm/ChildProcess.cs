using System.ComponentModel;
using System.Diagnostics;

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

    /// <summary>Runs it. Never throws.</summary>
    /// <param name="program">A path, or a program found by PATH alone: .NET by itself would take one of that name beside kvmtop or in the working directory first.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="deadline">After this it is killed.</param>
    public static ChildResult Run(string program, IReadOnlyList<string> arguments, TimeSpan deadline)
    {
        if (Find(program) is not { } path)
        {
            return new ChildResult(null, [], [], $"{program} is not installed");
        }

        var start = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };

        // What it prints is read by a machine, and its debuginfo servers and pagers are nobody's business here.
        start.Environment["LC_ALL"] = "C";
        try
        {
            using var process = new Process { StartInfo = start };
            process.Start();
            process.StandardInput.Close();
            var output = Drain(process.StandardOutput.BaseStream);
            var error = Drain(process.StandardError.BaseStream);
            if (!process.WaitForExit((int)deadline.TotalMilliseconds))
            {
                process.Kill(entireProcessTree: true);
                return new ChildResult(null, [], [], $"{program}: no answer within {deadline.TotalSeconds:0.#} s");
            }

            // A grandchild may hold the pipes open: what has come until now is what there is.
            _ = Task.WaitAll([output, error], TimeSpan.FromSeconds(1));
            return new ChildResult(process.ExitCode, Result(output), Result(error), null);
        }
        catch (Win32Exception e)
        {
            return new ChildResult(null, [], [], e.NativeErrorCode == 2 ? $"{program} is not installed" : $"{program}: {e.Message}");
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return new ChildResult(null, [], [], $"{program}: {e.Message}");
        }
    }

    // An empty or relative entry of PATH is the working directory, which may be anybody's.
    private static string? Find(string program)
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

    private static byte[] Result(Task<byte[]> task) => task.IsCompletedSuccessfully ? task.Result : [];

    /// <summary>Reads to the end, so that the child never waits for us, and keeps the beginning.</summary>
    private static Task<byte[]> Drain(Stream stream) => Task.Run(() =>
    {
        using var kept = new MemoryStream();
        var buffer = new byte[16384];
        try
        {
            for (int n; (n = stream.Read(buffer)) > 0;)
            {
                kept.Write(buffer, 0, (int)Math.Min(n, MostOutput - kept.Length));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Killed at its deadline: the caller says so.
        }

        return kept.ToArray();
    });
}
