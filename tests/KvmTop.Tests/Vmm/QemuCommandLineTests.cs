using System.Text;
using KvmTop.Tests.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm;

public sealed class QemuCommandLineTests
{
    private const ulong MiB = 1 << 20;

    private static readonly byte[] Libvirt = Bytes.Captured("/proc/4711/cmdline");

    private static VmDescription Parse(params string[] args) => QemuCommandLine.Parse(["qemu-system-x86_64", .. args]);

    [Fact]
    public void Parse_libvirt_guest_is_described()
    {
        var vm = QemuCommandLine.Parse(ProcessArguments.Split(Libvirt, 1000, 65536));
        Assert.Equal(
            ("web1", "0f3a7c1e-52a4-4a0e-9a35-2b8f6f3f9d01", 2048 * MiB, 2, 2, "kvm"),
            (vm.Name, vm.Uuid, vm.MemoryBytes, vm.VcpuCount, vm.MaxVcpus, vm.Accelerator));
        Assert.Equal(("pc-q35-10.0", "EPYC-Milan"), (vm.Machine, vm.CpuModel));
        Assert.Equal((true, true, true, false), (vm.DebugThreads, vm.StartsPaused, vm.LibvirtOwned, vm.MemoryPrealloc));
        Assert.Equal([new QmpEndpoint(QmpTransport.Descriptor, "29", true)], vm.Qmp);
        Assert.Equal(
            [
                new VmDevice(VmDeviceKind.Disk, "virtio-blk-pci", "virtio-disk0", "/var/lib/libvirt/images/web1.qcow2", true),
                new VmDevice(VmDeviceKind.Nic, "virtio-net-pci", "net0", "tap (descriptor)", true),
            ],
            vm.Devices);
    }

    [Fact]
    public void Parse_plain_command_line_is_described()
    {
        var vm = Parse(
            "-name", "guest=tiny1,debug-threads=on", "-machine", "q35,accel=kvm", "-cpu", "host,-arch-capabilities", "-m", "64", "-smp", "2", "-display", "none",
            "-nic", "none", "-bios", "rom.bin", "-qmp", "unix:/tmp/q.sock,server,nowait", "-daemonize", "-pidfile", "/tmp/p");
        Assert.Equal(("tiny1", 64 * MiB, 2, "kvm", "q35", "host"), (vm.Name, vm.MemoryBytes, vm.VcpuCount, vm.Accelerator, vm.Machine, vm.CpuModel));
        Assert.Equal([new QmpEndpoint(QmpTransport.Unix, "/tmp/q.sock", true)], vm.Qmp);
        Assert.Empty(vm.Devices);
        Assert.False(vm.LibvirtOwned);
    }

    [Fact]
    public void Parse_nothing_said_is_null()
    {
        var vm = Parse();
        Assert.Equal((null, null, null, null, null), (vm.Name, vm.MemoryBytes, vm.VcpuCount, vm.Accelerator, vm.MaxMemoryBytes));
    }

    [Theory]
    [InlineData("4096", 4096 * MiB)]
    [InlineData("4G", 4096 * MiB)]
    [InlineData("size=26214400k,slots=16,maxmem=100G", 25600 * MiB)]
    [InlineData("1.5g", 1536 * MiB)]
    [InlineData("1048576b", MiB)]
    [InlineData("2T", 2048 * 1024 * MiB)]
    public void Parse_memory_units(string text, ulong bytes) => Assert.Equal(bytes, Parse("-m", text).MemoryBytes);

    [Theory]
    [InlineData("0")]
    [InlineData("99999999999999999999")]
    [InlineData("16E")]
    [InlineData("4X")]
    [InlineData("-5")]
    [InlineData("")]
    public void Parse_memory_that_cannot_be_is_null(string text) => Assert.Null(Parse("-m", text).MemoryBytes);

    [Fact]
    public void Parse_maxmem_counts_bytes() => Assert.Equal(8192 * MiB, Parse("-m", "1G,maxmem=8589934592").MaxMemoryBytes);

    [Theory]
    [InlineData("4", 4, 4)]
    [InlineData("cpus=4,maxcpus=8", 4, 8)]
    [InlineData("4,maxcpus=8,sockets=2", 4, 8)]
    [InlineData("sockets=2,cores=4,threads=2", 16, 16)]
    [InlineData("sockets=2,dies=2,cores=4", 16, 16)]
    [InlineData("maxcpus=6", 6, 6)]
    [InlineData("2,sockets=2,cores=4", 2, 2)]
    public void Parse_smp_completes_what_is_missing(string text, int cpus, int max)
    {
        var vm = Parse("-smp", text);
        Assert.Equal((cpus, max), (vm.VcpuCount, vm.MaxVcpus));
    }

