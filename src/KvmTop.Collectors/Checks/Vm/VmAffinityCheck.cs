using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Where vCPUs may run, against the NUMA nodes and each other.</summary>
public sealed class VmAffinityCheck() : VmCheck("vm-affinity", "vCPU pinning")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        if (context.Machine?.Topology is not { } topology || vm.Info.VcpuThreads == 0)
        {
            yield break;
        }

        var touched = new List<int>();
        var single = new Dictionary<int, int>();
        var (pinned, unknown) = (0, 0);
        for (var i = 0; i < vm.Info.VcpuThreads; i++)
        {
            if (context.AffinityOf(vm.Info.Pid, vm.Info.Threads[i].Tid) is not { } cpus)
            {
                unknown++;
                continue;
            }

            // A set with room to spare is a pool, in which the scheduler has its choice.
            if (topology.Online.IsSubsetOf(cpus) || cpus.Count > vm.Info.VcpuThreads)
            {
                continue;
            }

            pinned++;
            foreach (var cpu in cpus)
            {
                if (topology.NodeOf(cpu) is { } node)
                {
                    touched.Add(node);
                }
            }

            if (cpus.Count == 1)
            {
                single[cpus.First] = single.GetValueOrDefault(cpus.First) + 1;
            }
        }

        if (single.Keys.FirstOrDefault(c => single[c] > 1, -1) is >= 0 and var shared)
        {
            yield return Warning(
                FormattableString.Invariant($"{single[shared]} vCPUs are pinned to CPU {shared} alone"), FormattableString.Invariant($"/proc/{vm.Info.Pid}/task/*/status: Cpus_allowed_list {shared}"),
                "they wait for each other while other CPUs may be idle", $"pin each to a CPU of its own: kvmtop pin {ShellWord.Of(vm.Info.Name)} 0 CPU; with libvirt also: virsh vcpupin {ShellWord.Of(vm.Info.Name)} 0 CPU");
        }

        var nodes = CpuSet.Of(touched);
        if (pinned > 0 && nodes.Count > 1)
        {
            yield return Info(
                $"pinned to CPUs of NUMA nodes {string.Join(", ", nodes)}", FormattableString.Invariant($"/proc/{vm.Info.Pid}/task/*/status: Cpus_allowed_list"), "without NUMA nodes of its own the guest cannot know which memory is near which vCPU",
                "pin all vCPUs to one node, or give the guest the same nodes (-numa)");
        }

        if (pinned > 0 && pinned < vm.Info.VcpuThreads - unknown)
        {
            yield return Info(FormattableString.Invariant($"{pinned} of {vm.Info.VcpuThreads} vCPUs are pinned"), FormattableString.Invariant($"/proc/{vm.Info.Pid}/task/*/status: Cpus_allowed_list"), "the others may be put where the pinned ones run", "pin all, or none");
        }
    }
}
