using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm.Launching;

public sealed class QemuLaunchTests
{
    private static readonly LaunchFiles s_files = new("/run/kv,top", "a");

    [Fact]
    public void Build_least_definition_has_sound_defaults() => Assert.Equal(
        "qemu -name guest=a,debug-threads=on -uuid " + QemuLaunch.Identity("h", "a") + " -nodefaults -no-user-config "
        + $"-machine {QemuLaunch.DefaultMachine},accel=kvm,memory-backend=ram0 -cpu host -smp 2 -m 1024M -object memory-backend-ram,id=ram0,size=1024M "
        + "-device virtio-rng-pci -device virtio-balloon-pci,id=balloon0 -chardev socket,id=console0,path=/run/kv,,top/a.console,server=on,wait=off -serial chardev:console0 "
        + "-display none -qmp unix:/run/kv,,top/a.qmp,server=on,wait=off -sandbox on,obsolete=deny,resourcecontrol=deny -D /run/kv,top/a.log -pidfile /run/kv,top/a.pid -daemonize",
        string.Join(' ', Build(new VmDefinition("a", 1 << 30, 2))));

    [Fact]
    public void Build_everything_stands_where_it_belongs()
    {
        var line = Build(VmDefinitionReaderTests.Read(VmDefinitionReaderTests.Everything, out _)!);

        Assert.Equal(["taskset", "-c", "0-3,8", "qemu"], line.Take(4));
        Assert.Equal("memory-backend-memfd,id=ram0,size=4096M,hugetlb=on,hugetlbsize=2048K,prealloc=on,host-nodes=1,policy=bind", After(line, "-object"));
        Assert.Equal("if=pflash,format=raw,readonly=on,file=/fw,,x.fd", After(line, "-drive"));
        Assert.Equal("console=ttyS0 quiet", After(line, "-append"));
        Assert.Contains("""{"driver":"qcow2","node-name":"node0","read-only":false,"discard":"unmap","cache":{"direct":false,"no-flush":false},"file":{"driver":"file","filename":"/images/a,b.qcow2","read-only":false,"aio":"io_uring","cache":{"direct":false,"no-flush":false}},"data-file":{"driver":"file","filename":"/images/a.data","read-only":false,"aio":"io_uring","cache":{"direct":false,"no-flush":false}},"backing":{"driver":"qcow2","read-only":true,"cache":{"direct":false,"no-flush":false},"file":{"driver":"file","filename":"/images/base","read-only":true,"aio":"io_uring","cache":{"direct":false,"no-flush":false}},"backing":null}}""", line);
        Assert.Contains(line, a => a.Contains("\"host_device\",\"filename\":\"/dev/vg/web3\",\"read-only\":true,\"aio\":\"native\",\"cache\":{\"direct\":true", StringComparison.Ordinal));
        Assert.Contains("scsi-hd,bus=scsi0.0,id=disk0,drive=node0,write-cache=on,bootindex=1", line);
        Assert.Contains("virtio-blk-pci,iothread=iothread0,id=disk1,drive=node1,write-cache=off,bootindex=2", line);
        Assert.Contains("user,id=net0,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=udp:127.0.0.1:5353-:53", line);
        Assert.Contains("tap,id=net1,ifname=tap0,script=no,downscript=no,vhost=on,queues=4", line);
        Assert.Contains("virtio-net-pci,id=nic1,netdev=net1,mac=52:54:00:01:02:03,mq=on,vectors=10", line);
        Assert.Contains("bridge,id=net2,br=br0", line);
        Assert.Equal("unix:/run/kv,,top/a.vnc", After(line, "-vnc"));
        Assert.Equal(["-device", "usb-kbd"], line.TakeLast(2));
    }

    [Fact]
    public void Build_as_the_parser_of_command_lines_reads_it()
    {
        var vm = VmDescriber.Describe(VmmKind.Qemu, Build(VmDefinitionReaderTests.Read(VmDefinitionReaderTests.Everything, out _)! with { Affinity = null }));

        Assert.Equal(("web3", 4UL << 30, 4, "kvm"), (vm.Name, vm.MemoryBytes, vm.VcpuCount, vm.Accelerator));
        Assert.Equal(["/images/a,b.qcow2", "/dev/vg/web3", "/iso/debian.iso"], vm.Devices.Where(d => d.Kind == VmDeviceKind.Disk).Select(d => d.Detail));
        Assert.Equal("/run/kv,top/a.qmp", Assert.Single(vm.Qmp).Address);
        Assert.Equal((true, 2UL << 20), (vm.DebugThreads, Assert.Single(vm.Backings).HugetlbBytes));
    }

    [Fact]
    public void Mac_hosts_and_cards_differ_and_starts_do_not()
    {
        var vm = new VmDefinition("a", 1 << 30, 1);

        Assert.Equal(QemuLaunch.Mac(vm, 0, "h1"), QemuLaunch.Mac(vm, 0, "h1"));
        Assert.Equal(4, new[] { QemuLaunch.Mac(vm, 0, "h1"), QemuLaunch.Mac(vm, 1, "h1"), QemuLaunch.Mac(vm, 0, "h2"), QemuLaunch.Mac(vm with { Name = "b" }, 0, "h1") }.Distinct().Count());
        Assert.StartsWith("52:54:00:", QemuLaunch.Mac(vm, 0, "h1"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("QFI\u00fb\0\0\0\u0003", "qcow2")]
    [InlineData("QFI\u00fb\0\0\0\u0001", "qcow")]
    [InlineData("QFI", "raw")]
    [InlineData("KDMV", "vmdk")]
    [InlineData("", "raw")]
    public void FormatOf_header_is_known(string header, string format) => Assert.Equal(format, DiskImage.FormatOf(System.Text.Encoding.Latin1.GetBytes(header)));

    private static IReadOnlyList<string> Build(VmDefinition vm) => QemuLaunch.Build(vm, "qemu", s_files, "/fw,x.fd", "h");

    private static string After(IReadOnlyList<string> line, string option) => line[line.ToList().IndexOf(option) + 1];
}
