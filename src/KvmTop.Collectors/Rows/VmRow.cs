namespace KvmTop.Collectors;

/// <summary>A VM as a row of a table: where the metrics of all topics find what they need.</summary>
/// <param name="Snapshot">The moment.</param>
/// <param name="Vm">The VM at that moment.</param>
public sealed record VmRow(Snapshot Snapshot, VmModel Vm)
{
    /// <summary>The VMs of a snapshot, by pid.</summary>
    public static IEnumerable<VmRow> All(Snapshot snapshot) =>
        snapshot.Get(VmsTopic.Instance).Value?.Vms.Select(vm => new VmRow(snapshot, vm)) ?? [];
}
