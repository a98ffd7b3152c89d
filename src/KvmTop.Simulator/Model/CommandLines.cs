using System.Globalization;
using System.Text;

namespace KvmTop.Simulator.Model;

/// <summary>Command lines as libvirt, people and orchestrators write them.</summary>
internal static class CommandLines
{
    public static (string Executable, byte[] Arguments) Of(GuestSpec spec, int id) => spec.Monitor switch
    {
        Monitor.LibvirtQemu => Joined("/usr/bin/qemu-system-x86_64", Libvirt(spec, id)),
        Monitor.Firecracker => Joined("/usr/bin/firecracker", Firecracker(spec)),
        Monitor.CloudHypervisor => Joined("/usr/bin/cloud-hypervisor", CloudHypervisor(spec, id)),
        _ when !spec.Kvm => Joined("/usr/bin/qemu-system-riscv64", Emulated(spec)),
        _ => Joined("/usr/bin/qemu-system-x86_64", Plain(spec)),
    };

    /// <summary>A stable uuid (version 4 by its bits) for a name.</summary>
    public static string UuidOf(string name)
    {
        var seed = 0xCBF29CE484222325;
        foreach (var c in name)
        {
            seed = (seed ^ c) * 0x100000001B3;
        }

        var bytes = new byte[16];
        BitConverter.TryWriteBytes(bytes, SplitMix.Hash(seed));
        BitConverter.TryWriteBytes(bytes.AsSpan(8), SplitMix.Hash(~seed));
        bytes[7] = (byte)(bytes[7] & 0x0F | 0x40);
        bytes[8] = (byte)(bytes[8] & 0x3F | 0x80);
        return new Guid(bytes).ToString();
    }

    /// <summary>Where the monitor that answers this program listens.</summary>
    public static string SocketOf(GuestSpec spec) =>
        spec.Monitor == Monitor.LibvirtQemu ? $"/run/kvmtop/{spec.Name}-kvmtop.qmp" : $"{spec.User.Home}/vm/{spec.Name}.qmp";

    /// <summary>The file behind the disk.</summary>
    public static string ImageOf(GuestSpec spec) =>
        spec.Monitor == Monitor.LibvirtQemu ? $"/var/lib/libvirt/images/{spec.Name}.qcow2" : $"{spec.User.Home}/vm/{spec.Name}.qcow2";

    private static string[] Libvirt(GuestSpec spec, int id)
    {
        var domain = $"/var/lib/libvirt/qemu/domain-{Text(id)}-{spec.Name}";
        var kb = Text(spec.MemoryMiB * 1024L);
        var bytes = Text(spec.MemoryMiB * 1048576L);
        var backing = spec.Hugepages
            ? $$"""{"qom-type":"memory-backend-file","id":"pc.ram","mem-path":"/dev/hugepages/libvirt/qemu/{{Text(id)}}-{{spec.Name}}","x-use-canonical-path-for-ramblock-id":false,"prealloc":true,"size":{{bytes}},"host-nodes":[{{Text(Math.Max(spec.Node, 0))}}],"policy":"bind"}"""
            : $$"""{"qom-type":"memory-backend-ram","id":"pc.ram","size":{{bytes}}}""";
        return
        [
            "-name", $"guest={spec.Name},debug-threads=on",
            "-S",
            "-object", $$"""{"qom-type":"secret","id":"masterKey0","format":"raw","file":"{{domain}}/master-key.aes"}""",
            "-machine", "pc-q35-8.2,usb=off,vmport=off,dump-guest-core=off,memory-backend=pc.ram,acpi=on",
            "-accel", "kvm",
            "-cpu", "EPYC-Milan,x2apic=on,tsc-deadline=on,hypervisor=on,migratable=on",
            "-m", $"size={kb}k",
            "-object", backing,
            "-overcommit", "mem-lock=off",
            "-smp", $"{Text(spec.Vcpus)},sockets=1,dies=1,cores={Text(spec.Vcpus)},threads=1",
            "-object", """{"qom-type":"iothread","id":"iothread1"}""",
            "-uuid", UuidOf(spec.Name),
            "-no-user-config", "-nodefaults",
            "-chardev", "socket,id=charmonitor,fd=29,server=on,wait=off",
            "-mon", "chardev=charmonitor,id=monitor,mode=control",
            "-rtc", "base=utc,driftfix=slew", "-no-shutdown", "-boot", "strict=on",
            "-blockdev", $$$"""{"driver":"file","filename":"{{{ImageOf(spec)}}}","aio":"native","node-name":"libvirt-1-storage","auto-read-only":true,"discard":"unmap","cache":{"direct":true,"no-flush":false}}""",
            "-blockdev", """{"node-name":"libvirt-1-format","read-only":false,"cache":{"direct":true,"no-flush":false},"driver":"qcow2","file":"libvirt-1-storage"}""",
            "-device", """{"driver":"virtio-blk-pci","iothread":"iothread1","bus":"pci.4","addr":"0x0","drive":"libvirt-1-format","id":"virtio-disk0","bootindex":1,"write-cache":"on"}""",
            "-netdev", """{"type":"tap","fd":"30","vhost":true,"vhostfd":"32","id":"hostnet0"}""",
            "-device", $$"""{"driver":"virtio-net-pci","netdev":"hostnet0","id":"net0","mac":"{{MacOf(id)}}","bus":"pci.1","addr":"0x0"}""",
            "-device", """{"driver":"virtio-balloon-pci","id":"balloon0","bus":"pci.5","addr":"0x0"}""",
            "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
            "-msg", "timestamp=on",
            .. spec.Answers ? (string[])["-qmp", $"unix:{SocketOf(spec)},server=on,wait=off"] : [],
        ];
    }

