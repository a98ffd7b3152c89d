namespace KvmTop.Collectors;

/// <summary>
/// What lines of the kernel log mean, in one place and as data: lines that name a task first (<see cref="TaskOf"/>), then by who says it (<see cref="s_origins"/>), then how it is
/// to be taken (<see cref="s_weights"/>). Words are in small letters, of kernels from 2.6 to 6.18.
/// </summary>
internal static class KernelRules
{
    // Who speaks: how its lines begin, and what else must be in them. The first that fits.
    private static readonly (byte[] Start, byte[]? Has, KernelSubject Subject)[] s_origins =
    [
        (B("kvm: "), null, KernelSubject.Kvm), (B("kvm ["), null, KernelSubject.Kvm), (B("kvm_intel: "), null, KernelSubject.Kvm), (B("kvm_amd: "), null, KernelSubject.Kvm),
        (B("kvm_pvm: "), null, KernelSubject.Kvm), (B("kvm_hv: "), null, KernelSubject.Kvm), (B("kvm_pr: "), null, KernelSubject.Kvm), (B("kvm-hv: "), null, KernelSubject.Kvm),
        (B("kvm-s390: "), null, KernelSubject.Kvm), (B("svm: "), null, KernelSubject.Kvm), (B("vmx: "), null, KernelSubject.Kvm), (B("has_svm: "), null, KernelSubject.Kvm),
        (B("x86/cpu: vmx"), null, KernelSubject.Kvm), (B("x86/cpu: svm"), null, KernelSubject.Kvm), (B("emulation failed ("), null, KernelSubject.Kvm), (B("*** guest state"), null, KernelSubject.Kvm),
        (B("l1tf cpu bug present"), null, KernelSubject.Kvm), (B("mds cpu bug present"), null, KernelSubject.Kvm), (B("mmio stale data cpu bug present"), null, KernelSubject.Kvm),
        (B("warning: "), B("arch/x86/kvm/"), KernelSubject.Kvm), (B("warning: "), B("arch/arm64/kvm/"), KernelSubject.Kvm), (B("warning: "), B("arch/s390/kvm/"), KernelSubject.Kvm),
        (B("warning: "), B("arch/powerpc/kvm/"), KernelSubject.Kvm), (B("warning: "), B("arch/riscv/kvm/"), KernelSubject.Kvm), (B("warning: "), B(" virt/kvm/"), KernelSubject.Kvm),
        (B("kernel bug at arch/"), B("/kvm/"), KernelSubject.Kvm), (B("kernel bug at virt/kvm/"), null, KernelSubject.Kvm),
        (B("vfio"), null, KernelSubject.Vfio),
        (B("dmar"), null, KernelSubject.Iommu), (B("amd-vi: "), null, KernelSubject.Iommu), (B("iommu"), null, KernelSubject.Iommu), (B("arm-smmu"), null, KernelSubject.Iommu),
        (B("pci "), B(": amd-vi: "), KernelSubject.Iommu), (B("pci "), B(": dmar: "), KernelSubject.Iommu),
        (B("hugetlb"), null, KernelSubject.Hugepages),
        // These two also say, on every healthy host, that they are there and how many banks or controllers they watch.
        (B("mce: "), B("error"), KernelSubject.Hardware), (B("mce: "), B("exception"), KernelSubject.Hardware), (B("mce: "), B("threshold"), KernelSubject.Hardware), (B("mce: "), B("storm"), KernelSubject.Hardware),
        (B("edac "), B("error"), KernelSubject.Hardware), (B("edac "), B(" ce "), KernelSubject.Hardware), (B("edac "), B(" ue "), KernelSubject.Hardware),
        (B("[hardware error]"), null, KernelSubject.Hardware), (B("{"), B("}[hardware error]"), KernelSubject.Hardware),
        (B("memory failure: 0x"), null, KernelSubject.Hardware), (B("mce 0x"), null, KernelSubject.Hardware), (B("cpu"), B("temperature above threshold"), KernelSubject.Hardware),
        (B("bug: bad page "), null, KernelSubject.Hardware),
    ];

