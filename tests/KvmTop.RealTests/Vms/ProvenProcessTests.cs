using System.Globalization;
using KvmTop.Actions;
using KvmTop.Linux;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Vms;

/// <summary>Class: who is acted on is proved by the side that acts. A pid that somebody wrote down is no proof; the lock that QEMU holds on its pid file is.</summary>
public sealed class ProvenProcessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvmtop-pid-").FullName;
    private readonly LiveControl _host = new(new DirectoryHost(), _ => null, null, "off");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Undo_of_a_start_that_was_cut_off_leaves_whoever_has_the_pid_now_alone()
    {
        using var innocent = FakeVmm.Start("-name", "guest=cut", "-pidfile", Path.Combine(_folder, "cut.pid"));
        File.WriteAllText(Path.Combine(_folder, "cut.pid"), innocent.Pid.ToString(CultureInfo.InvariantCulture));

        var result = new QuitVmEffect("cut", _folder, null).Apply(_host, _ => { });

        Assert.True(innocent.IsAlive);
        Assert.Contains("nobody holds its pid file", result.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Undo_of_a_start_that_was_cut_off_ends_the_qemu_that_holds_the_pid_file()
    {
        var file = Path.Combine(_folder, "cut.pid");
        using var keeper = new Keeper("""[ -s "$1" ] && kill -9 "$(cat "$1")" 2>/dev/null""", file);
        var started = Command.Run(Need.Qemu(), ["-name", "guest=cut", "-pidfile", file, "-machine", "none", "-accel", "tcg", "-display", "none", "-nodefaults", "-daemonize"]);
        Assert.True(started.ExitCode == 0, started.Stderr);
        var pid = int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture);
        Assert.Equal(pid, FileLock.HolderOf(file));
        var other = new QuitVmEffect("other", _folder, null).Apply(_host, _ => { });
        Assert.Equal("nobody holds its pid file: it had not started, or had ended already", other.Problem);
        Assert.True(Native.IsAlive(pid));

        Assert.True(new QuitVmEffect("cut", _folder, null).Apply(_host, _ => { }).Done);
        Assert.False(Native.IsAlive(pid));
    }
}
