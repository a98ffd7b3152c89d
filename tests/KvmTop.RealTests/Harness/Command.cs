using System.Diagnostics;

namespace KvmTop.RealTests.Harness;

/// <summary>What a program left behind: its exit code (128 + n when signal n killed it), both streams, and how long it ran.</summary>
public sealed record CommandResult(int ExitCode, string Stdout, string Stderr, TimeSpan Elapsed);

/// <summary>Runs a program to its end with a deadline.</summary>
public static class Command
{
    /// <summary>Runs it without a shell and without a terminal; stdin is empty. Killed, and a failure, when it outlives the deadline.</summary>
    public static CommandResult Run(
        string program, IEnumerable<string> arguments, TimeSpan? deadline = null, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>()) start.Environment[name] = value;

        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        process.StandardInput.Close();
        var stdout = process.StandardOutput.ReadToEndAsync();
        var stderr = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(deadline ?? TimeSpan.FromSeconds(30)))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            throw new TimeoutException($"{program} still ran after {clock.Elapsed.TotalSeconds:F1} s; stderr: {stderr.Result}");
        }

        return new CommandResult(process.ExitCode, stdout.Result, stderr.Result, clock.Elapsed);
    }
}
