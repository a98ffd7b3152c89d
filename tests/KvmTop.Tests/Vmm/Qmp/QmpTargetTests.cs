using KvmTop.Tests.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm.Qmp;

public sealed class QmpTargetTests
{
    private const string Qemu = "qemu-system-x86_64";

    [Fact]
    public void Socket_is_seen_through_the_process_and_then_as_it_stands() =>
        Assert.Equal(["/proc/7/root/run/vm.sock", "/run/vm.sock"], Find("-qmp", "unix:/run/vm.sock,server=on,wait=off").Paths);

    [Fact]
    public void Relative_socket_is_in_the_working_directory() => Assert.Equal(["/proc/7/cwd/vm.sock"], Find("-qmp", "unix:vm.sock,server,nowait").Paths);

    [Fact]
    public void Chardev_of_a_control_monitor_is_found() =>
        Assert.Equal("/proc/7/root/m", Find("-chardev", """{"backend":"socket","id":"c","path":"/m","server":true}""", "-mon", "chardev=c,mode=control").Paths[0]);

    [Fact]
    public void Socket_set_aside_for_this_program_comes_first() =>
        Assert.Equal("/proc/7/root/b-kvmtop", Find("-qmp", "unix:/a,server=on", "-qmp", "unix:/b-kvmtop,server=on", "-qmp", "unix:/c,server=on").Paths[0]);

    [Theory]
    [InlineData("no monitor")]
    [InlineData("descriptor", "-chardev", "socket,id=m,fd=29,server=on", "-mon", "chardev=m,mode=control")]
    [InlineData("TCP", "-qmp", "tcp:localhost:4444,server=on")]
    [InlineData("connects to somebody else", "-qmp", "unix:/run/vm.sock")]
    [InlineData("owned by libvirt", "-chardev", "socket,id=charmonitor,path=/run/x,server=on", "-mon", "chardev=charmonitor,mode=control")]
    [InlineData("owned by libvirt", "-qmp", "unix:/var/lib/libvirt/qemu/domain-1-a/monitor.sock,server=on")]
    [InlineData("owned by Proxmox VE", "-chardev", "socket,id=qmp,path=/var/run/qemu-server/100.qmp,server=on,wait=off", "-mon", "chardev=qmp,mode=control", "-chardev", "socket,id=qmp-event,path=/var/run/qmeventd.sock,reconnect=5", "-mon", "chardev=qmp-event,mode=control")]
    [InlineData("owned by Proxmox VE", "-qmp", "unix:/run/qemu-server/7.qmp,server=on")]
    [InlineData("owned by Ganeti", "-qmp", "unix:/var/run/ganeti/kvm-hypervisor/ctrl/web.example.org.qmp,server,nowait")]
    [InlineData("owned by Kata Containers", "-qmp", "unix:/run/vc/vm/0af3/qmp.sock,server=on,wait=off")]
    [InlineData("owned by Incus", "-qmp", "unix:/run/incus/web/qemu.monitor,server=on")]
    [InlineData("owned by Lima", "-qmp", "unix:/home/u/.lima/default/qmp.sock,server=on")]
    public void Monitor_that_is_not_for_us_is_refused(string reason, params string[] arguments)
    {
        var target = Find(arguments);
        Assert.Contains(reason, target.Refusal);
        Assert.Empty(target.Paths);
    }

    [Theory]
    [InlineData("0::/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator\n", null, null)]
    [InlineData("4:cpu:/machine/web.libvirt-qemu\n", null, null)]
    [InlineData("0::/\n", "libvirt-qemu", null)]
    [InlineData("0::/\n", null, "/var/lib/libvirt/qemu/domain-1-web")]
    public void Vm_of_libvirt_is_refused_whatever_its_command_line_says(string cgroup, string? user, string? folder)
    {
        var host = new FakeHost();
        host.Write("/proc/7/cgroup", cgroup);
        if (folder is not null)
            host.Link("/proc/7/cwd", folder);
        Assert.Equal("QMP: owned by libvirt", Find(host, user, "-qmp", "unix:monitor.sock,server=on").Refusal);
    }

    [Theory]
    [InlineData("unix:/run/qemu-server/100-kvmtop.qmp,server=on")]
    [InlineData("unix:/var/lib/libvirt/qemu/kvmtop.sock,server=on")]
    public void Socket_set_aside_for_this_program_is_taken_from_any_manager(string qmp)
    {
        var target = Find(new FakeHost(), "libvirt-qemu", "-chardev", "socket,id=charmonitor,fd=29,server=on", "-mon", "chardev=charmonitor,mode=control", "-qmp", qmp);
        Assert.Null(target.Refusal);
        Assert.Contains("kvmtop", target.Paths[0]);
    }

    [Fact]
    public void Second_socket_that_nobody_keeps_is_taken() =>
        Assert.Equal("/proc/7/root/srv/free.sock", Find("-qmp", "unix:/run/qemu-server/100.qmp,server=on", "-qmp", "unix:/srv/free.sock,server=on").Paths[0]);

    [Fact]
    public void Folder_of_a_manager_without_its_file_is_nobodys() => Assert.Null(Find("-qmp", "unix:/home/u/lxd/vm.sock,server=on").Refusal);

    [Fact]
    public void Other_monitor_than_qemu_has_none() => Assert.Contains("only QEMU", QmpTarget.Find(new FakeHost(), 7, new VmDescription { Vmm = VmmKind.Crosvm }, null).Refusal);

    private static QmpTarget Find(params string[] arguments) => Find(new FakeHost(), "root", arguments);

    private static QmpTarget Find(FakeHost host, string? user, params string[] arguments) =>
        QmpTarget.Find(host, 7, VmDescriber.Describe(VmmKind.Qemu, [Qemu, .. arguments]), user);
}