    [Theory]
    [InlineData(new[] { "-enable-kvm" }, "kvm")]
    [InlineData(new[] { "--enable-kvm" }, "kvm")]
    [InlineData(new[] { "-accel", "tcg,thread=single" }, "tcg")]
    [InlineData(new[] { "-accel", "kvm", "-accel", "tcg" }, "kvm")]
    [InlineData(new[] { "-machine", "pc,accel=kvm:tcg" }, "kvm")]
    [InlineData(new[] { "-machine", "accel=kvm", "-M", "q35,accel=tcg" }, "tcg")]
    [InlineData(new[] { "-machine", "accel=tcg", "-enable-kvm" }, "kvm")]
    [InlineData(new[] { "-machine", "q35" }, null)]
    [InlineData(new[] { "-machine", "xenfv" }, "xen")]
    [InlineData(new[] { "-accel", "hvf" }, "hvf")]
    public void Parse_accelerator_that_counts(string[] args, string? accelerator) => Assert.Equal(accelerator, Parse(args).Accelerator);

    [Fact]
    public void Parse_program_called_kvm_prefers_kvm() => Assert.Equal("kvm", QemuCommandLine.Parse(["/usr/libexec/qemu-kvm", "-m", "1G"]).Accelerator);

    [Theory]
    [InlineData("a,,b", "a,b")]
    [InlineData("guest=x,,y,,,debug-threads=on", "x,y,")]
    [InlineData("plain,process=p", "plain")]
    public void Parse_doubled_comma_is_one(string text, string name) => Assert.Equal(name, Parse("-name", text).Name);

    [Fact]
    public void Parse_later_option_overrides_the_same_key_only()
    {
        var vm = Parse("-name", "first,debug-threads=on", "-name", "second", "-machine", "q35,memory-backend=m", "-machine", "pc");
        Assert.Equal(("second", true, "pc"), (vm.Name, vm.DebugThreads, vm.Machine));
    }

    [Fact]
    public void Parse_value_that_looks_like_an_option_is_a_value()
    {
        var vm = Parse("-append", "-S", "-name", "-m", "-uuid", "0f3a7c1e-52a4-4a0e-9a35-2b8f6f3f9d01");
        Assert.Equal((false, "-m", "0f3a7c1e-52a4-4a0e-9a35-2b8f6f3f9d01"), (vm.StartsPaused, vm.Name, vm.Uuid));
    }

    [Fact]
    public void Parse_flag_takes_no_value()
    {
        var vm = Parse("-nodefaults", "-m", "1G", "-S", "-name", "x");
        Assert.Equal((true, "x", 1024 * MiB), (vm.StartsPaused, vm.Name, vm.MemoryBytes));
    }

    [Fact]
    public void Parse_memory_backend_gives_size_path_and_prealloc()
    {
        var vm = Parse(
            "-object", "memory-backend-file,id=ram,size=1G,mem-path=/dev/hugepages/vm,prealloc=on,share=on", "-machine", "q35,memory-backend=ram",
            "-object", "memory-backend-file,id=nv,mem-path=/nvdimm,size=9G");
        Assert.Equal((1024 * MiB, "/dev/hugepages/vm", true), (vm.MemoryBytes, vm.MemoryPath, vm.MemoryPrealloc));
    }

    [Fact]
    public void Parse_numa_backend_in_json_gives_the_path()
    {
        var vm = Parse("-m", "2G", "-object", """{"qom-type":"memory-backend-file","id":"r0","mem-path":"/dev/hugepages","prealloc":true,"size":2147483648}""", "-numa", "node,nodeid=0,cpus=0-1,memdev=r0");
        Assert.Equal(("/dev/hugepages", true), (vm.MemoryPath, vm.MemoryPrealloc));
    }

