namespace KvmTop.Collectors;

/// <summary>What a message of the kernel means, most specific first.</summary>
public enum KernelSubject
{
    /// <summary>A process was killed for want of memory.</summary>
    OutOfMemory,

    /// <summary>A monitor crashed.</summary>
    Crash,

    /// <summary>A task hangs in the kernel, mostly for its storage.</summary>
    Hung,

    /// <summary>A CPU was stuck: soft and hard lockups, stalls of RCU.</summary>
    Stuck,

    /// <summary>A guest locks memory across a cache line.</summary>
    SplitLock,

    /// <summary>Hugepages were not to be had.</summary>
    Hugepages,

    /// <summary>Memory in one piece was not to be had.</summary>
    Memory,

    /// <summary>Machine checks, errors of memory, heat.</summary>
    Hardware,

    /// <summary>A module refused or ignored a setting.</summary>
    Modules,

    /// <summary>KVM itself.</summary>
    Kvm,

    /// <summary>Devices of the host in guests.</summary>
    Vfio,

    /// <summary>The IOMMU.</summary>
    Iommu,
}

/// <summary>How a message is to be taken, whatever priority the kernel gave it.</summary>
public enum KernelWeight
{
    /// <summary>Known to be harmless, and said again and again: counted.</summary>
    Noise,

    /// <summary>Told for whoever looks; another check says what it means.</summary>
    Quiet,

    /// <summary>An error when the kernel gave it the priority of one (3 and less).</summary>
    ByPriority,

    /// <summary>Something is wrong.</summary>
    Trouble,
}

/// <summary>Why a process was killed for want of memory.</summary>
public enum KillScope
{
    /// <summary>The lines that said so are gone.</summary>
    Unknown,

    /// <summary>The host had none left.</summary>
    Host,

    /// <summary>The NUMA nodes that it was bound to had none left.</summary>
    Node,

    /// <summary>Its cgroup was at its limit (memory.max).</summary>
    Cgroup,
}

/// <summary>A task as a line of the log names it. Its name is what it calls itself.</summary>
/// <param name="Pid">Process or thread id; 0 when the line has none.</param>
/// <param name="Comm">Its name, cleaned.</param>
/// <param name="IsVmm">The name is one that monitors and their threads have.</param>
public sealed record KernelTask(int Pid, string Comm, bool IsVmm)
{
    /// <summary>"qemu-system-x86 (pid 10600)".</summary>
    public override string ToString() => Pid == 0 ? Comm : FormattableString.Invariant($"{Comm} (pid {Pid})");
}

/// <summary>A message of the kernel that concerns virtual machines; a kill is one message, however many lines tell of it.</summary>
public sealed record KernelMessage
{
    /// <summary>Number of the record.</summary>
    public required long Sequence { get; init; }

    /// <summary>0 (emergency) to 7 (debug), as in syslog(3).</summary>
    public required int Priority { get; init; }

    /// <summary>When, by a clock that stands still while the machine sleeps.</summary>
    public required TimeSpan SinceBoot { get; init; }

    /// <summary>What it means.</summary>
    public required KernelSubject Subject { get; init; }

    /// <summary>How it is to be taken.</summary>
    public required KernelWeight Weight { get; init; }

    /// <summary>The line, cleaned and bounded.</summary>
    public required string Text { get; init; }

    /// <summary>The task that it names, or null.</summary>
    public KernelTask? Task { get; init; }

    /// <summary>Of a kill: why.</summary>
    public KillScope Scope { get; init; }

    /// <summary>Of a kill: the cgroup of what was killed, cleaned; null when not told.</summary>
    public string? Cgroup { get; init; }

    /// <summary>Of a kill: its owner, or -1.</summary>
    public long Uid { get; init; } = -1;

    /// <summary>Something is wrong.</summary>
    public bool IsTrouble => Weight == KernelWeight.Trouble || (Weight == KernelWeight.ByPriority && Priority <= 3);

    /// <summary>It names a monitor or a thread of one.</summary>
    public bool IsVmm => Task is { IsVmm: true };
}
