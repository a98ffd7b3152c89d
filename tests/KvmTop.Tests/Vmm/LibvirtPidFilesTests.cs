using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm;

/// <summary>Class: who is acted on is proved by the side that acts. libvirt's own pid file says which process a domain is.</summary>
public sealed class LibvirtPidFilesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("kvmtop-lvpid").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("qemu:///system", "/run/libvirt/qemu")]
    [InlineData("qemu+unix:///system", "/run/libvirt/qemu")]
    [InlineData("qemu:///session", "/run/user/7/libvirt/qemu/run")]
    [InlineData("ch:///system", "/run/libvirt/ch")]
    public void Process_that_the_file_names_is_the_domain_and_no_other(string uri, string folder)
    {
        Write($"{folder}/db1.pid", "4711\n");

        Assert.Null(Of(uri).Dispute("db1", 4711));
        Assert.Equal("it runs domain db1 as process 4711, not as process 4712", Of(uri).Dispute("db1", 4712));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x\n")]
    [InlineData("4711 4712\n")]
    public void File_that_says_nothing_proves_nothing(string text)
    {
        Write("/run/libvirt/qemu/db1.pid", text);

        Assert.Contains("cannot be told", Of("qemu:///system").Dispute("db1", 4711), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("xen:///system")]
    [InlineData("test:///default")]
    [InlineData("")]
    public void Driver_that_keeps_no_pid_files_proves_nothing(string uri) => Assert.Contains("cannot be told", Of(uri).Dispute("db1", 1), StringComparison.Ordinal);

    [Theory]
    [InlineData("../db1")]
    [InlineData("")]
    public void Name_that_is_no_file_proves_nothing(string name)
    {
        Write("/run/libvirt/db1.pid", "4711\n");

        Assert.Contains("cannot be told", Of("qemu:///system").Dispute(name, 4711), StringComparison.Ordinal);
    }

    [Fact]
    public void Domain_without_a_file_runs_as_no_process() => Assert.Equal("its domain db1 runs as no process that it knows", Of("qemu:///system").Dispute("db1", 4711));

    [Fact]
    public void File_of_another_user_is_not_believed()
    {
        Write("/run/libvirt/qemu/db1.pid", "4711\n");
        var owner = SystemInfo.EffectiveUserId;
        var files = new LibvirtPidFiles(new DirectoryHost(_root), "qemu:///system", owner + 1, null, null);

        Assert.Equal(owner == 0, files.Dispute("db1", 4711) is null);
    }

    [Fact]
    public void Lock_names_its_holder_and_a_file_that_was_left_behind_has_none()
    {
        var path = Path.Combine(_root, "pid");
        using (var file = new FileStream(path, FileMode.Create))
        {
            Assert.Equal(0, FileLock.HolderOf(path));
            file.Lock(0, 1);
            Assert.Equal(Environment.ProcessId, FileLock.HolderOf(path));
        }

        Assert.Equal(0, FileLock.HolderOf(path));
        Assert.Null(FileLock.HolderOf(path + "x"));
    }

    private LibvirtPidFiles Of(string uri) => new(new DirectoryHost(_root), uri, SystemInfo.EffectiveUserId, "/run/user/7", "/home/a");

    private void Write(string path, string text)
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(_root + path)!);
        using var file = new FileStream(_root + path, FileMode.Create);
        file.Write(System.Text.Encoding.UTF8.GetBytes(text));
    }
}
