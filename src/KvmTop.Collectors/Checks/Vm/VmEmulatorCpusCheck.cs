namespace KvmTop.Collectors.Checks;

/// <summary>Emulator threads that may run where vCPUs are pinned.</summary>
public sealed class VmEmulatorCpusCheck() : VmCheck("vm-emulator-cpus", "Emulator threads beside pinned vCPUs")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        if (context.Machine?.Topology.Online is not { } online || vm.Info.VcpuThreads == 0 || vm.Info.Threads.Count <= vm.Info.VcpuThreads)
        {
            yield break;
        }

        var taken = new HashSet<int>();
        for (var i = 0; i < vm.Info.VcpuThreads; i++)
        {
            if (context.AffinityOf(vm.Info.Pid, vm.Info.Threads[i].Tid) is not { } cpus || online.IsSubsetOf(cpus))
            {
                yield break;
            }

            taken.UnionWith(cpus);
        }

        // In a set with room to spare the scheduler finds a place for them: that is a pool, not pinning.
        if (taken.Count > vm.Info.VcpuThreads)
        {
            yield break;
        }

        if (context.AffinityOf(vm.Info.Pid, vm.Info.Pid) is { } emulator && emulator.All(taken.Contains))
        {
            yield return Warning(
                FormattableString.Invariant($"its emulator threads may run on the CPUs of its vCPUs only ({emulator})"), FormattableString.Invariant($"/proc/{vm.Info.Pid}/status: Cpus_allowed_list {emulator}"),
                "each packet and disk request takes CPU time from a vCPU", $"kvmtop pin {ShellWord.Of(vm.Info.Name)} --emulator CPUS (libvirt: virsh emulatorpin {ShellWord.Of(vm.Info.Name)} CPUS), with CPUs that no vCPU is pinned to");
        }
    }
}
