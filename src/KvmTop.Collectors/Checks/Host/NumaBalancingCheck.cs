namespace KvmTop.Collectors.Checks;

/// <summary>Automatic NUMA balancing.</summary>
public sealed class NumaBalancingCheck() : Check("numa-balancing", "Automatic NUMA balancing", CheckGroup.Memory)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var file = context.Read("/proc/sys/kernel/numa_balancing");
        var nodes = context.Machine?.Topology.Nodes.Count ?? 1;
        if (file.Number is not { } on || nodes < 2)
        {
            yield break;
        }

        var pinned = context.AllVms.Count > 0 && context.AllVms.All(v => v.Info.VcpuThreads > 0 && context.Machine is { } m && context.AffinityOf(v.Info.Pid, v.Info.Threads[0].Tid) is { } cpus && !m.Topology.Online.IsSubsetOf(cpus));
        yield return on != 0 && pinned
            ? Info("NUMA balancing scans, though all VMs are pinned", file.Evidence, "its page faults cost guests CPU time, and it has nothing to move", "sysctl kernel.numa_balancing=0")
            : on == 0 && !pinned && context.AllVms.Count > 0
            ? Info("NUMA balancing is off, and VMs are not all pinned", file.Evidence, "memory stays on the node where it was first touched, wherever the vCPUs go", "sysctl kernel.numa_balancing=1, or pin VMs to a node")
            : Ok(on != 0 ? "NUMA balancing is on" : "NUMA balancing is off", file.Evidence);
    }
}