    // How it is to be taken: the first word that is in the line.
    private static readonly (KernelSubject Subject, byte[] Has, KernelWeight Weight)[] s_weights =
    [
        // A guest did what KVM has no answer for, and was stopped.
        (KernelSubject.Kvm, B("unexpected exit"), KernelWeight.Trouble), (KernelSubject.Kvm, B("emulation fail"), KernelWeight.Trouble), (KernelSubject.Kvm, B("internal error"), KernelWeight.Trouble),
        (KernelSubject.Kvm, B("*** guest state"), KernelWeight.Trouble), (KernelSubject.Kvm, B("vmwrite error"), KernelWeight.Trouble), (KernelSubject.Kvm, B("kernel bug at"), KernelWeight.Trouble),
        (KernelSubject.Kvm, B("warning: "), KernelWeight.Trouble),

        // Guests ask for registers that KVM does not have, and do without.
        (KernelSubject.Kvm, B("rdmsr"), KernelWeight.Noise), (KernelSubject.Kvm, B("wrmsr"), KernelWeight.Noise), (KernelSubject.Kvm, B("_msr_common"), KernelWeight.Noise), (KernelSubject.Kvm, B("perfctr"), KernelWeight.Noise),
        (KernelSubject.Kvm, B("debugctl"), KernelWeight.Noise), (KernelSubject.Kvm, B("ignore_msrs"), KernelWeight.Noise), (KernelSubject.Kvm, B("unsupported guest sys_reg access"), KernelWeight.Noise),
        (KernelSubject.Kvm, B("unsupported guest cp15 access"), KernelWeight.Noise), (KernelSubject.Kvm, B("unsupported guest cp14 access"), KernelWeight.Noise),
        (KernelSubject.Kvm, B("lapic timer period limited"), KernelWeight.Noise), (KernelSubject.Kvm, B("mmio generation wraparound"), KernelWeight.Noise), (KernelSubject.Kvm, B("unstable tsc"), KernelWeight.Noise),
        (KernelSubject.Kvm, B("hardware virtualization"), KernelWeight.Noise), (KernelSubject.Kvm, B("phys broadcast and lowest prio"), KernelWeight.Noise),

        // Why there is no KVM, and what the CPU leaks, say kvm-module, cpu-virtualisation and cpu-vulnerabilities; who loads both vendors' parts gets one of these on a healthy host.
        (KernelSubject.Kvm, B("smt on, data leak possible"), KernelWeight.Quiet), (KernelSubject.Kvm, B("no hardware support"), KernelWeight.Quiet), (KernelSubject.Kvm, B("disabled by bios"), KernelWeight.Quiet),
        (KernelSubject.Kvm, B("disabled (by bios)"), KernelWeight.Quiet), (KernelSubject.Kvm, B("not supported"), KernelWeight.Quiet), (KernelSubject.Kvm, B("hyp mode not available"), KernelWeight.Quiet),
        (KernelSubject.Kvm, B("hypervisor extension not available"), KernelWeight.Quiet), (KernelSubject.Kvm, B("disabled from command line"), KernelWeight.Quiet), (KernelSubject.Kvm, B("already loaded"), KernelWeight.Quiet),

        (KernelSubject.Vfio, B("rom header signature"), KernelWeight.Noise), (KernelSubject.Vfio, B("invalid rom contents"), KernelWeight.Noise), (KernelSubject.Vfio, B("no more image in the pci rom"), KernelWeight.Noise),
        (KernelSubject.Vfio, B("vgaarb: "), KernelWeight.Noise), (KernelSubject.Vfio, B("hiding ecap"), KernelWeight.Noise),

        (KernelSubject.Iommu, B("iommu perf counter"), KernelWeight.Noise), (KernelSubject.Iommu, B("[firmware bug]"), KernelWeight.Quiet), (KernelSubject.Iommu, B("unknown option"), KernelWeight.Quiet),
        (KernelSubject.Iommu, B("event logged ["), KernelWeight.Trouble), (KernelSubject.Iommu, B("handling fault status"), KernelWeight.Trouble), (KernelSubject.Iommu, B("unhandled context fault"), KernelWeight.Trouble),

        (KernelSubject.Hugepages, B("failed"), KernelWeight.Trouble),

        // Errors that were put right come as loud as others: that memory or a cache begins to fail is good to know, and no guest noticed.
        (KernelSubject.Hardware, B("due to hardware memory corruption"), KernelWeight.Trouble), (KernelSubject.Hardware, B("uncorrect"), KernelWeight.Trouble), (KernelSubject.Hardware, B("fatal"), KernelWeight.Trouble), (KernelSubject.Hardware, B("severity: recoverable"), KernelWeight.Trouble),
        (KernelSubject.Hardware, B("machine check exception"), KernelWeight.Trouble), (KernelSubject.Hardware, B(" ue "), KernelWeight.Trouble), (KernelSubject.Hardware, B("bad page"), KernelWeight.Trouble),
        (KernelSubject.Hardware, B(""), KernelWeight.Quiet),
        (KernelSubject.Iommu, B(""), KernelWeight.ByPriority), (KernelSubject.Vfio, B(""), KernelWeight.ByPriority), (KernelSubject.Kvm, B(""), KernelWeight.ByPriority), (KernelSubject.Hugepages, B(""), KernelWeight.ByPriority),
    ];

    /// <summary>What a line means that is not about a kill; null when it has nothing to do with virtual machines.</summary>
    public static (KernelSubject Subject, KernelWeight Weight, KernelTask? Task)? Of(in KernelLine line)
    {
        // What the machine was started with is repeated there.
        if (line.Starts("command line: "u8) || line.Starts("kernel command line: "u8))
            return null;
        if (TaskOf(line, out var known) is { } found)
            return found;
        if (known)
            return null;
        foreach (var (start, has, subject) in s_origins)
        {
            if (line.Starts(start) && (has is null || line.Has(has)))
                return (subject, WeightOf(subject, line), subject == KernelSubject.Hardware ? Poisoned(line) : null);
        }

        return null;
    }

