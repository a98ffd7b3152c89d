using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>A network device of a VM, and the interface of the host's that it stands on. Texts are cleaned.</summary>
/// <param name="Name">The interface ("tap0"), else the device's id.</param>
/// <param name="Interface">The interface, or null for a back end without one.</param>
/// <param name="Kind">"tap", "macvtap", "user", "vhost-user", ..</param>
/// <param name="Model">The device that the guest sees ("virtio-net-pci"); null when not known.</param>
/// <param name="IsVirtio">Paravirtual; null when not known.</param>
/// <param name="Queues">Descriptors of the interface: one for each queue pair.</param>
/// <param name="HasVhost">The kernel moves the packets (vhost-net).</param>
/// <param name="Bridge">The bridge or bond that the interface belongs to; null for none, or in another network namespace.</param>
/// <param name="InOtherNamespace">The interface is in another network namespace than this program.</param>
public sealed record NicInfo(string Name, string? Interface, string Kind, string? Model, bool? IsVirtio, int Queues, bool HasVhost, string? Bridge, bool InOtherNamespace);

/// <summary>The networks of one VM at one moment.</summary>
/// <param name="At">When the counters were read, on the monotonic clock.</param>
/// <param name="Nics">The devices.</param>
/// <param name="Counters">Of each device; null where it has no interface, or that could not be read.</param>
/// <param name="Reason">Why the devices are not known.</param>
public sealed record VmNicsSample(TimeSpan At, IReadOnlyList<NicInfo> Nics, NetDevCounters?[] Counters, string? Reason)
{
    /// <summary>The counters are the guest's already; those of a tap are the other way round.</summary>
    public bool IsGuestView { get; init; }

    /// <summary>The reading before this one, from who has a pace of his own; null: that of the tick before.</summary>
    public VmNicsSample? Before { get; init; }
}

/// <summary>The networks of all VMs.</summary>
/// <param name="Vms">Per VM.</param>
public sealed record NicsSample(IReadOnlyDictionary<VmKey, VmNicsSample> Vms);

/// <summary>One network device over the last interval, as the guest sees it: RX is what it receives. NaN when unknown.</summary>
public sealed class NicModel
{
    /// <summary>Which.</summary>
    public required NicInfo Info { get; init; }

    public required double RxBytesPerSecond { get; init; }

    public required double TxBytesPerSecond { get; init; }

    public required double RxPacketsPerSecond { get; init; }

    public required double TxPacketsPerSecond { get; init; }

    /// <summary>Packets for the guest that it did not take in time.</summary>
    public required double RxDroppedPerSecond { get; init; }

    /// <summary>Packets of the guest's that the host threw away.</summary>
    public required double TxDroppedPerSecond { get; init; }

    /// <summary>Why there are no rates; null when there are.</summary>
    public string? Reason { get; init; }
}

/// <summary>The networks of one VM over the last interval.</summary>
/// <param name="Nics">The devices.</param>
/// <param name="Reason">Why there are none; null when all is well.</param>
/// <param name="RxBytesPerSecond">Received by the guest, all devices that are known.</param>
/// <param name="TxBytesPerSecond">Sent by the guest, all devices that are known.</param>
public sealed record VmNics(IReadOnlyList<NicModel> Nics, string? Reason, double RxBytesPerSecond, double TxBytesPerSecond);

/// <summary>The networks of all VMs over the last interval.</summary>
/// <param name="Vms">Per VM.</param>
public sealed record NicsModel(IReadOnlyDictionary<VmKey, VmNics> Vms)
{
    /// <summary>A VM's, or null.</summary>
    public VmNics? Find(VmKey vm) => Vms.GetValueOrDefault(vm);
}

/// <summary>What each network device of each VM moves: the counters of its tap, in whatever network namespace that is; of a domain whose descriptors may not be seen, what libvirt counts.</summary>
public sealed class NicsTopic : Topic<NicsSample, NicsModel>
{
    private static readonly Func<NicInfo, NicInfo, bool> s_same = static (a, b) => a.Interface == b.Interface;

    internal const string NoInterface = "its back end has no interface of the host's to count on";

    private NicsTopic()
        : base("nics", "Networks of the VMs", TimeSpan.Zero, VmsTopic.Instance, LibvirtTopic.Instance)
    {
    }

    /// <summary>The topic.</summary>
    public static NicsTopic Instance { get; } = new();

    /// <inheritdoc/>
    public override ICollector<NicsSample> CreateCollector(CollectorContext context) => new NicsCollector(context);

    /// <inheritdoc/>
    public override NicsModel Derive(NicsSample? before, NicsSample now)
    {
        var vms = new Dictionary<VmKey, VmNics>(now.Vms.Count);
        foreach (var (key, sample) in now.Vms)
            vms.Add(key, Derive(sample.IsGuestView ? sample.Before : before is not null && before.Vms.TryGetValue(key, out var was) ? was : null, sample));
        return new NicsModel(vms);
    }

    private static VmNics Derive(VmNicsSample? before, VmNicsSample now)
    {
        // Not the same view of it: a rate between the two would be nonsense.
        before = before?.IsGuestView == now.IsGuestView ? before : null;
        var seconds = before is null ? 0 : (now.At - before.At).TotalSeconds;
        var nics = new NicModel[now.Nics.Count];
        DeviceSum rx = default, tx = default;
        for (var i = 0; i < nics.Length; i++)
        {
            var info = now.Nics[i];
            var was = DevicePlace.Before(before?.Nics, info, i, s_same) is >= 0 and var place ? before!.Counters[place] : null;
            var counters = now.Counters[i];
            // What the guest sends is what its tap receives; a macvtap counts as the guest does.
            var (first, second) = now.IsGuestView || info.Kind == "macvtap" ? (was, counters) : (Turned(was), Turned(counters));
            double Rate(Func<NetDevCounters, ulong> counter) => Rates.PerSecond(first is { } b ? counter(b) : null, second is { } n ? counter(n) : null, seconds);
            var nic = nics[i] = new NicModel
            {
                Info = info,
                RxBytesPerSecond = Rate(static c => c.RxBytes),
                TxBytesPerSecond = Rate(static c => c.TxBytes),
                RxPacketsPerSecond = Rate(static c => c.RxPackets),
                TxPacketsPerSecond = Rate(static c => c.TxPackets),
                RxDroppedPerSecond = Rate(static c => c.RxDropped),
                TxDroppedPerSecond = Rate(static c => c.TxDropped),
                Reason = info.Interface is null ? NoInterface : counters is null ? $"{info.Interface} is not in the network namespace of its process" : before is null ? VmsTopic.NeedsTwo : null,
            };
            if (info.Interface is not null)
            {
                rx.Add(nic.RxBytesPerSecond);
                tx.Add(nic.TxBytesPerSecond);
            }
        }

        var reason = now.Reason ?? (nics.Length == 0 ? "it has no network device" : rx.Count == 0 ? NoInterface : null);
        return new VmNics(nics, reason, rx.PerSecond(), tx.PerSecond());
    }

    private static NetDevCounters? Turned(NetDevCounters? c) =>
        c is { } n ? new NetDevCounters(n.TxBytes, n.TxPackets, n.TxErrors, n.TxDropped, n.RxBytes, n.RxPackets, n.RxErrors, n.RxDropped) : null;
}