    [Fact]
    public void Parse_devices_of_each_kind()
    {
        var vm = Parse(
            "-drive", "file=/a,,b.img,if=virtio,format=raw", "-drive", "file=/c.img,if=none,id=d1", "-device", "scsi-hd,drive=d1,id=s", "-device", "virtio-scsi-pci,id=hba",
            "-netdev", "tap,id=n0,ifname=vnet3,script=no", "-device", "e1000e,netdev=n0", "-nic", "user,model=virtio-net-pci", "-device", "vfio-pci,host=0000:41:00.0,id=hostdev0",
            "-device", "virtio-balloon-pci,id=b", "-vga", "qxl", "-device", "virtio-gpu-pci", "-drive", "if=pflash,file=/OVMF.fd", "-cdrom", "/x.iso", "/last.img");
        Assert.Equal(
            [
                new VmDevice(VmDeviceKind.Disk, "virtio", null, "/a,b.img", true),
                new VmDevice(VmDeviceKind.Disk, "scsi-hd", "s", "/c.img", false),
                new VmDevice(VmDeviceKind.Other, "virtio-scsi-pci", "hba", null, true),
                new VmDevice(VmDeviceKind.Nic, "e1000e", null, "vnet3", false),
                new VmDevice(VmDeviceKind.Nic, "virtio-net-pci", null, "user", true),
                new VmDevice(VmDeviceKind.Passthrough, "vfio-pci", "hostdev0", "0000:41:00.0", false),
                new VmDevice(VmDeviceKind.Balloon, "virtio-balloon-pci", "b", null, true),
                new VmDevice(VmDeviceKind.Gpu, "qxl", null, null, false),
                new VmDevice(VmDeviceKind.Gpu, "virtio-gpu-pci", null, null, true),
                new VmDevice(VmDeviceKind.Disk, "cdrom", null, "/x.iso", false),
                new VmDevice(VmDeviceKind.Disk, "hda", null, "/last.img", false),
            ],
            vm.Devices);
    }

    [Fact]
    public void Parse_block_nodes_that_stand_on_each_other_do_not_hang()
    {
        var vm = Parse("-blockdev", "driver=raw,node-name=a,file=b", "-blockdev", "driver=raw,node-name=b,file=a", "-device", "virtio-blk-pci,drive=a");
        Assert.Null(Assert.Single(vm.Devices).Detail);
    }

    [Fact]
    public void Parse_network_disk_names_its_image()
    {
        var vm = Parse("-blockdev", """{"driver":"rbd","pool":"p","image":"i","server":[{"host":"h","port":"1"}],"node-name":"n"}""", "-device", "virtio-blk-pci,drive=n");
        Assert.Equal("rbd:p/i", Assert.Single(vm.Devices).Detail);
    }

    [Fact]
    public void Parse_monitors_of_every_form()
    {
        var vm = Parse(
            "-qmp", "tcp:127.0.0.1:4444,server=on,wait=off", "-qmp-pretty", "unix:q", "-qmp", "chardev:c0", "-qmp", "stdio", "-chardev", "socket,id=c0,path=/run/q.sock,server=on,wait=off",
            "-chardev", "socket,id=c1,path=/run/hmp.sock,server=on", "-mon", "chardev=c1,mode=readline", "-mon", "chardev=missing,mode=control",
            "-chardev", "socket,id=c2,host=::1,port=5555,server=on", "-mon", "c2,mode=control");
        Assert.Equal(
            [
                new QmpEndpoint(QmpTransport.Tcp, "127.0.0.1:4444", true),
                new QmpEndpoint(QmpTransport.Unix, "q", false),
                new QmpEndpoint(QmpTransport.Unix, "/run/q.sock", true),
                new QmpEndpoint(QmpTransport.Tcp, "::1:5555", true),
            ],
            vm.Qmp);
    }

    [Theory]
    [InlineData("-object", "secret,id=masterKey0,format=raw,file=/var/lib/libvirt/qemu/domain-1-x/master-key.aes", true)]
    [InlineData("-qmp", "unix:/home/u/.config/libvirt/qemu/lib/domain-1-x/monitor.sock,server=on", true)]
    [InlineData("-object", "secret,id=disk,file=/etc/key", false)]
    [InlineData("-name", "/libvirt/qemu/", false)]
    public void Parse_libvirt_is_told_by_its_traces(string option, string value, bool owned) => Assert.Equal(owned, Parse(option, value).LibvirtOwned);

    [Fact]
    public void Parse_damaged_json_keeps_the_rest()
    {
        var vm = Parse("-device", "{\"driver\":\"virtio-blk-pci\",", "-device", "{\"id\":\"\\ud800\"}", "-device", new string('[', 5000), "-device", "{" + new string('[', 5000), "-name", "x");
        Assert.Equal("x", vm.Name);
    }

