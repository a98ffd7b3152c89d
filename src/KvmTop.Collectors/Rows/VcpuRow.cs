namespace KvmTop.Collectors;

/// <summary>A vCPU as a row of a table.</summary>
/// <param name="Snapshot">The moment.</param>
/// <param name="Vm">Its VM.</param>
/// <param name="Position">Its place among the VM's vCPU threads.</param>
public sealed record VcpuRow(Snapshot Snapshot, VmModel Vm, int Position)
{
    /// <summary>CPU and ready time.</summary>
    public ThreadLoad Load => Vm.Threads[Position];

    /// <summary>The division of its time, when it is being read.</summary>
    public VcpuTimes? Times => Snapshot.Get(VcpuTimesTopic.Instance).Value?.Find(Vm.Info.Key, Position, Load.Thread.Tid);

    /// <summary>Affinity and switches, when they are being read.</summary>
    public VcpuPlacement? Placement => Snapshot.Get(VcpuPlacementTopic.Instance).Value?.Find(Vm.Info.Key, Position, Load.Thread.Tid);

    /// <summary>KVM's counters, when they are being read.</summary>
    public KvmVcpuRates? Kvm => Snapshot.Get(KvmStatsTopic.Instance).Value?.Find(Vm.Info.Key, Load.Thread, Position);

    /// <summary>The vCPUs of a VM, by number.</summary>
    public static IEnumerable<VcpuRow> Of(VmRow vm)
    {
        for (var i = 0; i < vm.Vm.Info.VcpuThreads; i++)
        {
            yield return new VcpuRow(vm.Snapshot, vm.Vm, i);
        }
    }
}
