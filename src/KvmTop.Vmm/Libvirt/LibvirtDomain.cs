using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>What a domain does, in libvirt's words (virDomainState).</summary>
public enum LibvirtState
{
    /// <summary>libvirt does not say.</summary>
    Unknown,
    Running,
    Blocked,
    Paused,

    /// <summary>On its way down.</summary>
    Shutdown,

    /// <summary>Not running.</summary>
    Off,
    Crashed,

    /// <summary>Suspended by the guest's power management.</summary>
    Suspended,
}

/// <summary>A domain of libvirt's, running or not. Texts are cleaned and bounded.</summary>
public sealed record LibvirtDomain
{
    /// <summary>Its name. Unique in one libvirt, not on the host.</summary>
    public required string Name { get; init; }

    /// <summary>Its UUID.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>The number that it has while it runs; null for one that does not.</summary>
    public int? Id { get; init; }

    /// <summary>What it does.</summary>
    public LibvirtState State { get; init; }

    /// <summary>Why, in a word or two ("user", "I/O error", "migrated"); null when libvirt gives none.</summary>
    public string? StateReason { get; init; }

    /// <summary>A sentence that its owner gave it; null for none.</summary>
    public string? Title { get; init; }

    /// <summary>It is still there when it is shut down; null when not known.</summary>
    public bool? Persistent { get; init; }

    /// <summary>It is started with the host; null when not known.</summary>
    public bool? Autostart { get; init; }

    /// <summary>vCPUs it has, or would start with.</summary>
    public int? Vcpus { get; init; }

    /// <summary>Memory that the balloon leaves it, in bytes; null when not known or not running.</summary>
    public ulong? BalloonBytes { get; init; }

    /// <summary>Memory that it may have, in bytes.</summary>
    public ulong? MemoryBytes { get; init; }

    /// <summary>Memory that the guest says is free, or could be, in bytes; null without a balloon driver that tells.</summary>
    public ulong? UsableBytes { get; init; }

    /// <summary>Counters of its disks.</summary>
    public IReadOnlyList<BlockCounters> Disks { get; init; } = [];

    /// <summary>Their images and sizes, in the same order.</summary>
    public IReadOnlyList<BlockInfo> DiskInfos { get; init; } = [];

    /// <summary>Its interfaces with their counters, where these were asked for; in the order of its devices, those without one left out.</summary>
    public IReadOnlyList<LibvirtNic> Nics { get; init; } = [];

    /// <summary>True while a process runs it.</summary>
    public bool IsActive => Id is not null;
}

/// <summary>An interface of a domain.</summary>
/// <param name="Device">Which of its network devices, from 0 on.</param>
/// <param name="Interface">The host's interface; cleaned.</param>
/// <param name="Counters">As the guest sees them: libvirt has turned those of a tap round.</param>
public sealed record LibvirtNic(int Device, string Interface, NetDevCounters Counters);

/// <summary>Something that libvirt said unasked.</summary>
/// <param name="Time">When it arrived.</param>
/// <param name="Domain">Of which domain; cleaned.</param>
/// <param name="Name">What: "started", "I/O error", ..</param>
/// <param name="Text">More of it; empty for nothing.</param>
public sealed record LibvirtEvent(DateTimeOffset Time, string Domain, string Name, string Text);

/// <summary>All domains of a libvirt at one moment.</summary>
/// <param name="At">When the answer had arrived, on the monotonic clock.</param>
/// <param name="Domains">Running and not, in libvirt's order.</param>
/// <param name="Dropped">Domains beyond those that are kept.</param>
public sealed record LibvirtAnswer(TimeSpan At, IReadOnlyList<LibvirtDomain> Domains, int Dropped);
