using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Whether guests may run guests.</summary>
public sealed class NestedCheck() : Check("nested", "Nested virtualisation", CheckGroup.Kvm)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var nested = context.Modules.Capabilities.FirstOrDefault(c => c.Name == "nested");
        var vendor = context.Modules.Vendor?.Module;
        var fix = vendor is null ? null
            : vendor.State == ModuleState.BuiltIn ? $"add {vendor.Name}.nested=1 to the kernel command line, and reboot"
            : $"{CheckContext.BeforeUnloading(vendor)}modprobe -r {vendor.Name} && modprobe {vendor.Name} nested=1; to keep it: echo 'options {vendor.Name} nested=1' > /etc/modprobe.d/kvm-nested.conf";
        switch (nested?.State)
        {
            case CapabilityState.Yes:
                yield return Ok("nested virtualisation is on: guests may run guests", nested.Evidence);
                break;
            case CapabilityState.Off:
                yield return Info("nested virtualisation is off", nested.Evidence + (vendor is null ? "" : context.HeldBy(vendor)), "guests cannot run guests of their own; leave it off when none needs to", fix);
                break;
            case CapabilityState.No:
                yield return Info($"{vendor?.Name} does not offer nested virtualisation", nested.Evidence, "guests cannot run guests of their own");
                break;
            default:
                yield return Unknown("whether guests may run guests cannot be seen", nested?.Evidence);
                break;
        }
    }
}
