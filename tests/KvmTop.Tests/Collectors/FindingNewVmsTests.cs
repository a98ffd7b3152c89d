namespace KvmTop.Tests.Collectors;

/// <summary>How new processes are noticed: by the newest pid that the kernel tells, without listing all processes at each tick.</summary>
public sealed class FindingNewVmsTests : IDisposable
{
    private readonly VmHost _host = new();

    public FindingNewVmsTests()
    {
        _host.Qemu(4000);
        LastPid(4003);
        Assert.Single(_host.Tick());
    }

    [Fact]
    public void Nothing_is_listed_while_nothing_is_started()
    {
        var listed = _host.Files.Listed["/proc"];
        for (var i = 0; i < 5; i++)
        {
            _host.One();
        }

        Assert.Equal(listed, _host.Files.Listed["/proc"]);
    }

    [Fact]
    public void New_vm_is_found_by_its_number_without_a_listing()
    {
        var listed = _host.Files.Listed["/proc"];
        Started(4010);
        LastPid(4013);
        Assert.Equal([4000, 4010], _host.Tick().Select(v => v.Info.Pid));
        Assert.Equal(listed, _host.Files.Listed["/proc"]);
    }

    [Fact]
    public void Thread_that_took_a_number_is_no_process()
    {
        // Whoever asks /proc for the number of a thread is shown the process, with the thread's number for a pid.
        Started(4010, group: 4000);
        LastPid(4010);
        Assert.Equal(4000, _host.One().Info.Pid);
    }

    [Theory]
    [InlineData(9000)]
    [InlineData(300)]
    public void Many_new_processes_and_a_wrap_of_the_numbers_are_listed(int lastPid)
    {
        _host.Qemu(lastPid - 40);
        LastPid(lastPid);
        Assert.Equal(2, _host.Tick().Count);
    }

    [Fact]
    public void Vm_whose_number_was_missed_is_found_by_the_listing_that_comes_now_and_then()
    {
        _host.Qemu(5000);
        _host.One();
        Assert.Equal(2, _host.Tick(10).Count);
    }

    [Fact]
    public void Vm_that_ends_is_gone_for_everybody_in_the_same_tick()
    {
        _host.Files.Remove("/proc/4000");
        Assert.Empty(_host.Tick());
        Assert.Contains("VM gone", Assert.Single(_host.Events).Text);
    }

    [Fact]
    public void Process_that_becomes_a_vmm_later_is_found_without_anything_being_started()
    {
        _host.Process(4500, "/usr/libexec/wrapper", kvm: false, start: 500_000);
        LastPid(4500);
        _host.Files.Write("/proc/4500/status", Status(4500));
        _host.One();
        _host.Files.Link("/proc/4500/exe", "/usr/bin/qemu-system-x86_64");
        _host.Files.Link("/proc/4500/fd/9", "anon_inode:kvm-vm");
        var listed = _host.Files.Listed["/proc"];
        Assert.Contains(_host.Tick(3), v => v.Info.Pid == 4500);
        Assert.Equal(listed, _host.Files.Listed["/proc"]);
    }

    public void Dispose() => _host.Dispose();

    private static string Status(int group) => $"Name:\tqemu\nTgid:\t{group}\nUid:\t0\t0\t0\t0\n";

    private void Started(int pid, int? group = null)
    {
        _host.Qemu(pid);
        _host.Files.Write($"/proc/{pid}/status", Status(group ?? pid));
    }

    private void LastPid(int pid) => _host.Files.Write("/proc/loadavg", FormattableString.Invariant($"0.10 0.20 0.30 1/200 {pid}\n"));
}