    [Fact]
    public void Parse_two_megabytes_of_devices_are_bounded()
    {
        var args = Enumerable.Repeat(new[] { "-device", "a" }, 200_000).SelectMany(a => a).Append("-name").Append("x").ToArray();
        var vm = Parse(args);
        Assert.Equal(("x", 256), (vm.Name, vm.Devices.Count));
    }

    [Fact]
    public void Parse_hostile_text_does_not_throw() => Fuzz.NeverThrows(
        b => QemuCommandLine.Parse(ProcessArguments.Split(b, 1000, 65536)),
        Encoding.UTF8.GetString(Libvirt),
        "qemu\0-smp\0sockets=1048576,cores=1048576,threads=1048576\0-m\0size=,,=\0-name\0,,,\0-qmp\0unix:\0-drive\0file=\0-mon\0=\0-qmp\0:\0");
}

public sealed class OtherMonitorsTests
{
    private static VmDescription Describe(VmmKind kind, string line) => VmDescriber.Describe(kind, line.Split(' '));

    [Theory]
    [InlineData("firecracker --id=vm-1 --start-time-us=1 --api-sock /run/fc.sock")]
    [InlineData("firecracker --api-sock /run/fc.sock --id vm-1 --config-file x.json")]
    public void Firecracker_has_its_id(string line)
    {
        var vm = Describe(VmmKind.Firecracker, line);
        Assert.Equal((VmmKind.Firecracker, "vm-1", "kvm", null), (vm.Vmm, vm.Name, vm.Accelerator, vm.VcpuCount));
    }

    [Fact]
    public void CloudHypervisor_is_described()
    {
        var vm = Describe(VmmKind.CloudHypervisor, "cloud-hypervisor --kernel k --cpus boot=2,max=4 --memory size=1G,hotplug_size=3G,prealloc=on --disk path=/a.img path=/b.img,id=b --net tap=t0,mac=52:54:00:00:00:01 --device path=/sys/bus/pci/devices/0000:01:00.0/");
        Assert.Equal((2, 4, 1UL << 30, 4UL << 30, true), (vm.VcpuCount, vm.MaxVcpus, vm.MemoryBytes, vm.MaxMemoryBytes, vm.MemoryPrealloc));
        Assert.Equal(["/a.img", "/b.img", "t0", "/sys/bus/pci/devices/0000:01:00.0/"], vm.Devices.Select(d => d.Detail));
    }

    [Theory]
    [InlineData("crosvm run --cpus 3 --mem 512 --name c1 --block /a.img,ro kernel")]
    [InlineData("crosvm run -c num-cores=3 -m size=512 --name=c1 --block path=/a.img vmlinux")]
    public void Crosvm_is_described(string line)
    {
        var vm = Describe(VmmKind.Crosvm, line);
        Assert.Equal(("c1", 3, 512UL << 20, "/a.img"), (vm.Name, vm.VcpuCount, vm.MemoryBytes, Assert.Single(vm.Devices).Detail));
    }

    [Theory]
    [InlineData("lkvm run -k bzImage -c 2 -m 256 --name k1 -d /a.img -p quiet")]
    [InlineData("lkvm run --cpus=2 --mem=256M --name k1 --disk /a.img,ro")]
    public void Kvmtool_is_described(string line)
    {
        var vm = Describe(VmmKind.Kvmtool, line);
        Assert.Equal(("k1", 2, 256UL << 20, "/a.img"), (vm.Name, vm.VcpuCount, vm.MemoryBytes, Assert.Single(vm.Devices).Detail));
    }

    [Fact]
    public void Unknown_says_nothing() => Assert.Equal((VmmKind.Unknown, null), (Describe(VmmKind.Unknown, "bash -m 5").Vmm, Describe(VmmKind.Unknown, "bash -m 5").MemoryBytes));

    [Fact]
    public void Describe_hostile_text_does_not_throw() => Fuzz.NeverThrows(
        b =>
        {
            foreach (var kind in Enum.GetValues<VmmKind>())
                _ = VmDescriber.Describe(kind, ProcessArguments.Split(b, 1000, 65536));
        },
        "crosvm\0run\0--cpus\0num-cores=3\0-m\0size=512\0--name=c1\0", "ch\0--cpus\0boot=2\0--memory\0size=16E,hotplug_size=15E\0--disk\0path=a\0path=b\0", "lkvm\0-c\0\0-m\0@\0-n\0mode=tap\0");
}
