namespace KvmTop.Vmm;

/// <summary>A disk of a <see cref="VmDefinition"/>.</summary>
/// <param name="Path">The image or block device; absolute.</param>
/// <param name="Format">"raw" or "qcow2"; never guessed: a guest that may write its own header must not choose it.</param>
public sealed record VmDisk(string Path, string Format)
{
    /// <summary>Of qcow2: the image below it, which is only read; null for none.</summary>
    public VmImage? Backing { get; init; }

    /// <summary>Of qcow2: the file that its data lies in, raw; null for its own.</summary>
    public string? DataFile { get; init; }

    /// <summary>The same as files alone.</summary>
    public VmImage Image => new(Path, Format) { Backing = Backing, DataFile = DataFile };

    /// <summary>"none", "writeback", "writethrough", "directsync" or "unsafe", as QEMU's -drive cache=.</summary>
    public string Cache { get; init; } = "none";

    /// <summary>"threads", "native" or "io_uring"; null takes native where the host's cache is passed by, else threads.</summary>
    public string? Aio { get; init; }

    /// <summary>"virtio", "scsi", "sata" or "nvme"; null takes virtio, and sata for a CD.</summary>
    public string? Bus { get; init; }

    /// <summary>The guest may not write.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>It is a CD in a drive: an ISO to install from.</summary>
    public bool IsCdrom { get; init; }

    /// <summary>It passes the host's page cache by (O_DIRECT).</summary>
    public bool IsDirect => Cache is "none" or "directsync";
}

/// <summary>A port of the host that leads to one of the guest.</summary>
/// <param name="Protocol">"tcp" or "udp".</param>
/// <param name="HostPort">On 127.0.0.1.</param>
/// <param name="GuestPort">In the guest.</param>
public sealed record VmForward(string Protocol, int HostPort, int GuestPort);

/// <summary>A network card of a <see cref="VmDefinition"/>.</summary>
/// <param name="Type">"user" (no rights needed), "tap" or "bridge".</param>
public sealed record VmNetwork(string Type)
{
    /// <summary>The tap's name, or the bridge's; null for type user.</summary>
    public string? Device { get; init; }

    /// <summary>Its address; null makes one of the host and the VM's name, the same at every start.</summary>
    public string? Mac { get; init; }

    /// <summary>"virtio", "e1000", "e1000e" or "rtl8139".</summary>
    public string Model { get; init; } = "virtio";

    /// <summary>Pairs of queues; more than one for a tap only.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>Whether the kernel moves the packets of a tap; null does for virtio.</summary>
    public bool? Vhost { get; init; }

    /// <summary>Ports of the host that lead into the guest, for type user.</summary>
    public IReadOnlyList<VmForward> Forwards { get; init; } = [];
}

/// <summary>A virtual machine that this program can start: what a file <c>vms.d/NAME.json</c> says (schema/kvmtop-vm.schema.json).</summary>
/// <param name="Name">Letters, digits, "_", "." and "-", beginning with a letter or digit.</param>
/// <param name="MemoryBytes">The guest's memory.</param>
/// <param name="Vcpus">Its vCPUs.</param>
public sealed record VmDefinition(string Name, ulong MemoryBytes, int Vcpus)
{
    /// <summary>Null makes one of the host and the name, the same at every start.</summary>
    public Guid? Uuid { get; init; }

    /// <summary>The CPU model, with features to add and to take away: "host,-arch-capabilities".</summary>
    public string Cpu { get; init; } = "host";

    /// <summary>The machine type; null takes q35, or virt on ARM.</summary>
    public string? Machine { get; init; }

    /// <summary>"bios" (what QEMU takes by itself), "uefi", or the path of an image.</summary>
    public string Firmware { get; init; } = "bios";

    /// <summary>Its disks; it boots from the first that can.</summary>
    public IReadOnlyList<VmDisk> Disks { get; init; } = [];

    /// <summary>Its network cards.</summary>
    public IReadOnlyList<VmNetwork> Networks { get; init; } = [];

    /// <summary>Hugepages behind its memory: null for none, 0 for the host's default size, else the size in bytes.</summary>
    public ulong? HugepageBytes { get; init; }

    /// <summary>All memory is taken at the start. Always so with hugepages, of which the kernel would otherwise run out later, under the guest.</summary>
    public bool Prealloc { get; init; }

    /// <summary>The NUMA node that its memory comes from; null for any.</summary>
    public int? Node { get; init; }

    /// <summary>CPUs that its threads may use, as a list; null for all.</summary>
    public string? Affinity { get; init; }

    /// <summary>"none", or "vnc" on a unix socket.</summary>
    public string Display { get; init; } = "none";

    /// <summary>A kernel to boot instead of what the firmware finds.</summary>
    public string? Kernel { get; init; }

    /// <summary>Its initial RAM disk.</summary>
    public string? Initrd { get; init; }

    /// <summary>Its command line.</summary>
    public string? Append { get; init; }

    /// <summary>More arguments for QEMU, after all others.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];
}
