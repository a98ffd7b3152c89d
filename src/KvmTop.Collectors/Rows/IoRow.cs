using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>A disk as a row of a table.</summary>
/// <param name="Disks">All of its VM.</param>
/// <param name="Disk">The disk.</param>
public sealed record DiskRow(VmDisks Disks, DiskModel Disk)
{
    /// <summary>Those of a VM.</summary>
    public static IEnumerable<DiskRow> Of(VmRow vm)
    {
        var disks = vm.Snapshot.Get(DisksTopic.Instance).Value?.Find(vm.Vm.Info.Key);
        foreach (var disk in disks?.Disks ?? [])
            yield return new DiskRow(disks!, disk);
    }
}

/// <summary>A network device as a row of a table.</summary>
/// <param name="Nic">The device.</param>
public sealed record NicRow(NicModel Nic)
{
    /// <summary>Those of a VM.</summary>
    public static IEnumerable<NicRow> Of(VmRow vm)
    {
        foreach (var nic in vm.Snapshot.Get(NicsTopic.Instance).Value?.Find(vm.Vm.Info.Key)?.Nics ?? [])
            yield return new NicRow(nic);
    }
}

/// <summary>Anything that moves data for a VM as a row of one table: a disk, a network device, a passthrough device; or its whole process, where its disks are not known.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Disk">Set for a disk.</param>
/// <param name="Nic">Set for a network device.</param>
/// <param name="Device">Set for a passthrough device.</param>
/// <param name="Reason">Why the disks are not known, for the row of the process.</param>
public sealed record IoRow(VmRow Vm, string Name, DiskRow? Disk, NicRow? Nic, PassthroughDevice? Device, string? Reason)
{
    /// <summary>"disk", "net", "pci", or "proc" for the process.</summary>
    public string Kind => Disk is not null ? "disk" : Nic is not null ? "net" : Device is not null ? "pci" : "proc";

    /// <summary>CPU of its VM's threads of a role, in percent of one CPU.</summary>
    public double CpuPct(Func<ThreadRole, bool> role)
    {
        var sum = 0.0;
        foreach (ref readonly var thread in Vm.Vm.Threads.AsSpan(Vm.Vm.Info.VcpuThreads))
        {
            if (role(thread.Thread.Role) && !double.IsNaN(thread.CpuPct))
                sum += thread.CpuPct;
        }

        return Vm.Vm.Interval > TimeSpan.Zero && Vm.Vm.Info.VcpuThreads > 0 ? sum : double.NaN;
    }

    /// <summary>All of a snapshot: VM by VM, disks first.</summary>
    public static IEnumerable<IoRow> All(Snapshot snapshot)
    {
        var disks = snapshot.Get(DisksTopic.Instance);
        var nics = snapshot.Get(NicsTopic.Instance).Value;
        var passthrough = snapshot.Get(PassthroughTopic.Instance).Value;
        foreach (var vm in VmRow.All(snapshot))
        {
            var key = vm.Vm.Info.Key;
            var known = disks.Value?.Find(key);
            foreach (var disk in known?.Disks ?? [])
                yield return new IoRow(vm, disk.Name, new DiskRow(known!, disk), null, null, null);
            if (known is not { Reason: null })
                yield return new IoRow(vm, "(process)", null, null, null, known?.Reason ?? disks.Reason ?? "QMP: the command line has not been read yet");
            foreach (var nic in nics?.Find(key)?.Nics ?? [])
                yield return new IoRow(vm, nic.Info.Name, null, new NicRow(nic), null, null);
            foreach (var device in passthrough?.Find(key) ?? [])
                yield return new IoRow(vm, device.Address, null, null, device, null);
        }
    }
}
