using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Isolated CPUs and who runs there.</summary>
public sealed class IsolatedCpusCheck() : Check("isolated-cpus", "Isolated CPUs", CheckGroup.Cpu)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var file = context.Read("/sys/devices/system/cpu/isolated");
        if (file.Value is not { } list || !CpuSet.TryParse(list, out var isolated) || isolated.Count == 0)
        {
            yield break;
        }

        var used = new HashSet<int>();
        foreach (var vm in context.AllVms)
        {
            for (var i = 0; i < vm.Info.VcpuThreads; i++)
            {
                foreach (var cpu in context.AffinityOf(vm.Info.Pid, vm.Info.Threads[i].Tid) ?? CpuSet.Empty)
                {
                    used.Add(cpu);
                }
            }
        }

        var idle = CpuSet.Of(isolated.Where(c => !used.Contains(c)));
        yield return idle.Count > 0
            ? Warning(
                FormattableString.Invariant($"CPUs {idle} are isolated, and no vCPU may run there"), file.Evidence, "the scheduler puts nothing on isolated CPUs by itself: they stand idle",
                FormattableString.Invariant($"pin vCPUs to them (kvmtop pin VM 0 {idle.First}; libvirt: virsh vcpupin VM 0 {idle.First}), or remove isolcpus= from the kernel command line"))
            : Ok($"isolated CPUs {isolated} are used by pinned vCPUs", file.Evidence);
    }
}
