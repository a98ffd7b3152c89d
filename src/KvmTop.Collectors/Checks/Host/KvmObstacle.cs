using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Why a kernel with KVM has no /dev/kvm, as far as its log, its command line and the CPU tell; each architecture has causes of its own.</summary>
internal static class KvmObstacle
{
    private const string Why = "without it KVM cannot run a guest";

    /// <summary>The cause; null when KVM runs or nothing tells.</summary>
    public static CheckFinding? Of(CheckContext context) => context.Host.Exists(KvmDevice.Path) ? null : context.Cpu.Architecture switch
    {
        CpuArchitecture.Arm => Arm(context),
        CpuArchitecture.S390 => S390(context),
        CpuArchitecture.Ppc => Power(context),
        CpuArchitecture.Riscv => Riscv(context),
        _ => null,
    };

    /// <summary>True when cpu-virtualisation says what is wrong: only then it is worth naming.</summary>
    public static bool IsTold(CheckContext context) =>
        Of(context) is not null || (context.Modules.Vendor is null && (Said(context, "disabled", "BIOS") is not null || (context.Cpu.IsX86 && !context.Cpu.Has("vmx") && !context.Cpu.Has("svm"))));

    /// <summary>The latest line of KVM's own that has these words; null when there is none.</summary>
    public static KernelMessage? Said(CheckContext context, params ReadOnlySpan<string> words)
    {
        for (var i = context.Log.Count - 1; i >= 0; i--)
        {
            var message = context.Log[i];
            var all = message.Subject == KernelSubject.Kvm;
            foreach (var word in words)
            {
                all = all && message.Text.Contains(word, StringComparison.OrdinalIgnoreCase);
            }

            if (all)
                return message;
        }

        return null;
    }

    private static CheckFinding? Arm(CheckContext context)
    {
        var off = Said(context, "disabled from command line");
        if (off is not null || context.CommandLine.ValueOf("kvm-arm.mode") == "none")
        {
            return Failure("KVM is switched off on the kernel command line", off is null ? "/proc/cmdline: kvm-arm.mode=none" : $"kernel log: {off.Text}; /proc/cmdline: kvm-arm.mode={context.CommandLine.ValueOf("kvm-arm.mode")}", "remove kvm-arm.mode=none from the kernel command line, and reboot");
        }

        return Said(context, "HYP mode not available") is { } el1
            ? Failure(
                "Linux was started below EL2 (HYP mode), where KVM cannot run guests", $"kernel log: {el1.Text}",
                "in a virtual machine: the hypervisor below must give it EL2 (nested virtualisation: QEMU -machine virt,virtualization=on, AWS and others: a metal instance); else the firmware or boot loader must enter Linux at EL2 (with Xen or Gunyah below it never does)")
            : null;
    }

    private static CheckFinding? S390(CheckContext context) => context.Cpu.Has("sie")
        ? null
        : Failure(
            "the machine does not give Linux SIE, by which guests are run", "/proc/cpuinfo: features have no sie",
            "under KVM: the hypervisor below must load kvm with nested=1 and give the guest a host CPU model; under z/VM and in an LPAR: the machine's definition must allow it");

    private static CheckFinding? Power(CheckContext context) => context.Cpu.Platform == "pSeries" && context.Modules.Vendor is null
        ? Failure(
            "this is a partition (LPAR) or a guest, and KVM-HV is not given to it", "/proc/cpuinfo: platform pSeries",
            "KVM-HV runs on the machine itself (PowerNV), in guests of KVM whose host allows it (kvm_hv.nested=1, QEMU -machine pseries,cap-nested-hv=on), and in PowerVM partitions of Power10 with KVM enabled for them at the HMC: then modprobe kvm_hv")
        : null;

    private static CheckFinding? Riscv(CheckContext context) => Said(context, "hypervisor extension not available") is { } said
        ? Failure("the CPU has no hypervisor extension (H)", $"kernel log: {said.Text}", "a CPU with it; others can only emulate (qemu -accel tcg)")
        : context.Cpu.IsKnown && !context.Cpu.Has("h")
        ? Failure("the CPU has no hypervisor extension (H)", "/proc/cpuinfo: isa has no h", "a CPU with it; others can only emulate (qemu -accel tcg)")
        : null;

    private static CheckFinding Failure(string what, string evidence, string fix) => new(CheckLevel.Failure, what, evidence, Why, fix);
}
