using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>What a VM is doing, as far as /proc tells.</summary>
public enum VmState
{
    /// <summary>Nothing we may read says.</summary>
    Unknown,

    /// <summary>The VMM runs but no vCPU thread has been seen yet.</summary>
    Starting,

    /// <summary>At least one vCPU is in the guest, ready for it, or halted inside KVM_RUN.</summary>
    Running,

    /// <summary>Every vCPU thread waits outside KVM_RUN: the VMM holds the guest.</summary>
    Paused,

    /// <summary>The process itself is stopped by a signal or a debugger.</summary>
    Stopped,

    /// <summary>The process has ended and waits for its parent.</summary>
    Zombie,

    /// <summary>No process runs it: only libvirt knows of it. No VM that was found is ever in this state.</summary>
    Off,
}

/// <summary>What a thread of a VM does.</summary>
/// <param name="Tid">Thread id.</param>
/// <param name="Role">vCPU, main loop, I/O thread and so on.</param>
/// <param name="VcpuIndex">The vCPU's number, or -1.</param>
/// <param name="Name">Its comm, cleaned.</param>
public sealed record VmThread(int Tid, ThreadRole Role, int VcpuIndex, string Name)
{
    /// <summary>True for a thread that runs a vCPU.</summary>
    public bool IsVcpu => VcpuIndex >= 0;
}

/// <summary>What does not change from tick to tick about a VM. A new object when it does change (a hot-plugged vCPU, another cgroup).</summary>
public sealed record VmInfo
{
    /// <summary>Process identity.</summary>
    public required VmKey Key { get; init; }

    /// <summary>Name as shown: from the command line, else the VMM's name and pid. Cleaned and bounded.</summary>
    public required string Name { get; init; }

    /// <summary>Which program runs it.</summary>
    public required VmmKind Vmm { get; init; }

    /// <summary>"kvm"; "tcg" where it is proved that it has no KVM and may emulate; another ("xen") by its command line; null when nothing tells.</summary>
    public required string? Accelerator { get; init; }

    /// <summary>False when the KVM descriptor could not be looked for, so that only the program's name says that this is a VM.</summary>
    public required bool Confirmed { get; init; }

    /// <summary>Login name of the owner, or the uid.</summary>
    public required string? User { get; init; }

    /// <summary>The program that runs it, as the kernel links it ("/usr/bin/qemu-system-x86_64"), else its comm. Cleaned and bounded.</summary>
    public string Program { get; init; } = "";

    /// <summary>Its real user id, which no process can choose; null when it could not be read.</summary>
    public uint? Uid { get; init; }

    /// <summary>What the command line says.</summary>
    public required VmDescription Description { get; init; }

    /// <summary>The arguments as started, cleaned for the screen; empty when they could not be read.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The vCPU threads by number, then the others.</summary>
    public required IReadOnlyList<VmThread> Threads { get; init; }

    /// <summary>How many of <see cref="Threads"/>, from the first on, run a vCPU; 0 when they could not be told apart.</summary>
    public required int VcpuThreads { get; init; }

    /// <summary>Which source told the vCPU threads: "thread names", "debugfs", "KVM_RUN", or why none did.</summary>
    public required string VcpuSource { get; init; }

    /// <summary>The cpu.stat of the VM's own CPU cgroup, "/" for the root, or null where no CPU controller counts.</summary>
    public string? Cgroup { get; init; }

    /// <summary>The cpu.stat files of those cgroups around and below it that have a quota.</summary>
    public IReadOnlyList<string> Quotas { get; init; } = [];

    /// <summary>How many of <see cref="Quotas"/>, from the first on, are not its alone: those of cgroups around it, and its own where others live in it too.</summary>
    public int SharedQuotas { get; init; }

    /// <summary>Process id.</summary>
    public int Pid => Key.Pid;

    /// <summary>vCPUs seen, else configured, else null.</summary>
    public int? VcpuCount => VcpuThreads > 0 ? VcpuThreads : Description.VcpuCount;
}
