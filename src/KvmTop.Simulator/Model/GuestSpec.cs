namespace KvmTop.Simulator.Model;

internal enum Monitor
{
    /// <summary>QEMU as libvirt starts it, in a cgroup tree of libvirt's.</summary>
    LibvirtQemu,

    /// <summary>QEMU from somebody's shell or a unit.</summary>
    Qemu,
    Firecracker,
    CloudHypervisor,
}

/// <summary>A VM to be: what an operator would say of it. Loads are in CPUs per vCPU or thread, disk traffic in MB/s.</summary>
internal sealed record GuestSpec
{
    public required string Name { get; init; }

    public Monitor Monitor { get; init; } = Monitor.LibvirtQemu;

    /// <summary>False for QEMU that emulates the CPU in software.</summary>
    public bool Kvm { get; init; } = true;

    public required SimUser User { get; init; }

    public required int Vcpus { get; init; }

    public required int MemoryMiB { get; init; }

    /// <summary>Share of its memory that the guest has touched.</summary>
    public double Touched { get; init; } = 0.7;

    public Load Load { get; init; }

    /// <summary>So many vCPUs carry the load, the others a tenth of it; 0 for all.</summary>
    public int BusyVcpus { get; init; }

    /// <summary>Waiting for a CPU, per vCPU.</summary>
    public Load Ready { get; init; } = new(0.002);

    /// <summary>Load of the monitor's main thread; its other threads follow at less.</summary>
    public Load Emulator { get; init; } = new(0.004, 0.006);

    public double GuestShare { get; init; } = 0.94;

    /// <summary>CPUs for the vCPUs; null for all.</summary>
    public CpuSet? Pinning { get; init; }

    /// <summary>Each vCPU on one CPU of <see cref="Pinning"/> of its own.</summary>
    public bool PinOneToOne { get; init; }

    public int Node { get; init; } = -1;

    public bool Hugepages { get; init; }

    /// <summary>Share of its memory in transparent hugepages, and share that is merged with equal pages.</summary>
    public double Thp { get; init; } = 0.7;

    public double Merged { get; init; }

    public Load ReadMegabytes { get; init; } = new(0.05, 0.4, 2);

    public Load WriteMegabytes { get; init; } = new(0.1, 0.8, 3);

    /// <summary>Its QMP monitor answers this program: for QEMU under libvirt a second one beside libvirt's own.</summary>
    public bool Answers { get; init; }

    /// <summary>Time of a read or write when the disk is not pressed, in milliseconds.</summary>
    public double DiskMs { get; init; } = 0.35;

    /// <summary>Somebody has had QEMU keep latency histograms of its disk.</summary>
    public bool DiskHistogram { get; init; }

    /// <summary>What QEMU under libvirt has for a balloon.</summary>
    public SimBalloon Balloon { get; init; } = new();

    public bool Paused { get; init; }

    /// <summary>Runs guests of its own.</summary>
    public bool Nesting { get; init; }

    /// <summary>CPUs that the cgroup grants, and how much of the time it holds the VM back.</summary>
    public double? Quota { get; init; }

    public Load Throttled { get; init; }

    /// <summary>Up to so much is swapped out.</summary>
    public double SwapGiB { get; init; }

    /// <summary>Comes and goes.</summary>
    public bool Recurring { get; init; }

    /// <summary>A vhost worker as a kernel thread of its own, as before Linux 6.4.</summary>
    public bool VhostKernelThread { get; init; }

    public string Cgroup { get; init; } = "";
}
