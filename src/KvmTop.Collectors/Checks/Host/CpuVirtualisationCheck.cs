namespace KvmTop.Collectors.Checks;

/// <summary>Whether the CPU can run guests, and who keeps it from doing so.</summary>
public sealed class CpuVirtualisationCheck() : Check("cpu-virtualisation", "CPU can run guests", CheckGroup.Kvm)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var cpu = context.Cpu;
        if (!cpu.IsKnown)
        {
            return [Unknown("the CPU's flags cannot be read", "/proc/cpuinfo: no flags")];
        }

        var flag = cpu.Has("vmx") ? "vmx" : cpu.Has("svm") ? "svm" : null;
        var disabled = context.Log.LastOrDefault(l => l.Text.Contains("disabled", StringComparison.OrdinalIgnoreCase) && l.Text.Contains("BIOS", StringComparison.OrdinalIgnoreCase));
        if (disabled is not null && context.Modules.Vendor is null)
        {
            return [Failure(
                "virtualisation is disabled by the firmware", $"kernel log: {disabled.Text}", "without it KVM cannot run a guest",
                cpu.IsGuest
                    ? "on the hypervisor below: let this machine use nested virtualisation, then restart it"
                    : $"in the firmware setup enable {(cpu.Vendor == "GenuineIntel" ? "Intel Virtualization Technology (VT-x)" : "SVM Mode (AMD-V)")}, then power off and on")];
        }

        if (flag is not null)
        {
            return cpu.IsGuest
                ? [Info($"this machine is a virtual machine itself: its guests run nested ({flag})", "/proc/cpuinfo: flags have hypervisor", "each exit of a guest of a guest passes through the hypervisor below, and costs several times as much")]
                : [Ok($"the CPU can run guests ({flag})", $"/proc/cpuinfo: flags have {flag}")];
        }

        if (context.Modules.Vendor is { } vendor)
        {
            return [Info(
                $"the CPU offers neither VMX nor SVM; KVM runs guests by {vendor.Module.Name} without them", "/proc/cpuinfo: flags have neither vmx nor svm",
                "guests run, at another price than with help of the CPU")];
        }

        if (!cpu.IsX86)
        {
            return context.Host.Exists("/dev/kvm") ? [Ok("the CPU can run guests: /dev/kvm is there")] : [Unknown("whether this CPU can run guests is not told by its flags", "/proc/cpuinfo")];
        }

        return cpu.IsGuest
            ? [Failure(
                "this machine is a virtual machine, and its hypervisor does not let it run guests", "/proc/cpuinfo: flags have hypervisor, and neither vmx nor svm", "without it KVM cannot run a guest here; nothing in this machine's own firmware changes that",
                "on the hypervisor below: echo 'options kvm_intel nested=1' (or kvm_amd) > /etc/modprobe.d/kvm-nested.conf, reload that module, and start this machine with -cpu host (libvirt: <cpu mode='host-passthrough'/>)")]
            : [Failure(
                "the CPU offers neither VMX nor SVM", "/proc/cpuinfo: flags have neither vmx nor svm", "without it KVM cannot run a guest",
                "in the firmware setup enable Intel Virtualization Technology (VT-x) or SVM Mode (AMD-V), then power off and on; a CPU without it can only emulate (qemu -accel tcg)")];
    }
}
