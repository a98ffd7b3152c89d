using System.Text;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm;

public sealed class ChildProcessTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public void Run_keeps_both_outputs_and_the_exit_code()
    {
        var child = Shell("echo out; echo err >&2; exit 3");

        Assert.Equal((3, "out\n", "err\n", null), (child.ExitCode, Text(child.Output), Text(child.Error), child.Reason));
    }

    [Fact]
    public void Run_hands_arguments_over_as_they_are()
    {
        var child = ChildProcess.Run("printf", ["%s|", "a b", "", "$HOME", "ü"], s_deadline);

        Assert.Equal("a b||$HOME|ü|", Text(child.Output));
    }

    [Fact]
    public void Run_of_a_program_that_is_missing_says_so() =>
        Assert.Equal((null, "kvmtop-no-such-program is not installed"), (ChildProcess.Run("kvmtop-no-such-program", [], s_deadline) is var child ? child.ExitCode : 0, child.Reason));

    [Fact]
    public void Run_name_that_is_in_the_working_directory_only_is_not_installed() => NotFoundIn(Directory.GetCurrentDirectory());

    [Fact]
    public void Run_name_that_is_beside_the_program_only_is_not_installed() => NotFoundIn(Path.GetDirectoryName(Environment.ProcessPath)!);

    [Fact]
    public void Run_past_its_deadline_ends_the_program_and_what_it_started()
    {
        var file = Path.GetTempFileName();
        try
        {
            var child = ChildProcess.Run("/bin/sh", ["-c", $"sleep 300 & echo $! > {file}; wait"], TimeSpan.FromSeconds(1));

            Assert.Equal("/bin/sh: no answer within 1 s", child.Reason);
            Assert.True(SpinWait.SpinUntil(() => HasEnded(File.ReadAllText(file).Trim()), s_deadline));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Run_does_not_wait_for_a_grandchild_that_holds_the_pipes()
    {
        // It outlives any patience: that this returns before the grandchild is ended is the proof.
        var child = Shell("sleep 100000 & echo $!");
        var grandchild = Text(child.Output).Trim();

        Assert.Equal(0, child.ExitCode);
        Assert.Equal(0, Shell("kill " + grandchild).ExitCode);
    }

    [Fact]
    public void Run_keeps_the_beginning_of_a_flood()
    {
        var child = Shell("head -c 6000000 /dev/zero; echo end >&2");

        Assert.Equal((0, 4 << 20, "end\n"), (child.ExitCode, child.Output.Length, Text(child.Error)));
    }

    [Fact]
    public void Run_gives_nothing_to_read_and_the_language_of_machines() => Assert.Equal("0 C en", Text(Shell("echo $(wc -c) $LC_ALL $KVMTOP_NONE en").Output).Trim().Replace("  ", " ", StringComparison.Ordinal));

    [Fact]
    public void Run_of_a_program_that_is_killed_tells_the_signal() => Assert.Equal(128 + 9, Shell("kill -9 $$").ExitCode);

    [Fact]
    public void Run_lets_a_broken_pipe_end_the_program() => Assert.Equal("141", Text(ChildProcess.Run("bash", ["-c", "yes | head -n 1 >/dev/null; echo ${PIPESTATUS[0]}"], s_deadline).Output).Trim());

    private static ChildResult Shell(string script) => ChildProcess.Run("/bin/sh", ["-c", script], s_deadline);

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    // A zombie that nobody reaps has ended too.
    private static void NotFoundIn(string folder)
    {
        var file = Path.Combine(folder, "kvmtop-test-" + Guid.NewGuid().ToString("N"));
        File.WriteAllText(file, "#!/bin/sh\necho taken\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            Assert.Equal("taken\n", Text(ChildProcess.Run(file, [], s_deadline).Output));
            var child = ChildProcess.Run(Path.GetFileName(file), [], s_deadline);
            Assert.Equal((null, Path.GetFileName(file) + " is not installed"), (child.ExitCode, child.Reason));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static bool HasEnded(string pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/stat").Split(' ') is [_, _, "Z", ..];
        }
        catch (IOException)
        {
            return true;
        }
    }
}
