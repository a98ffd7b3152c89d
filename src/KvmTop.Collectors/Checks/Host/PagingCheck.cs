namespace KvmTop.Collectors.Checks;

/// <summary>Second-level page tables: EPT on Intel, NPT on AMD.</summary>
public sealed class PagingCheck() : Check("second-level-paging", "Second-level page tables are on", CheckGroup.Kvm)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        foreach (var capability in context.Modules.Capabilities)
        {
            if (capability.Name is "EPT" or "NPT")
            {
                yield return capability.State switch
                {
                    CapabilityState.Yes => Ok($"{capability.Name} is on", capability.Evidence),
                    CapabilityState.Unknown => Unknown($"whether {capability.Name} is on cannot be seen", capability.Evidence),
                    CapabilityState.Off => Warning($"{capability.Name} is off though the CPU has it", capability.Evidence, "every page fault of a guest exits: memory-heavy guests run at a fraction of their speed",
                        capability.Name == "EPT" ? "remove ept=0 from /etc/modprobe.d or the kernel command line, stop all VMs, then: modprobe -r kvm_intel && modprobe kvm_intel" : "remove npt=0 from /etc/modprobe.d or the kernel command line, stop all VMs, then: modprobe -r kvm_amd && modprobe kvm_amd"),
                    _ => Warning($"the CPU offers no {capability.Name}", capability.Evidence, "every page fault of a guest exits", context.Cpu.IsGuest ? "the hypervisor below must pass it on" : null),
                };
            }
        }
    }
}
