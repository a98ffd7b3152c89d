using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>A VM's balloon, and what the guest says of its memory through it. Immutable; a new object when something of it changes.</summary>
public sealed record VmBalloon
{
    /// <summary>The memory that the guest has now: what it was given less what the balloon took. Null when not known.</summary>
    public ulong? ActualBytes { get; init; }

    /// <summary>Why <see cref="ActualBytes"/> is not known.</summary>
    public string? Reason { get; init; }

    /// <summary>The guest's own view; null when not known.</summary>
    public GuestMemory? Guest { get; init; }

    /// <summary>How long ago the guest reported it.</summary>
    public TimeSpan GuestAge { get; init; }

    /// <summary>Why <see cref="Guest"/> is not known.</summary>
    public string? GuestReason { get; init; }
}

/// <summary>The balloons of all VMs that have been asked.</summary>
/// <param name="Vms">Per VM.</param>
public sealed record BalloonModel(IReadOnlyDictionary<VmKey, VmBalloon> Vms)
{
    /// <summary>A VM's, or null.</summary>
    public VmBalloon? Find(VmKey vm) => Vms.GetValueOrDefault(vm);
}

/// <summary>The balloon of each VM over QMP: query-balloon, and the guest-stats of the device where somebody has the guest report them.</summary>
public sealed class BalloonTopic : PlainTopic<BalloonModel>
{
    private BalloonTopic()
        : base("balloon", "Balloons of the VMs", TimeSpan.Zero, VmsTopic.Instance)
    {
    }

    /// <summary>The topic.</summary>
    public static BalloonTopic Instance { get; } = new();

    /// <summary>A VM's as its monitor says; null before it was asked.</summary>
    public static VmBalloon? Of(VmRow row) => row.Snapshot.Get(Instance).Value?.Find(row.Vm.Info.Key);

    /// <inheritdoc/>
    public override ICollector<BalloonModel> CreateCollector(CollectorContext context) => new BalloonCollector(context);
}

/// <summary>The figures of a VM's balloon, whoever tells of it.</summary>
public static class BalloonMetrics
{
    private const string Stats = "QMP qom-get guest-stats";
    private const string Reported = " The guest's balloon driver reports it, when somebody has it do so (guest-stats-polling-interval; libvirt: virsh dommemstat --period); this program does not set that.";

    // Who can tell, best first: the first that knows a VM's balloon is believed, and the last that was asked says why nobody does.
    private static readonly (Topic Topic, Func<VmRow, VmBalloon?> Of)[] s_sources = [(LibvirtTopic.Instance, LibvirtMetrics.BalloonOf), (BalloonTopic.Instance, BalloonTopic.Of)];

    private static readonly Topic[] s_needs = Array.ConvertAll(s_sources, s => s.Topic);

    /// <summary>Per VM.</summary>
    public static IReadOnlyList<Metric<VmRow>> PerVm { get; } =
    [
        new()
        {
            Id = "balloon_bytes", Title = "BALLOON", Unit = Unit.Bytes, Width = 7, Needs = s_needs, Source = "QMP query-balloon, libvirt",
            Help = "Memory that the guest has now: what it was given (MEM) less what its balloon took. A balloon without a driver in the guest takes nothing.",
            Get = r => Find(r, static b => b.ActualBytes is not null) is { } b ? Figure.Of(b.ActualBytes, b.Reason) : Figure.Missing(NotAsked),
        },
        Guest("guest_available_bytes", "GAVAIL", "Memory that programs in the guest could still get without swapping.", static g => g.AvailableBytes),
        Guest("guest_free_bytes", "GFREE", "Memory that the guest uses for nothing.", static g => g.FreeBytes),
        Guest("guest_cache_bytes", "GCACHE", "File caches in the guest, which it can give up.", static g => g.CacheBytes),
        Guest("guest_total_bytes", "GTOTAL", "Memory that the guest's kernel has.", static g => g.TotalBytes),
        new()
        {
            Id = "guest_memory_age_s", Title = "GAGE", Unit = Unit.Seconds, Width = 5, Needs = s_needs, Source = Stats,
            Help = "How long ago the guest reported its memory (GAVAIL, GFREE, GCACHE, GTOTAL).",
            Get = r => View(r, static b => Figure.Of(Math.Round(b.GuestAge.TotalSeconds))),
        },
    ];

    private const string NotAsked = "QMP: the command line has not been read yet";

    private static Metric<VmRow> Guest(string id, string title, string help, Func<GuestMemory, ulong?> get) => new()
    {
        Id = id, Title = title, Unit = Unit.Bytes, Width = 6, Needs = s_needs, Source = Stats, Help = help + Reported,
        Get = r => View(r, b => Figure.Of(get(b.Guest!), "the guest's driver does not report it")),
    };

    private static Figure View(VmRow row, Func<VmBalloon, Figure> get) => Find(row, static b => b.Guest is not null) is not { } balloon ? Figure.Missing(NotAsked)
        : balloon.Guest is not null ? get(balloon) : Figure.Missing(balloon.GuestReason);

    private static VmBalloon? Find(VmRow row, Func<VmBalloon, bool> knows)
    {
        VmBalloon? latest = null;
        foreach (var (_, of) in s_sources)
        {
            if (of(row) is { } balloon)
            {
                latest = balloon;
                if (knows(balloon))
                    break;
            }
        }

        return latest;
    }
}
