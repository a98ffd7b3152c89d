using KvmTop.Collectors;

namespace KvmTop.Tests.Collectors;

/// <summary>
/// A process that only has QEMU's program was listed as a second VM of the same name, "tcg": its vCPUs and memory counted twice, a warning on a healthy guest, and actions by name refused.
/// </summary>
public sealed class HelperProcessTests : IDisposable
{
    private readonly VmHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Cleanup_process_of_async_teardown_is_no_vm()
    {
        _host.Qemu(4000).Process(4003, kvm: false).Stat(4003, "cleanup/4000", parent: 4000);
        _host.Files.Remove("/proc/4003/fd/0");
        Assert.Equal(4000, _host.One().Info.Pid);
        Assert.Empty(VmLookup.Find([.. _host.Tick().Select(v => v.Info)], "vm4003", 0, whole: true).Found);
    }

    // Without the right to look at descriptors nothing but its name and its single thread tell.
    [Fact]
    public void Cleanup_process_of_another_user_is_no_vm()
    {
        _host.Qemu(4000).Fail("/proc/4000/fd").Fail("/proc/4000/exe").Process(4003, kvm: false).Stat(4003, "cleanup/4000", parent: 4000).Fail("/proc/4003/fd");
        Assert.Equal(4000, _host.One().Info.Pid);
        Assert.Equal(1, ((VmsModel)_host.State.Value!).Unconfirmed);
    }

    [Fact]
    public void Process_that_has_closed_everything_is_no_vm()
    {
        _host.Process(4000, kvm: false);
        _host.Files.Remove("/proc/4000/fd/0");
        _host.Files.Write("/proc/4000/fd/.keep", "");
        Assert.Empty(_host.Tick());
    }

    [Fact]
    public void Fork_on_its_way_to_another_program_is_no_vm()
    {
        _host.Qemu(4000).Process(4003, kvm: false).Stat(4003, "qemu-system-x86", parent: 4000);
        Assert.Equal(4000, _host.One().Info.Pid);
    }

    // -daemonize: the parent waits until the child has started.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Parent_of_a_daemon_that_starts_is_no_vm(bool childHasKvm)
    {
        _host.Process(4000, kvm: false).Stat(4000, "qemu-system-x86", threads: 2).Process(4001, kvm: childHasKvm).Stat(4001, "qemu-system-x86", threads: 5, parent: 4000);
        Assert.Equal(4001, _host.One().Info.Pid);
    }

    [Fact]
    public void Zombie_that_nobody_knew_as_a_vm_is_none()
    {
        _host.Process(4000, kvm: false).Stat(4000, "qemu-system-x86", 'Z').Fail("/proc/4000/fd", KvmTop.Linux.Errno.ENOENT).Fail("/proc/4000/exe", KvmTop.Linux.Errno.ENOENT);
        Assert.Empty(_host.Tick());
        Assert.Equal(0, ((VmsModel)_host.State.Value!).Unconfirmed);
    }

    [Fact]
    public void Zombie_that_was_a_vm_stays_one_until_its_parent_asks()
    {
        _host.Process(4000, kvm: false).Stat(4000, "qemu-system-x86", threads: 3);
        _host.Tick();
        _host.Files.Remove("/proc/4000/fd/0");
        _host.Files.Write("/proc/4000/fd/.keep", "");
        _host.Stat(4000, "qemu-system-x86", 'Z');
        Assert.Equal(VmState.Zombie, _host.One(2).State);
    }

    [Theory]
    [InlineData("-machine\0none,accel=kvm:tcg\0")]
    [InlineData("-M\0none\0-nographic\0")]
    [InlineData("-version\0")]
    [InlineData("-cpu\0help\0")]
    public void Question_to_qemu_is_no_vm(string arguments)
    {
        _host.Process(4000, kvm: false, commandLine: "/usr/bin/qemu-system-x86_64\0" + arguments).Process(5000, commandLine: "/usr/bin/qemu-system-x86_64\0" + arguments);
        Assert.Empty(_host.Tick());
        Assert.Empty(_host.Events);
    }

    // What a process says of itself hides no guest that runs.
    [Fact]
    public void Vm_that_calls_itself_a_question_is_a_vm_as_soon_as_it_has_a_vcpu()
    {
        _host.Qemu(4000, commandLine: "/usr/bin/qemu-system-x86_64\0-machine\0none\0-name\0x\0");
        Assert.Empty(_host.Tick());
        _host.Files.Link("/proc/4000/fd/28", "anon_inode:kvm-vcpu:0");
        Assert.Equal("x", _host.One().Info.Name);
        Assert.Equal("kvm", _host.One().Info.Accelerator);
    }

    [Fact]
    public void Links_that_may_not_be_read_prove_no_emulation()
    {
        _host.Process(4000, kvm: false).Fail("/proc/4000/fd/0");
        var vm = _host.One();
        Assert.Equal((null, false), (vm.Info.Accelerator, vm.Info.Confirmed));
        Assert.Contains("needs root", _host.Figure("accel").MissingReason);
    }

    [Theory]
    [InlineData("-accel\0kvm\0", null)]
    [InlineData("-enable-kvm\0", null)]
    [InlineData("-machine\0pc,accel=kvm\0", null)]
    [InlineData("-machine\0pc,accel=kvm:tcg\0", "tcg")]
    [InlineData("-accel\0kvm\0-accel\0tcg\0", "tcg")]
    [InlineData("-accel\0xen\0", "xen")]
    [InlineData("-accel\0mshv\0", "mshv")]
    [InlineData("", "tcg")]
    public void Emulation_is_told_only_where_qemu_may_emulate(string arguments, string? accelerator)
    {
        _host.Process(4000, kvm: false, commandLine: "/usr/bin/qemu-system-x86_64\0" + arguments);
        Assert.Equal(accelerator, _host.One().Info.Accelerator);
        if (accelerator is null)
            Assert.Equal("its command line wants KVM alone, and it has no KVM descriptor", _host.Figure("accel").MissingReason);
    }

    [Fact]
    public void Guests_of_two_managers_that_share_nothing_stay_two()
    {
        _host.Process(4000, kvm: false).Process(5000, kvm: false, commandLine: "/usr/bin/qemu-system-x86_64\0-name\0vm4000\0");
        Assert.Equal(2, _host.Tick().Count);
    }
}
