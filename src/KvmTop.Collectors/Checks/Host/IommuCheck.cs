using KvmTop.Linux;
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

        var fix = Fix(context);
        yield return users > 0
            ? Warning(FormattableString.Invariant($"{users} VM{(users == 1 ? "" : "s")} with devices of the host, and no IOMMU groups"), "/sys/kernel/iommu_groups is empty", "a device that is given away without an IOMMU can write to all memory of the host", fix)
            : Info("no IOMMU: devices cannot be given to guests", "/sys/kernel/iommu_groups is empty", "only needed for passthrough (vfio-pci, SR-IOV)", fix);
    }

    // Only what exists for this CPU and is not there already (Documentation/admin-guide/kernel-parameters.txt).
    private static string Fix(CheckContext context)
    {
        var (cpu, line) = (context.Cpu, context.CommandLine);
        if (cpu.IsGuest)
        {
            return "the hypervisor below must give this machine a virtual IOMMU (QEMU: -device intel-iommu or virtio-iommu-pci)";
        }

        var off = "";
        foreach (var (name, value) in line.Words)
        {
            if (value?.Split(',').Contains("off") == true && (name == "iommu" || (name == "intel_iommu" && cpu.IsX86) || (name == "amd_iommu" && cpu.IsX86)))
                off += $"{(off.Length > 0 ? " and " : "")}{name}={value}";
        }

        var remove = off.Length > 0 ? $"remove {off} from the kernel command line, " : "";
        switch (KnownModules.VendorOf(cpu))
        {
            case "kvm_intel":
                var on = line.ValueOf("intel_iommu")?.Split(',').Contains("on") == true;
                var passThrough = line.ValueOf("iommu") == "pt" || line.ValueOf("iommu.passthrough") is "1" or "on";
                return remove + (on ? "enable VT-d in the firmware setup, and reboot (intel_iommu=on is on the kernel command line already)"
                    : $"enable VT-d in the firmware setup, add intel_iommu=on{(passThrough ? "" : " (iommu=pt spares devices that the host keeps)")} to the kernel command line, and reboot");
            case "kvm_amd":
                var wrong = line.ValueOf("amd_iommu")?.Split(',').Contains("on") == true ? "; amd_iommu=on is no value that the kernel knows: leave it out" : "";
                return $"{remove}enable the IOMMU (AMD-Vi) in the firmware setup, and reboot: Linux then uses it unasked{wrong}";
        }

        return cpu.Architecture switch
        {
            CpuArchitecture.Arm => remove + "the firmware must describe the SMMU (ACPI: IORT; else the device tree), and the kernel have its driver (CONFIG_ARM_SMMU, CONFIG_ARM_SMMU_V3): there is no word for the command line",
            CpuArchitecture.S390 => "nothing is to be set: PCI functions of a partition are behind an IOMMU by themselves, and appear when they are assigned to it; channel devices and crypto are given by vfio_ccw and vfio_ap",
            CpuArchitecture.Ppc => "nothing is to be set: PCI devices are behind an IOMMU by themselves, and groups appear with the first device",
            CpuArchitecture.Riscv => remove + "the CPU must have a RISC-V IOMMU that the firmware describes, and the kernel its driver (CONFIG_RISCV_IOMMU)",
            _ => remove + "enable the IOMMU in the firmware setup, and reboot",
        };
    }
}
