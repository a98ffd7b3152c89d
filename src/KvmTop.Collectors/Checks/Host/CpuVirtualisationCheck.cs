using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Whether the CPU can run guests, and who keeps it from doing so.</summary>
public sealed class CpuVirtualisationCheck() : Check("cpu-virtualisation", "CPU can run guests", CheckGroup.Kvm)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var cpu = context.Cpu;
        if (KvmObstacle.Of(context) is { } obstacle)
        {
            return [obstacle];
        }

        if (!cpu.IsKnown && cpu.Architecture == CpuArchitecture.Unknown)
        {
            return [Unknown("the CPU's flags cannot be read", "/proc/cpuinfo: no flags")];
        }

        var flag = cpu.Has("vmx") ? "vmx" : cpu.Has("svm") ? "svm" : null;
        var technique = KnownModules.VendorOf(cpu) switch { "kvm_intel" => "Intel Virtualization Technology (VT-x)", "kvm_amd" => "SVM Mode (AMD-V)", _ => "virtualisation (VT-x, SVM)" };
        var disabled = KvmObstacle.Said(context, "disabled", "BIOS");
        if (disabled is not null && context.Modules.Vendor is null)
        {
            return [Failure(
                "virtualisation is disabled by the firmware", $"kernel log: {disabled.Text}", "without it KVM cannot run a guest",
                cpu.IsGuest
                    ? "on the hypervisor below: let this machine use nested virtualisation, then restart it"
                    : $"in the firmware setup enable {technique}, then power off and on")];
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
                $"on the hypervisor below (KVM): kvmtop nested on --persist ({KnownModules.VendorOf(cpu) ?? "kvm_intel or kvm_amd"} nested=1), and start this machine with -cpu host (libvirt: <cpu mode='host-passthrough'/>)")]
            : [Failure(
                "the CPU offers neither VMX nor SVM", "/proc/cpuinfo: flags have neither vmx nor svm", "without it KVM cannot run a guest",
                $"in the firmware setup enable {technique}, then power off and on; a CPU without it can only emulate (qemu -accel tcg)")];
    }
}
