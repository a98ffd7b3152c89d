using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>Whether devices can be given to guests.</summary>
public sealed class IommuCheck() : Check("iommu", "IOMMU for passthrough", CheckGroup.Devices)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var groups = context.List("/sys/kernel/iommu_groups");
        var users = context.AllVms.Count(v => v.Info.Description.Devices.Any(d => d.Kind == VmDeviceKind.Passthrough));
        if (groups.Count > 0)
        {
            yield return Ok(FormattableString.Invariant($"the IOMMU is on: {groups.Count} groups"), "/sys/kernel/iommu_groups");
            yield break;
        }

        var parameter = context.Cpu.Vendor == "GenuineIntel" ? "intel_iommu=on iommu=pt" : "amd_iommu=on iommu=pt";
        var fix = context.Cpu.IsGuest ? "the hypervisor below must give this machine a virtual IOMMU (QEMU: -device intel-iommu)"
            : $"enable VT-d / AMD-Vi in the firmware setup, add {parameter} to the kernel command line, and reboot";
        yield return users > 0
            ? Warning(FormattableString.Invariant($"{users} VM{(users == 1 ? "" : "s")} with devices of the host, and no IOMMU groups"), "/sys/kernel/iommu_groups is empty", "a device that is given away without an IOMMU can write to all memory of the host", fix)
            : Info("no IOMMU: devices cannot be given to guests", "/sys/kernel/iommu_groups is empty", "only needed for passthrough (vfio-pci, SR-IOV)", fix);
    }
}
