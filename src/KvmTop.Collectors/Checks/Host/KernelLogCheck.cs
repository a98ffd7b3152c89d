using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>What the kernel has said about virtual machines since it started, by what it means.</summary>
public sealed class KernelLogCheck() : Check("kernel-log", "Kernel log about VMs, KVM, VFIO, IOMMU, memory", CheckGroup.Observability)
{
    private const int MostNames = 5;

    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        if (context.LogErrno != Errno.None)
        {
            yield return Unknown("the kernel log cannot be read", $"/dev/kmsg: {context.LogErrno.Describe()}", context.LogErrno.IsDenied() ? "as root, or: sysctl kernel.dmesg_restrict=0" : null);
            yield break;
        }

        var findings = new List<CheckFinding>();
        foreach (var scope in (KillScope[])[KillScope.Cgroup, KillScope.Node, KillScope.Host, KillScope.Unknown])
        {
            AddKills(context, scope, findings);
        }

        foreach (var subject in (KernelSubject[])[KernelSubject.Crash, KernelSubject.Hung, KernelSubject.Stuck, KernelSubject.Hugepages, KernelSubject.Hardware, KernelSubject.Kvm, KernelSubject.Vfio, KernelSubject.Iommu, KernelSubject.SplitLock])
        {
            var troubles = Of(context, m => m.Subject == subject && m.IsTrouble);
            if (troubles.Count > 0)
            {
                findings.Add(Trouble(context, subject, troubles));
            }
        }

        foreach (var (subject, what, why) in ((KernelSubject, string, string)[])
            [(KernelSubject.Hung, "processes besides VMs hang in the kernel", "what they wait for, mostly storage, VMs may wait for too"), (KernelSubject.Hardware, "the hardware has reported errors that were put right, or heat", "more of them announce that a part fails")])
        {
            var quiet = Of(context, m => m.Subject == subject && !m.IsTrouble);
            if (quiet.Count > 0)
            {
                findings.Add(Info(what, Evidence(context, quiet), why));
            }
        }

        foreach (var finding in findings)
        {
            yield return finding;
        }

