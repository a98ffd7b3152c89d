namespace KvmTop.Collectors;

/// <summary>The host as the one row of its table.</summary>
/// <param name="Snapshot">The moment.</param>
public sealed record HostRow(Snapshot Snapshot)
{
    /// <summary>CPU, memory, load, pressure.</summary>
    public HostModel? Host { get; } = Snapshot.Get(HostTopic.Instance).Value;

    /// <summary>Identity, topology, KVM.</summary>
    public MachineModel? Machine { get; } = Snapshot.Get(MachineTopic.Instance).Value;

    /// <summary>KVM's counters, when they are being read.</summary>
    public KvmStatsModel? Kvm { get; } = Snapshot.Get(KvmStatsTopic.Instance).Value;

    /// <summary>This program's cost.</summary>
    public SelfModel? Self { get; } = Snapshot.Get(SelfTopic.Instance).Value;

    /// <summary>Why there are no figures of the host.</summary>
    public string? Reason { get; } = Snapshot.Get(HostTopic.Instance).Reason;
}
