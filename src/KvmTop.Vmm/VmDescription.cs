namespace KvmTop.Vmm;

/// <summary>What a device is for.</summary>
public enum VmDeviceKind
{
    Disk,
    Nic,

    /// <summary>A device of the host's given to the guest (vfio).</summary>
    Passthrough,
    Gpu,
    Balloon,
    Other,
}

/// <summary>A device of a virtual machine as its command line names it. Texts are raw: clean them with <see cref="HostileText"/> before they are shown.</summary>
/// <param name="Kind">What it is for.</param>
/// <param name="Model">The device model ("virtio-blk-pci"), or null when the monitor has only one.</param>
/// <param name="Id">Its id, or null.</param>
/// <param name="Detail">What stands behind it: a file, a tap's name, a PCI address; null when not said.</param>
/// <param name="IsVirtio">Paravirtual rather than emulated hardware.</param>
public sealed record VmDevice(VmDeviceKind Kind, string? Model, string? Id, string? Detail, bool IsVirtio);

/// <summary>How a QMP monitor is reached.</summary>
public enum QmpTransport
{
    /// <summary>A unix socket at a path of the monitor's file system (relative to /proc/PID/cwd, seen through /proc/PID/root).</summary>
    Unix,
    Tcp,

    /// <summary>A descriptor handed to the monitor by whoever started it: not for others to use.</summary>
    Descriptor,
}

/// <summary>
/// A QMP monitor that a command line claims to have. Hostile: a path may point at somebody else's socket, so check the peer's pid before sending.
/// </summary>
/// <param name="Transport">How it is reached.</param>
/// <param name="Address">The path, "host:port", or the descriptor's number.</param>
/// <param name="IsServer">The monitor listens; false when it connects to somebody, where there is nothing to connect to.</param>
public sealed record QmpEndpoint(QmpTransport Transport, string Address, bool IsServer);

/// <summary>
/// What the command line of a monitor says about its virtual machine. Null is "not said": see the parsers for what the monitor then does. All texts are raw.
/// </summary>
public sealed record VmDescription
{
    /// <summary>Whose command line it is.</summary>
    public required VmmKind Vmm { get; init; }

    /// <summary>The machine's name.</summary>
    public string? Name { get; init; }

    /// <summary>Its UUID in the usual notation, however it was written; null when not said, or no UUID.</summary>
    public string? Uuid { get; init; }

    /// <summary>Memory at start in bytes, with what is plugged from the start (DIMMs, virtio-mem, zones).</summary>
    public ulong? MemoryBytes { get; init; }

    /// <summary>How far hotplug may take it, in bytes.</summary>
    public ulong? MaxMemoryBytes { get; init; }

    /// <summary>vCPUs at start.</summary>
    public int? VcpuCount { get; init; }

    /// <summary>How far hotplug may take them.</summary>
    public int? MaxVcpus { get; init; }

    /// <summary>"kvm", "tcg", "xen", "hvf", ..; null when not said.</summary>
    public string? Accelerator { get; init; }

    /// <summary>QEMU may emulate where that accelerator cannot be had: nothing was said, or "tcg" is among what was.</summary>
    public bool MayEmulate { get; init; }

    /// <summary>No guest: QEMU is asked what it can do (-machine none, -cpu help, -version), as managers do when they start.</summary>
    public bool IsProbe { get; init; }

    /// <summary>The machine type ("pc-q35-10.0").</summary>
    public string? Machine { get; init; }

    /// <summary>The CPU model ("host", "EPYC-Rome").</summary>
    public string? CpuModel { get; init; }

    /// <summary>QEMU names its threads (-name ..,debug-threads=on).</summary>
    public bool DebugThreads { get; init; }

    /// <summary>QEMU starts with the vCPUs stopped (-S), as libvirt always has it: no sign of a paused machine later on.</summary>
    public bool StartsPaused { get; init; }

    /// <summary>All memory is touched at start.</summary>
    public bool MemoryPrealloc { get; init; }

    /// <summary>The file or directory that backs memory (a hugetlbfs mount), or null.</summary>
    public string? MemoryPath { get; init; }

    /// <summary>All memory is locked into RAM (-overcommit mem-lock=on).</summary>
    public bool MemoryLocked { get; init; }

    /// <summary>What backs its memory, in the order of the command line; empty when it is plain anonymous memory.</summary>
    public IReadOnlyList<MemoryBacking> Backings { get; init; } = [];

    /// <summary>Devices, in the order of the command line.</summary>
    public IReadOnlyList<VmDevice> Devices { get; init; } = [];

    /// <summary>QMP monitors, in the order of the command line.</summary>
    public IReadOnlyList<QmpEndpoint> Qmp { get; init; } = [];

    /// <summary>Started by libvirt, which then holds the only monitor: talk to libvirt, not to QMP.</summary>
    public bool LibvirtOwned { get; init; }
}

/// <summary>Describes a machine by the command line of its monitor.</summary>
public static class VmDescriber
{
    /// <summary>Never throws; an argument that is not understood is passed over.</summary>
    /// <param name="vmm">Whose command line it is.</param>
    /// <param name="args">All of it, argv[0] included.</param>
    public static VmDescription Describe(VmmKind vmm, IReadOnlyList<string> args) => vmm switch
    {
        VmmKind.Qemu => QemuCommandLine.Parse(args),
        VmmKind.Firecracker => FirecrackerCommandLine.Parse(args),
        VmmKind.CloudHypervisor => CloudHypervisorCommandLine.Parse(args),
        VmmKind.Crosvm => CrosvmCommandLine.Parse(args),
        VmmKind.Kvmtool => KvmtoolCommandLine.Parse(args),
        _ => new VmDescription { Vmm = VmmKind.Unknown },
    };
}
