using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Shell;

/// <summary>"Open once, look at that, read that", and "control characters in any message": files that are no files, or a stranger's, and words with escapes.</summary>
public sealed class HostileFilesTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public void Pipes_that_nobody_writes_hold_nothing_up()
    {
        Pipe("kvmtop.json");
        var asConfiguration = Run("--once", "--demo");
        Assert.Equal(2, asConfiguration.ExitCode);
        Assert.Contains("is a pipe, not a regular file", asConfiguration.Stderr, StringComparison.Ordinal);

        var named = Run("--config", Path.Combine(_place.Configuration, "kvmtop.json"), "--once", "--demo");
        Assert.Equal(2, named.ExitCode);
        Assert.Contains("nobody wrote it to its end", named.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public void A_theme_that_is_a_pipe_does_not_hang_the_screen()
    {
        Pipe("themes/night.json");
        using var screen = _place.Start(120, 30, "--demo");
        screen.WaitFor("VMs");
        screen.SendKeys("c", "c", "c", "c", "c", "c", "c", "c", "c", "c", "c", "c", "q");
        Assert.Equal(0, screen.WaitForEnd());
    }

    [Fact]
    public void A_pipe_that_the_caller_holds_is_read()
    {
        var result = Command.Run("sh", ["-c", "echo '{\"dly\": 1}' | \"$@\" --config /dev/stdin --once --demo", "sh", .. KvmTopProgram.CommandLine], TimeSpan.FromSeconds(60));

        Assert.Contains("/dev/stdin: dly: unknown key", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public void A_strangers_configuration_is_not_obeyed_by_root_and_that_is_said()
    {
        Need.Root();
        _ = _place.Write("kvmtop.json", "{ \"path.procfs\": \"/tmp\" }");
        _ = Command.Run("chown", ["-R", "65534:65534", _place.Configuration]);

        var result = Run("--once");

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("belongs to uid 65534, not to root", result.Stderr, StringComparison.Ordinal);
        Assert.Contains("kvmtop.json: not read", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_few_descriptors_are_told_in_a_word()
    {
        Need.Root();
        Assert.SkipUnless(KvmTopProgram.CommandLine.Count == 1, "the runtime that runs the tests itself wants more: only the published program can be asked");
        var result = Command.Run("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", "sh", "-c", "ulimit -n 20; exec \"$@\" --once --demo", "sh", .. KvmTopProgram.CommandLine]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("too few files may be open at once", result.Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--config", "\u001b]0;x\u0007")]
    [InlineData("vm", "start", "\u001b[2J")]
    [InlineData("vm", "run", "--name", "a", "--disk", "/\u009b31m,format=raw")]
    [InlineData("exits", "\u001b[2J")]
    [InlineData("check", "\u001b[2J")]
    [InlineData("undo", "\u001b[2J")]
    [InlineData("audit", "\u001b[2J")]
    [InlineData("\u001b[2J")]
    public void Words_are_told_without_what_a_terminal_obeys(params string[] words)
    {
        var result = Run(words);

        Assert.NotEqual(0, result.ExitCode);
        Assert.DoesNotContain(result.Stdout + result.Stderr, c => char.IsControl(c) && c is not ('\n' or '\t'));
    }

    [Fact]
    public void Names_of_variables_are_told_without_what_a_terminal_obeys()
    {
        var result = KvmTopProgram.Run(["--once"], null, new Dictionary<string, string?> { ["KVMTOP_\u001b[31mX"] = "1" });

        Assert.Equal(2, result.ExitCode);
        Assert.DoesNotContain('\u001b', result.Stderr);
    }

    private CommandResult Run(params string[] words) => KvmTopProgram.Run(words, TimeSpan.FromSeconds(60), _place.Environment.ToDictionary(e => e.Key, e => (string?)e.Value));

    private void Pipe(string name)
    {
        var path = Path.Combine(_place.Configuration, name);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        _ = Command.Run("mkfifo", [path]);
    }
}
