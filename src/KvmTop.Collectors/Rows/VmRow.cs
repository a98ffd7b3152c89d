namespace KvmTop.Collectors;

/// <summary>A VM as a row of a table: where the metrics of all topics find what they need.</summary>
/// <param name="Snapshot">The moment.</param>
/// <param name="Vm">The VM at that moment.</param>
public sealed record VmRow(Snapshot Snapshot, VmModel Vm)
{
    /// <summary>KVM's counters, when they are being read.</summary>
    public KvmVmRates? Kvm { get; } = Snapshot.Get(KvmStatsTopic.Instance).Value?.Find(Vm.Info.Key);

    /// <summary>Why there are none.</summary>
    public string KvmReason => Snapshot.Get(KvmStatsTopic.Instance).Reason ?? "not read yet";

    /// <summary>The VMs of a snapshot, by pid.</summary>
    public static IEnumerable<VmRow> All(Snapshot snapshot) =>
        snapshot.Get(VmsTopic.Instance).Value?.Vms.Select(vm => new VmRow(snapshot, vm)) ?? [];
}
