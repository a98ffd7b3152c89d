using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm;

public sealed class ChildProcessTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(20);

    [Fact]
    public void Run_program_of_path_gives_its_output()
    {
        var child = ChildProcess.Run("sh", ["-c", "echo hello; echo bad >&2; exit 3"], s_deadline);
        Assert.Equal((3, "hello\n", "bad\n"), (child.ExitCode, System.Text.Encoding.ASCII.GetString(child.Output), System.Text.Encoding.ASCII.GetString(child.Error)));
    }

    [Fact]
    public void Run_name_that_is_in_the_working_directory_only_is_not_installed() => NotFoundIn(Directory.GetCurrentDirectory());

    [Fact]
    public void Run_name_that_is_beside_the_program_only_is_not_installed() => NotFoundIn(Path.GetDirectoryName(Environment.ProcessPath)!);

    [Fact]
    public void Run_beyond_the_deadline_is_ended() => Assert.Contains("no answer within", ChildProcess.Run("sh", ["-c", "sleep 100"], TimeSpan.FromMilliseconds(300)).Reason, StringComparison.Ordinal);

    private static void NotFoundIn(string folder)
    {
        var file = Path.Combine(folder, "kvmtop-test-" + Guid.NewGuid().ToString("N"));
        File.WriteAllText(file, "#!/bin/sh\necho taken\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            Assert.Equal("taken\n", System.Text.Encoding.ASCII.GetString(ChildProcess.Run(file, [], s_deadline).Output));
            var child = ChildProcess.Run(Path.GetFileName(file), [], s_deadline);
            Assert.Equal((null, Path.GetFileName(file) + " is not installed"), (child.ExitCode, child.Reason));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
