using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Whether guests may run guests.</summary>
public sealed class NestedCheck() : Check("nested", "Nested virtualisation", CheckGroup.Kvm)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var nested = context.Modules.Capabilities.FirstOrDefault(c => c.Name == "nested");
        var vendor = (context.Modules.Vendor ?? (context.Cpu.Architecture == CpuArchitecture.S390 ? context.Modules.Find("kvm") : null))?.Module;
        var fix = vendor is null ? context.Cpu.Architecture == CpuArchitecture.Arm ? "add kvm-arm.mode=nested to the kernel command line, and reboot (Linux 6.16, CPUs with FEAT_NV2)" : null
            : vendor.State == ModuleState.BuiltIn ? $"add {vendor.Name}.nested=1 to the kernel command line, and reboot"
            : $"{CheckContext.BeforeUnloading(vendor)}modprobe -r {vendor.Name} && modprobe {vendor.Name} nested=1; to keep it: echo 'options {vendor.Name} nested=1' > /etc/modprobe.d/kvm-nested.conf{(vendor.Name is "kvm_intel" or "kvm_amd" ? " (kvmtop nested on --persist does all of this)" : "")}";
        switch (nested?.State)
        {
            case CapabilityState.Yes:
                yield return Ok("nested virtualisation is on: guests may run guests", nested.Evidence);
                break;
            case CapabilityState.Off:
                yield return Info("nested virtualisation is off", nested.Evidence + (vendor is null ? "" : context.HeldBy(vendor)), "guests cannot run guests of their own; leave it off when none needs to", fix);
                break;
            case CapabilityState.No:
                yield return Info($"{vendor?.Name ?? "KVM on this CPU"} does not offer nested virtualisation", nested.Evidence, "guests cannot run guests of their own");
                break;
            default:
                yield return Unknown("whether guests may run guests cannot be seen", nested?.Evidence);
                break;
        }
    }
}
