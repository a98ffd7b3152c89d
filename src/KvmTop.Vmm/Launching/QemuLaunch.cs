using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace KvmTop.Vmm;

/// <summary>Where the files of a running VM lie: its monitor, its pid, what QEMU said.</summary>
/// <param name="Directory">One for all VMs, open to its owner only.</param>
/// <param name="Name">The VM.</param>
public sealed record LaunchFiles(string Directory, string Name)
{
    /// <summary>The QMP socket. Its name tells that it is this program's to use.</summary>
    public string Monitor => $"{Directory}/{Name}.qmp";

    /// <summary>The pid of QEMU; QEMU takes it away when it ends well.</summary>
    public string Pid => $"{Directory}/{Name}.pid";

    /// <summary>What QEMU says after it has left the terminal.</summary>
    public string Log => $"{Directory}/{Name}.log";

    /// <summary>The guest's first serial port, a socket.</summary>
    public string Console => $"{Directory}/{Name}.console";

    /// <summary>The screen, a socket for VNC.</summary>
    public string Vnc => $"{Directory}/{Name}.vnc";
}

/// <summary>The QEMU command line of a definition. Pure: the same definition makes the same line.</summary>
public static class QemuLaunch
{
    /// <summary>Makes it, the program first.</summary>
    /// <param name="vm">The definition.</param>
    /// <param name="program">The emulator.</param>
    /// <param name="files">Where its files lie.</param>
    /// <param name="firmware">The image that "uefi" stands for on this host; null otherwise.</param>
    /// <param name="host">What tells this host from others (/etc/machine-id): two hosts with a VM of the same name must not make the same addresses.</param>
    public static IReadOnlyList<string> Build(VmDefinition vm, string program, LaunchFiles files, string? firmware, string host)
    {
        var args = new List<string>();
        void Add(params ReadOnlySpan<string> words)
        {
            foreach (var word in words)
                args.Add(word);
        }

        // The threads that QEMU makes inherit it, those that run later too.
        if (vm.Affinity is { } cpus)
            Add("taskset", "-c", cpus);
        Add(program);
        Add("-name", $"guest={Comma(vm.Name)},debug-threads=on", "-uuid", (vm.Uuid ?? Identity(host, vm.Name)).ToString());
        Add("-nodefaults", "-no-user-config");
        Add("-machine", $"{vm.Machine ?? DefaultMachine},accel=kvm,memory-backend=ram0");
        Add("-cpu", vm.Cpu, "-smp", Number(vm.Vcpus), "-m", string.Create(CultureInfo.InvariantCulture, $"{vm.MemoryBytes >> 20}M"));
        Add("-object", Memory(vm));
        if (vm.Firmware == "uefi" && firmware is not null)
            Add("-drive", $"if=pflash,format=raw,readonly=on,file={Comma(firmware)}");
        else if (vm.Firmware is not ("bios" or "uefi"))
            Add("-bios", vm.Firmware);
        if (vm.Kernel is { } kernel)
            Add("-kernel", kernel);
        if (vm.Initrd is { } initrd)
            Add("-initrd", initrd);
        if (vm.Append is { } append)
            Add("-append", append);

        AddDisks(args, vm);
        for (var i = 0; i < vm.Networks.Count; i++)
            AddNetwork(args, vm, i, host);
        Add("-device", "virtio-rng-pci", "-device", "virtio-balloon-pci,id=balloon0");

        Add("-chardev", $"socket,id=console0,path={Comma(files.Console)},server=on,wait=off", "-serial", "chardev:console0");
        Add("-display", "none");
        if (vm.Display == "vnc")
            Add("-vnc", "unix:" + Comma(files.Vnc), "-device", "virtio-vga", "-device", "qemu-xhci", "-device", "usb-tablet");
        Add("-qmp", $"unix:{Comma(files.Monitor)},server=on,wait=off");

        // QEMU refuses to leave the terminal (fork, setsid) under spawn=deny and elevateprivileges=deny.
        Add("-sandbox", "on,obsolete=deny,resourcecontrol=deny");
        Add("-D", files.Log, "-pidfile", files.Pid, "-daemonize");
        args.AddRange(vm.Arguments);
        return args;
    }