        if (findings.Count == 0)
        {
            var noise = context.LogSet.Noise;
            yield return Ok(FormattableString.Invariant($"no errors about virtual machines in the kernel log ({context.Log.Count + noise} lines about them{(noise > 0 ? FormattableString.Invariant($", {noise} known to be harmless") : "")})"), "/dev/kmsg");
        }
    }

    private static void AddKills(CheckContext context, KillScope scope, List<CheckFinding> findings)
    {
        var vms = Of(context, m => m.Subject == KernelSubject.OutOfMemory && m.Scope == scope && m.IsVmm);
        var others = Of(context, m => m.Subject == KernelSubject.OutOfMemory && m.Scope == scope && !m.IsVmm);
        if (vms.Count > 0)
        {
            var (why, fix) = scope switch
            {
                KillScope.Cgroup => (
                    "a monitor needs memory besides its guest's: for devices, displays, migration and page tables; at memory.max it is killed, however much the host has left",
                    "raise memory.max of its cgroup or take it away (KubeVirt: a larger memory limit or additionalGuestMemoryOverheadRatio; libvirt: virsh memtune --hard-limit -1; systemd: MemoryMax=), or give the guest less"),
                KillScope.Node => (
                    "it may take memory from some NUMA nodes only (numactl, libvirt's numatune, cpuset.mems), and these are full; others may have plenty", "let it use more nodes (libvirt: <numatune><memory mode='preferred'/>), or place fewer guests there (pane 4 shows each node)"),
                _ => ("guests have more memory than the host can give: the next may be killed too", "give guests less memory or the host more, and keep some for the host itself (pane 4 shows who has what)"),
            };
            var one = vms.Count == 1;
            findings.Add(Warning(
                FormattableString.Invariant($"the kernel killed {(one ? "a VM" : $"VMs {vms.Count} times")}{KernelSaying.Cause(scope)}: {Names(context, vms)}"), Evidence(context, vms), why, fix));
        }

        if (others.Count == 0)
        {
            return;
        }

        // A container that its own limit stops is everyday business of where containers run.
        var what = FormattableString.Invariant($"the kernel killed {others.Count} process{(others.Count == 1 ? "" : "es")}{(scope == KillScope.Cgroup && others.Count > 1 ? " by their cgroups' memory limits" : KernelSaying.Cause(scope))}: {Names(context, others)}");
        findings.Add(scope is KillScope.Cgroup or KillScope.Node
            ? Info(what, Evidence(context, others), "no VM, as far as its name tells")
            : Warning(what, Evidence(context, others), "guests have more memory than the host can give: the next to be killed may be a VM", "give guests less memory or the host more, and keep some for the host itself (pane 4 shows who has what)"));
    }

    private static CheckFinding Trouble(CheckContext context, KernelSubject subject, List<KernelMessage> messages)
    {
        var evidence = Evidence(context, messages);
        var vmm = messages.Exists(static m => m.IsVmm);
        var names = Names(context, messages);
        var who = names.Length > 0 ? ": " + names : "";
        var count = FormattableString.Invariant($"{messages.Count} error{(messages.Count == 1 ? "" : "s")}");
        const string all = "dmesg --level=err,crit,alert,emerg";
        return subject switch
        {
            KernelSubject.Crash => Warning($"a VM's process crashed{who}", evidence, "its guest went down as if its power had been cut", "update the monitor, and look for its core: coredumpctl list"),
            KernelSubject.Hung => Warning($"a VM hangs in the kernel{who}", evidence, "it waits, mostly for its storage (NFS, Ceph, DRBD, a failing disk), and cannot even be killed until that answers", "look at the storage behind it: dmesg shows what it waits in (Call Trace); echo w > /proc/sysrq-trigger shows who waits now"),
            KernelSubject.Stuck => Warning(
                vmm ? $"a CPU was stuck in a VM{who}" : $"a CPU of this host was stuck{who}", evidence, "nothing else ran on that CPU for many seconds, and guests there stood still",
                context.Cpu.IsGuest ? "this machine is a virtual machine: the hypervisor below gave it too little CPU time, or paused it" : "look at what it was doing (dmesg, Call Trace); update the kernel, the firmware and the microcode"),
            KernelSubject.Hugepages => Warning("hugepages were not to be had", evidence, "guests that want them do not start, or are killed (SIGBUS) when they touch their memory", "set them aside at boot (hugepagesz= hugepages= on the kernel command line), when memory is still in one piece; kvmtop hugepages shows what a pool gets now"),
            KernelSubject.Hardware => Warning($"the hardware has reported errors that could not be put right{who}", evidence, "guests whose memory or CPU that was are killed, or go on with wrong data", "move the VMs to another host; ras-mc-ctl --errors or the machine's own log say which part it is"),
            KernelSubject.SplitLock => SplitLocks(context, who, evidence),
            KernelSubject.Vfio => Warning($"{count} about VFIO in the kernel log", evidence, "a device that was given to a guest did not do as it was asked to", all),
            KernelSubject.Iommu => Warning($"{count} about the IOMMU in the kernel log", evidence, "a device reached for memory that is not its own, or interrupts were blocked", all),
            _ => Warning($"{count} about KVM in the kernel log", evidence, "something did not work as it was asked to", all),
        };
    }

    // The kernel makes whoever locks a whole bus wait, one at a time; split_lock_mitigate (since 5.19) and split_lock_detect are x86's.
    private static CheckFinding SplitLocks(CheckContext context, string who, string evidence)
    {
        var mitigate = context.Read("/proc/sys/kernel/split_lock_mitigate");
        var what = $"a guest locks memory across a cache line{who}";
        return mitigate.Value == "0"
            ? Info(what, $"{evidence}; {mitigate.Evidence}", "each such lock stops all CPUs for a moment; the kernel does not slow the guest down for it")
            : Warning(
                what, mitigate.Value is null ? evidence : $"{evidence}; {mitigate.Evidence}", "the kernel makes its vCPU wait for each, so that others do not: the guest crawls",
                mitigate.Value is null ? "mend or update the program in the guest" : "mend or update the program in the guest; where guests may disturb each other: sysctl kernel.split_lock_mitigate=0");
    }

    private static List<KernelMessage> Of(CheckContext context, Predicate<KernelMessage> which)
    {
        var found = new List<KernelMessage>();
        foreach (var message in context.Log)
        {
            if (which(message))
                found.Add(message);
        }

        return found;
    }

    /// <summary>The latest line, how old it is, and how many there are.</summary>
    private static string Evidence(CheckContext context, List<KernelMessage> messages)
    {
        var latest = messages[^1];
        var ago = KernelSaying.Ago(latest, context.LogNow) is { Length: > 0 } age ? ", " + age : "";
        return FormattableString.Invariant($"kernel log{ago}: {latest.Text}{(messages.Count > 1 ? FormattableString.Invariant($" (the latest of {messages.Count})") : "")}");
    }

    /// <summary>Who, the latest first, each once.</summary>
    private static string Names(CheckContext context, List<KernelMessage> messages)
    {
        var names = new List<string>();
        for (var i = messages.Count - 1; i >= 0; i--)
        {
            if (messages[i].Task is not { } task)
            {
                continue;
            }

            var vm = KernelSaying.VmOf(messages[i]) ?? Alive(context, task, messages[i].SinceBoot);
            var name = vm is null ? task.ToString() : $"{vm}, {task}";
            if (!names.Contains(name))
                names.Add(name);
        }

        return names.Count <= MostNames ? string.Join("; ", names) : FormattableString.Invariant($"{string.Join("; ", names[..MostNames])} and {names.Count - MostNames} more");
    }

    /// <summary>The VM that the task is of, when that was already there at the time: pids are used again.</summary>
    private static string? Alive(CheckContext context, KernelTask task, TimeSpan when)
    {
        const double ticksPerSecond = 100;
        foreach (var vm in context.AllVms)
        {
            if (task.Pid == 0 || vm.Info.Key.StartTimeTicks / ticksPerSecond > when.TotalSeconds)
                continue;
            if (vm.Info.Pid == task.Pid)
                return vm.Info.Name;
            foreach (var thread in vm.Info.Threads)
            {
                if (thread.Tid == task.Pid)
                    return vm.Info.Name;
            }
        }

        return null;
    }
}