    private static string[] Plain(GuestSpec spec) =>
    [
        "-name", $"{spec.Name},debug-threads=on",
        "-uuid", UuidOf(spec.Name),
        "-enable-kvm", "-machine", "q35", "-cpu", "host",
        "-m", Text(spec.MemoryMiB),
        "-smp", $"{Text(spec.Vcpus)},maxcpus={Text(spec.Vcpus * 2)}",
        "-drive", $"file={ImageOf(spec)},if=virtio,cache=none,aio=io_uring",
        "-netdev", $"tap,id=n0,ifname=tap-{spec.Name[..Math.Min(8, spec.Name.Length)]},script=no,vhost=on", "-device", "virtio-net-pci,netdev=n0",
        "-display", "none", "-qmp", $"unix:{SocketOf(spec)},server=on,wait=off",
    ];

    private static string[] Emulated(GuestSpec spec) =>
    [
        "-name", $"guest={spec.Name},debug-threads=on",
        "-machine", "virt", "-accel", "tcg,thread=multi",
        "-m", $"{Text(spec.MemoryMiB / 1024)}G", "-smp", Text(spec.Vcpus),
        "-kernel", $"{spec.User.Home}/riscv/Image", "-append", "root=/dev/vda ro console=ttyS0",
        "-drive", $"file={spec.User.Home}/riscv/rootfs.img,format=raw,id=hd0,if=none", "-device", "virtio-blk-device,drive=hd0",
        "-nographic",
    ];

    private static string[] Firecracker(GuestSpec spec) =>
    [
        "--id", UuidOf(spec.Name), "--api-sock", $"/run/firecracker/{spec.Name}.sock", "--config-file", $"/srv/fc/{spec.Name}.json",
    ];

    private static string[] CloudHypervisor(GuestSpec spec, int id) =>
    [
        "--api-socket", $"/run/ch/{spec.Name}.sock", "--cpus", $"boot={Text(spec.Vcpus)}", "--memory", $"size={Text(spec.MemoryMiB)}M,thp=on",
        "--kernel", "/srv/ch/vmlinux", "--disk", $"path=/srv/ch/{spec.Name}.raw,direct=on", "--net", $"tap=ch{Text(id)},mac={MacOf(id)}",
        "--serial", "null", "--console", "off",
    ];

    private static (string Executable, byte[] Arguments) Joined(string executable, string[] arguments) =>
        (executable, Encoding.UTF8.GetBytes(string.Join('\0', [executable, .. arguments]) + '\0'));

    private static string MacOf(int id) => string.Create(CultureInfo.InvariantCulture, $"52:54:00:7a:{id >> 8 & 255:x2}:{id & 255:x2}");

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