    /// <summary>A UUID that is the same for a VM of this name on this host at every start.</summary>
    public static Guid Identity(string host, string name)
    {
        Span<byte> hash = stackalloc byte[16];
        Digest($"kvmtop-vm\0{host}\0{name}", hash);

        // RFC 9562, version 8: made by a rule of our own.
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash, bigEndian: true);
    }

    /// <summary>The address of a card that the definition gives none: QEMU's prefix, and three bytes of the VM's identity.</summary>
    public static string Mac(VmDefinition vm, int index, string host)
    {
        Span<byte> hash = stackalloc byte[16];
        Digest(string.Create(CultureInfo.InvariantCulture, $"{vm.Uuid ?? Identity(host, vm.Name)}/net{index}"), hash);
        return $"52:54:00:{hash[0]:x2}:{hash[1]:x2}:{hash[2]:x2}";
    }

    /// <summary>A text inside one of QEMU's lists of key=value: commas are doubled.</summary>
    public static string Comma(string text) => text.Replace(",", ",,", StringComparison.Ordinal);

    /// <summary>The machine type when none is asked for.</summary>
    public static string DefaultMachine => RuntimeInformation.OSArchitecture == Architecture.X64 ? "q35" : "virt";

    /// <summary>
    /// Sixteen bytes that follow from a text: FNV-1a twice, from different beginnings, each mixed at its end. It need not withstand anybody, only differ; and the
    /// framework's digests want an OpenSSL that a host need not have.
    /// </summary>
    private static void Digest(string text, Span<byte> digest)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var half = 0; half < 2; half++)
        {
            var hash = 0xcbf29ce484222325 + ((ulong)half * 0x9e3779b97f4a7c15);
            foreach (var b in bytes)
                hash = (hash ^ b) * 0x100000001b3;
            hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
            hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
            BinaryPrimitives.WriteUInt64BigEndian(digest[(half * 8)..], hash ^ (hash >> 31));
        }
    }

    private static string Number(int n) => n.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// Plain memory is anonymous (a memfd is shmem, which transparent hugepages leave out by default); hugepages come from a memfd, which needs no mount of hugetlbfs.
    /// </summary>
    private static string Memory(VmDefinition vm)
    {
        var text = new StringBuilder(vm.HugepageBytes is null ? "memory-backend-ram" : "memory-backend-memfd");
        text.Append(CultureInfo.InvariantCulture, $",id=ram0,size={vm.MemoryBytes >> 20}M");
        if (vm.HugepageBytes is { } size)
            text.Append(",hugetlb=on").Append(size > 0 ? string.Create(CultureInfo.InvariantCulture, $",hugetlbsize={size >> 10}K") : "");
        if (vm.Prealloc || vm.HugepageBytes is not null)
            text.Append(",prealloc=on");
        if (vm.Node is { } node)
            text.Append(CultureInfo.InvariantCulture, $",host-nodes={node},policy=bind");
        return text.ToString();
    }

    private static void AddDisks(List<string> args, VmDefinition vm)
    {
        if (vm.Disks.Count == 0)
            return;
        args.AddRange(["-object", "iothread,id=iothread0"]);
        var (scsi, sata) = (false, 0);
        for (var i = 0; i < vm.Disks.Count; i++)
        {
            var disk = vm.Disks[i];
            var bus = disk.Bus ?? (!disk.IsCdrom ? "virtio" : DefaultMachine == "q35" ? "sata" : "scsi");
            if (bus == "scsi" && !scsi)
            {
                scsi = true;
                args.AddRange(["-device", "virtio-scsi-pci,id=scsi0,iothread=iothread0"]);
            }

            args.AddRange(["-blockdev", BlockNode(disk, i)]);
            var device = bus switch
            {
                "virtio" => "virtio-blk-pci,iothread=iothread0",
                "scsi" => disk.IsCdrom ? "scsi-cd,bus=scsi0.0" : "scsi-hd,bus=scsi0.0",
                "sata" => string.Create(CultureInfo.InvariantCulture, $"{(disk.IsCdrom ? "ide-cd" : "ide-hd")},bus=ide.{sata++}"),
                _ => string.Create(CultureInfo.InvariantCulture, $"nvme,serial=kvmtop{i}"),
            };
            var cache = disk.IsCdrom || bus == "nvme" ? "" : disk.Cache is "writethrough" or "directsync" ? ",write-cache=off" : ",write-cache=on";
            args.AddRange(["-device", string.Create(CultureInfo.InvariantCulture, $"{device},id=disk{i},drive=node{i}{cache},bootindex={i + 1}")]);
        }
    }

    /// <summary>
    /// The image as a block node, in JSON: no character of a path means anything there. Each qcow2 image is told what lies below it, "backing": null for nothing, so that
    /// QEMU never goes by what its header says.
    /// </summary>
    private static string BlockNode(VmDisk disk, int index)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("driver", disk.Format);
            json.WriteString("node-name", string.Create(CultureInfo.InvariantCulture, $"node{index}"));
            json.WriteBoolean("read-only", disk.ReadOnly);
            if (!disk.ReadOnly)
                json.WriteString("discard", "unmap");
            Files(json, disk.Image, disk, disk.ReadOnly);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(memory.ToArray());
    }

    private static void Files(Utf8JsonWriter json, VmImage image, VmDisk disk, bool isReadOnly)
    {
        Cache(json, disk);
        File(json, "file", image.Path, disk, isReadOnly);
        if (image.Format != "qcow2")
            return;
        if (image.DataFile is { } data)
            File(json, "data-file", data, disk, isReadOnly);
        if (image.Backing is not { } backing)
        {
            json.WriteNull("backing");
            return;
        }

        json.WriteStartObject("backing");
        json.WriteString("driver", backing.Format);
        json.WriteBoolean("read-only", true);
        Files(json, backing, disk, isReadOnly: true);
        json.WriteEndObject();
    }

    private static void File(Utf8JsonWriter json, string child, string path, VmDisk disk, bool isReadOnly)
    {
        json.WriteStartObject(child);
        json.WriteString("driver", path.StartsWith("/dev/", StringComparison.Ordinal) ? "host_device" : "file");
        json.WriteString("filename", path);
        json.WriteBoolean("read-only", isReadOnly);
        json.WriteString("aio", disk.Aio ?? (disk.IsDirect ? "native" : "threads"));
        Cache(json, disk);
        json.WriteEndObject();
    }

    private static void Cache(Utf8JsonWriter json, VmDisk disk)
    {
        json.WriteStartObject("cache");
        json.WriteBoolean("direct", disk.IsDirect);
        json.WriteBoolean("no-flush", disk.Cache == "unsafe");
        json.WriteEndObject();
    }

    private static void AddNetwork(List<string> args, VmDefinition vm, int i, string host)
    {
        var card = vm.Networks[i];
        var backend = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{card.Type},id=net{i}"));
        if (card.Type == "tap")
        {
            backend.Append(CultureInfo.InvariantCulture, $",ifname={card.Device},script=no,downscript=no");
            if (card.Vhost ?? card.Model == "virtio")
                backend.Append(",vhost=on");
            if (card.Queues > 1)
                backend.Append(CultureInfo.InvariantCulture, $",queues={card.Queues}");
        }
        else if (card.Type == "bridge")
        {
            backend.Append(",br=").Append(card.Device);
        }

        foreach (var forward in card.Forwards)
            backend.Append(CultureInfo.InvariantCulture, $",hostfwd={forward.Protocol}:127.0.0.1:{forward.HostPort}-:{forward.GuestPort}");
        var model = card.Model == "virtio" ? "virtio-net-pci" : card.Model;
        var queues = card.Queues > 1 ? string.Create(CultureInfo.InvariantCulture, $",mq=on,vectors={(2 * card.Queues) + 2}") : "";
        args.AddRange(["-netdev", backend.ToString(), "-device", string.Create(CultureInfo.InvariantCulture, $"{model},id=nic{i},netdev=net{i},mac={card.Mac ?? Mac(vm, i, host)}{queues}")]);
    }
}
