using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.HarnessTests;

public sealed class KvmTopProgramTests
{
    [Fact]
    public void Run_with_version_exits_0()
    {
        var result = KvmTopProgram.Run("--version");

        Assert.Equal((0, ""), (result.ExitCode, result.Stderr));
    }

    [Fact]
    public void Command_that_outlives_its_deadline_is_killed()
    {
        var failure = Assert.Throws<TimeoutException>(() => Command.Run("/bin/sleep", ["60"], TimeSpan.FromMilliseconds(300)));

        Assert.Contains("sleep", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Command_reports_both_streams_and_the_exit_code()
    {
        var result = Command.Run("/bin/sh", ["-c", "echo out; echo err >&2; exit 5"]);

        Assert.Equal((5, "out\n", "err\n"), (result.ExitCode, result.Stdout, result.Stderr));
    }
}