    /// <summary>Lines in which the kernel names a task. <paramref name="known"/> without an answer: it is one of them, and of somebody else.</summary>
    private static (KernelSubject Subject, KernelWeight Weight, KernelTask? Task)? TaskOf(in KernelLine line, out bool known)
    {
        known = true;
        if (line.Has(": unknown parameter '"u8) || line.Has(": unknown parameter `"u8) || line.Has(" invalid for parameter `"u8))
            return (KernelSubject.Modules, KernelWeight.Quiet, null);

        // "qemu-system-x86[1234]: segfault at 0 ip ..", "traps: CPU 0/KVM[1235] general protection fault ip:..", "kvm: potentially unexpected fatal signal 6."
        if (line.Has("]: segfault at "u8))
            return Vmm(KernelSubject.Crash, line.TaskInBrackets(0, "]: segfault at "u8));
        if (line.Starts("traps: "u8))
            return Vmm(KernelSubject.Crash, line.TaskInBrackets("traps: ".Length, line.Has("] trap "u8) ? "] trap "u8 : "] general protection"u8));
        if (line.Has("] general protection"u8))
            return Vmm(KernelSubject.Crash, line.TaskInBrackets(0, "] general protection"u8));
        if (line.Has(": potentially unexpected fatal signal "u8))
            return Vmm(KernelSubject.Crash, line.TaskUntil(": potentially unexpected fatal signal "u8));
        if (line.Has(": page allocation failure: order:"u8))
            return line.TaskUntil(": page allocation failure: order:"u8) is { IsVmm: true } starved ? (KernelSubject.Memory, KernelWeight.ByPriority, starved) : null;

        // "INFO: task CPU 1/KVM:10617 blocked for more than 122 seconds.", ".. blocked in I/O wait for more than ..": other lines of the same begin with other words.
        if (line.Starts("info: task "u8))
        {
            var task = line.TaskBefore("info: task ".Length, " blocked for more than "u8, ':') ?? line.TaskBefore("info: task ".Length, " blocked in i/o wait for more than "u8, ':');
            return task is null ? null : (KernelSubject.Hung, task.IsVmm ? KernelWeight.Trouble : KernelWeight.Quiet, task);
        }

        // "watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [CPU 0/KVM:4711]", "BUG: soft lockup - CPU#0 stuck for 67s! [qemu-kvm:1234]"
        if (line.Starts("watchdog: bug: soft lockup - cpu#"u8) || line.Starts("bug: soft lockup - cpu#"u8) || line.Starts("nmi watchdog: bug: soft lockup - cpu#"u8))
            return (KernelSubject.Stuck, KernelWeight.Trouble, line.TaskBefore(line.After("s! ["u8), "]"u8, ':'));
        if ((line.Starts("watchdog: "u8) || line.Starts("nmi watchdog: "u8)) && line.Has("hard lockup on cpu"u8))
            return (KernelSubject.Stuck, KernelWeight.Trouble, null);
        if ((line.Starts("rcu: info: rcu"u8) || line.Starts("info: rcu"u8)) && line.Has(" stall"u8))
            return (KernelSubject.Stuck, KernelWeight.Trouble, null);

        // "x86/split lock detection: #AC: CPU 0/KVM/1234 took a split_lock trap at address: 0x..", ".. #AC: NAME/PID (guest) took a ..", ".. #DB: NAME/PID took a bus_lock trap .."
        if (line.Starts("x86/split lock detection: #"u8))
        {
            var from = "x86/split lock detection: #AC: ".Length;
            return Vmm(KernelSubject.SplitLock, line.TaskBefore(from, " (guest) took a "u8, '/') ?? line.TaskBefore(from, " took a "u8, '/') ?? line.TaskBefore(from, " fatal split_lock"u8, '/') ?? line.TaskBefore(from, " bogus split_lock"u8, '/'));
        }

        // The kernel does not say who it was.
        if (line.Starts("pid "u8) && line.Has(" killed due to inadequate hugepage pool"u8))
            return (KernelSubject.Hugepages, KernelWeight.Trouble, line.NumberBehindLast("pid "u8) is > 0 and <= int.MaxValue and var pid ? new KernelTask((int)pid, "a process", false) : null);
        known = false;
        return null;
    }

    // "Memory failure: 0x1a2b: Sending SIGBUS to qemu-system-x86:1234 due to hardware memory corruption", "MCE 0x1a2b: Killing qemu-kvm:1234 due to .."
    private static KernelTask? Poisoned(in KernelLine line)
    {
        var from = line.After(": sending sigbus to "u8);
        return line.TaskBefore(from < 0 ? line.After(": killing "u8) : from, " due to hardware memory corruption"u8, ':');
    }

    private static (KernelSubject Subject, KernelWeight Weight, KernelTask? Task)? Vmm(KernelSubject subject, KernelTask? task) => task is { IsVmm: true } ? (subject, KernelWeight.Trouble, task) : null;

    private static KernelWeight WeightOf(KernelSubject subject, in KernelLine line)
    {
        foreach (var (of, has, weight) in s_weights)
        {
            if (of == subject && line.Has(has))
                return weight;
        }

        return KernelWeight.ByPriority;
    }

    private static byte[] B(string words) => System.Text.Encoding.ASCII.GetBytes(words);
}
