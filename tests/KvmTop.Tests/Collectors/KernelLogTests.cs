using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tests.Linux;

namespace KvmTop.Tests.Collectors;

/// <summary>
/// The kernel's lines by what they mean. They were filed by words anywhere in them: a VM killed by its cgroup, a hung one and a stuck vCPU were not seen at all, and a file system error of a
/// process called kvm was one of KVM's.
/// </summary>
public sealed class KernelLogTests
{
    [Theory]
    [InlineData("3,100,5000000,-;kvm: misc device register failed", KernelSubject.Kvm, true)]
    [InlineData("6,100,5000000,-;kvm: Nested Virtualization enabled", KernelSubject.Kvm, false)]
    [InlineData("3,100,5000000,-;kvm: VMX (outside TXT) disabled by BIOS", KernelSubject.Kvm, false)]
    [InlineData("3,1,1,-;x86/cpu: VMX (outside TXT) disabled by BIOS", KernelSubject.Kvm, false)]
    [InlineData("3,1,1,-;kvm: no hardware support for kvm_intel", KernelSubject.Kvm, false)]
    [InlineData("6,1,1,-;kvm [1]: HYP mode not available", KernelSubject.Kvm, false)]
    [InlineData("4,1,1,-;L1TF CPU bug present and SMT on, data leak possible. See CVE-2018-3646 and https://www.kernel.org/doc/html/latest/admin-guide/hw-vuln/l1tf.html for details.", KernelSubject.Kvm, false)]
    [InlineData("3,1,1,-;kvm [4711]: vcpu0, guest rIP: 0xfffff8025c0f4ac0 vmx: unexpected exit reason 0x3", KernelSubject.Kvm, true)]
    [InlineData("3,1,1,-;emulation failed (pagetable) rip 7c90e4f4 0f 34 c3 8d", KernelSubject.Kvm, true)]
    [InlineData("4,1,1,-;WARNING: CPU: 3 PID: 4711 at arch/x86/kvm/x86.c:11400 kvm_arch_vcpu_ioctl_run+0x1d3/0x1f0 [kvm]", KernelSubject.Kvm, true)]
    [InlineData("2,1,1,-;kernel BUG at arch/x86/kvm/mmu/mmu.c:1090!", KernelSubject.Kvm, true)]
    [InlineData("6,7,1,c;vfio-pci 0000:01:00.0: enabling device (0400 -> 0403)", KernelSubject.Vfio, false)]
    [InlineData("3,7,1,-;vfio-pci 0000:01:00.0: BAR 1: can't reserve [mem 0xe0000000-0xefffffff 64bit pref]", KernelSubject.Vfio, true)]
    [InlineData("3,8,1,-;DMAR: DRHD: handling fault status reg 2", KernelSubject.Iommu, true)]
    [InlineData("4,8,1,-;DMAR: [Firmware Bug]: RMRR entry for device 06:00.0 is broken - applying workaround", KernelSubject.Iommu, false)]
    [InlineData("5,20,1000,-;AMD-Vi: Unknown option - 'on'", KernelSubject.Iommu, false)]
    [InlineData("1,8,1,-;vfio-pci 0000:01:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0012 address=0xfffffff0 flags=0x0000]", KernelSubject.Vfio, true)]
    [InlineData("4,8,1,-;AMD-Vi: Event logged [IO_PAGE_FAULT device=01:00.0 domain=0x000c address=0xbf140000 flags=0x0020]", KernelSubject.Iommu, true)]
    [InlineData("3,8,1,-;arm-smmu-v3 arm-smmu-v3.0.auto: event 0x10 received:", KernelSubject.Iommu, true)]
    [InlineData("4,9,1,-,caller=T1;HugeTLB: allocating 4 of page size 1.00 GiB failed.  Only allocated 2 hugepages.", KernelSubject.Hugepages, true)]
    [InlineData("6,9,1,-;HugeTLB: registered 1.00 GiB page size, pre-allocated 0 pages", KernelSubject.Hugepages, false)]
    [InlineData("4,9,1,-;PID 2876 killed due to inadequate hugepage pool", KernelSubject.Hugepages, true)]
    [InlineData("0,9,1,-;mce: [Hardware Error]: CPU 4: Machine Check Exception: 5 Bank 12: be00000000800400", KernelSubject.Hardware, true)]
    [InlineData("0,9,1,-;[Hardware Error]: Corrected error, no action required.", KernelSubject.Hardware, false)]
    [InlineData("0,9,1,-;[Hardware Error]: Uncorrected, software restartable error.", KernelSubject.Hardware, true)]
    [InlineData("6,9,1,-;mce: [Hardware Error]: Machine check events logged", KernelSubject.Hardware, false)]
    [InlineData("4,9,1,-;EDAC MC0: 1 CE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0", KernelSubject.Hardware, false)]
    [InlineData("0,9,1,-;EDAC MC1: 1 UE memory read error on CPU_SrcID#1_MC#0_Chan#0_DIMM#1", KernelSubject.Hardware, true)]
    [InlineData("2,9,1,-;mce: CPU3: Core temperature above threshold, cpu clock throttled (total events = 12)", KernelSubject.Hardware, false)]
    [InlineData("0,9,1,-;{1}[Hardware Error]: event severity: recoverable", KernelSubject.Hardware, true)]
    [InlineData("4,1,5,-;kvm_intel: unknown parameter 'nestd' ignored", KernelSubject.Modules, false)]
    [InlineData("3,1,5,-;kvm_amd: `banana' invalid for parameter `nested'", KernelSubject.Modules, false)]
    [InlineData("3,1,1,-;watchdog: Watchdog detected hard LOCKUP on cpu 3", KernelSubject.Stuck, true)]
    [InlineData("3,1,1,-;rcu: INFO: rcu_sched detected stalls on CPUs/tasks:", KernelSubject.Stuck, true)]
    [InlineData("3,1,1,-;INFO: rcu_sched self-detected stall on CPU", KernelSubject.Stuck, true)]
    public void Line_without_a_task_is_filed_by_who_says_it(string record, KernelSubject subject, bool trouble)
    {
        var message = Assert.Single(Read(record + "\n SUBSYSTEM=pci\n").Messages);
        Assert.Equal((subject, trouble, record[(record.IndexOf(';') + 1)..]), (message.Subject, message.IsTrouble, message.Text));
    }

    [Theory]
    [InlineData("INFO: task qemu-system-x86:10600 blocked for more than 122 seconds.", KernelSubject.Hung, 10600, "qemu-system-x86")]
    [InlineData("INFO: task CPU 1/KVM:10617 blocked for more than 122 seconds.", KernelSubject.Hung, 10617, "CPU 1/KVM")]
    [InlineData("INFO: task kvm:2863 blocked for more than 120 seconds.", KernelSubject.Hung, 2863, "kvm")]
    [InlineData("INFO: task qemu-kvm:11604 blocked for more than 120 seconds.", KernelSubject.Hung, 11604, "qemu-kvm")]
    [InlineData("INFO: task cloud-hyperviso:77 blocked in I/O wait for more than 122 seconds.", KernelSubject.Hung, 77, "cloud-hyperviso")]
    [InlineData("INFO: task fc_vcpu 0:78 blocked for more than 122 seconds.", KernelSubject.Hung, 78, "fc_vcpu 0")]
    [InlineData("INFO: task vhost-4711:4799 blocked for more than 122 seconds.", KernelSubject.Hung, 4799, "vhost-4711")]
    [InlineData("watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [CPU 0/KVM:4711]", KernelSubject.Stuck, 4711, "CPU 0/KVM")]
    [InlineData("NMI watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [crosvm_vcpu0:4712]", KernelSubject.Stuck, 4712, "crosvm_vcpu0")]
    [InlineData("BUG: soft lockup - CPU#0 stuck for 67s! [qemu-kvm:1234]", KernelSubject.Stuck, 1234, "qemu-kvm")]
    [InlineData("x86/split lock detection: #AC: CPU 0/KVM/88279 took a split_lock trap at address: 0xfffff80104613be8", KernelSubject.SplitLock, 88279, "CPU 0/KVM")]
    [InlineData("x86/split lock detection: #AC: CPU 2/KVM/88281 (guest) took a split_lock trap at address: 0xfffff8010465701c", KernelSubject.SplitLock, 88281, "CPU 2/KVM")]
    [InlineData("x86/split lock detection: #AC: fc_vcpu61/257319 took a split_lock trap at address: 0x40179d", KernelSubject.SplitLock, 257319, "fc_vcpu61")]
    [InlineData("x86/split lock detection: #DB: CPU 1/KVM/5 took a bus_lock trap at address: 0x1", KernelSubject.SplitLock, 5, "CPU 1/KVM")]
    [InlineData("qemu-system-x86[4711]: segfault at 18 ip 000055d1 sp 00007ffd error 4 in qemu-system-x86_64[55d1+5d0000]", KernelSubject.Crash, 4711, "qemu-system-x86")]
    [InlineData("kvm[4713]: segfault at 0 ip 0 sp 0 error 14 in kvm[1000+2000] likely on CPU 3 (core 1, socket 0)", KernelSubject.Crash, 4713, "kvm")]
    [InlineData("traps: CPU 0/KVM[4714] general protection fault ip:7f1 sp:7f2 error:0 in libc.so.6[7f0+1000]", KernelSubject.Crash, 4714, "CPU 0/KVM")]
    [InlineData("traps: lkvm[4715] trap invalid opcode ip:7f1 sp:7f2 error:0 in lkvm[7f0+1000]", KernelSubject.Crash, 4715, "lkvm")]
    [InlineData("Memory failure: 0x1a2b3c: Sending SIGBUS to qemu-system-x86:4716 due to hardware memory corruption", KernelSubject.Hardware, 4716, "qemu-system-x86")]
    [InlineData("MCE 0x1a2b3c: Killing qemu-kvm:4717 due to hardware memory corruption fault at 7f00", KernelSubject.Hardware, 4717, "qemu-kvm")]
    public void Line_about_a_vm_names_what_hangs_or_died(string text, KernelSubject subject, int pid, string comm)
    {
        var message = Assert.Single(Read("3,900,100000000,-;" + text).Messages);
        Assert.Equal((subject, true, new KernelTask(pid, comm, true)), (message.Subject, message.IsTrouble, message.Task));
        Assert.Contains(comm, KernelSaying.What(message), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("6,1,1,-;usb 1-1: new device")]
    [InlineData("6,1,1,-;usb 1-1: Product: Out of memory: Killed process 1 (qemu-system-x86)")]
    [InlineData("5,2,0,-;Kernel command line: ro kvm_amd.nested=0")]
    [InlineData("x,1,1,-;kvm: hello")]
    [InlineData("kvm")]
    [InlineData("")]
    [InlineData("2,1,1,-;EXT4-fs error (device dm-6): ext4_find_entry:1682: inode #2: comm kvm: reading directory lblock 0")]
    [InlineData("4,1,1,-;Modules linked in: vhost_net vhost kvm_intel kvm irqbypass vfio_pci iommu")]
    [InlineData("4,1,1,-; ? kvm_vcpu_ioctl+0x231/0x680 [kvm]")]
    [InlineData("4,1,1,-;CPU: 3 PID: 4711 Comm: CPU 0/KVM Tainted: G        W")]
    [InlineData("6,1,1,-;kvm-guest: PV spinlocks enabled")]
    [InlineData("6,1,1,-;EDAC MC: Ver: 3.0.0")]
    [InlineData("6,1,1,-;EDAC MC0: Giving out device to module skx_edac controller Skylake Socket#0 IMC#0: DEV 0000:3a:0a.0 (INTERRUPT)")]
    [InlineData("6,1,1,-;mce: CPU supports 22 MCE banks")]
    [InlineData("6,1,1,-;mce: CPU0: Thermal monitoring enabled (TM1)")]
    [InlineData("6,1,1,-;kvm-clock: cpu 0, msr 1c01001, primary cpu clock")]
    [InlineData("6,1,1,-;bash[4711]: segfault at 0 ip 0 sp 0 error 4 in bash[1000+2000]")]
    [InlineData("4,1,1,-;x86/split lock detection: #AC: steam/4711 took a split_lock trap at address: 0x1")]
    [InlineData("4,1,1,-;kworker/3:1: page allocation failure: order:5, mode:0x40cc0(GFP_KERNEL|__GFP_COMP)")]
    [InlineData("4,1,1,-;WARNING: CPU: 3 PID: 4711 at net/core/dev.c:1 dev_watchdog+0x1/0x2 [CPU 0/KVM/4711]")]
    [InlineData("6,1,1,-;INFO: task CPU 1/KVM:10617 <writer> is blocked on an rw-semaphore, but the owner is not found.")]
    [InlineData("6,1,1,-;audit: type=1400 audit(1.2:3): apparmor=\"DENIED\" operation=\"open\" comm=\"kvm: Out of memory: Killed process 1 (kvm)\"")]
    public void Line_about_something_else_is_passed_over(string record) => Assert.Empty(Read(record).Messages);

    [Theory]
    [InlineData("kvm [23090]: vcpu0, guest rIP: 0xffffffff8103f1a4 unhandled wrmsr: 0x391 data 0x2000000f")]
    [InlineData("kvm: kvm [4711]: ignored rdmsr: 0x1ad data 0x0")]
    [InlineData("kvm [4711]: vcpu1, guest rIP: 0xfffff8025c0f4ac0 ignored wrmsr: 0x1d9 data 0x0")]
    [InlineData("kvm [2222]: vcpu0, guest rIP: 0xffffffff81063f94 disabled perfctr wrmsr: 0xc2 data 0xffff")]
    [InlineData("kvm: 23090: cpu0 unhandled wrmsr 0x391 data 2000000f")]
    [InlineData("kvm [1]: vcpu0, guest rIP: 0x1 Unhandled WRMSR(0x1d9) = 0x1")]
    [InlineData("kvm_intel: kvm [1]: vcpu0, guest rIP: 0x1 Unhandled RDMSR(0x64e)")]
    [InlineData("kvm [1]: vcpu0, guest rIP: 0x1 Hyper-V uhandled wrmsr: 0x40000021 data 0x0")]
    [InlineData("kvm [1]: vcpu0, guest rIP: 0x1 kvm_set_msr_common: MSR_IA32_DEBUGCTLMSR 0x1, nop")]
    [InlineData("kvm [1]: vcpu0, guest rIP: 0x1 vmx_set_msr: BTF|LBR in IA32_DEBUGCTLMSR 0x1, nop")]
    [InlineData("kvm: vcpu 0: requested 26400 ns lapic timer period limited to 200000 ns")]
    [InlineData("kvm: zapping shadow pages for mmio generation wraparound")]
    [InlineData("kvm: SMP vm created on host with unstable TSC; guest TSC will not be reliable")]
    [InlineData("kvm: exiting hardware virtualization")]
    [InlineData("kvm [4711]: Unsupported guest sys_reg access at: ffff800010c0 [60000005]")]
    [InlineData("vfio-pci 0000:01:00.0: Invalid PCI ROM header signature: expecting 0xaa55, got 0xffff")]
    [InlineData("pci 0000:00:00.2: AMD-Vi: Unable to read/write to IOMMU perf counter.")]
    public void Harmless_line_is_counted_whatever_its_priority(string text)
    {
        var set = Read($"3,500,3920114,-;{text}\n3,501,3920115,-;{text}");
        Assert.Empty(set.Messages);
        Assert.Equal((2, text), (set.Noise, set.LatestNoise!.Text));
    }

    [Theory]
    [InlineData(
        "6,901,100000001,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0-1,oom_memcg=/kubepods/burstable/podaaa,task_memcg=/kubepods/burstable/podaaa/cri-aaa,task=qemu-system-x86,pid=10600,uid=107|3,902,100000002,-;Memory cgroup out of memory: Killed process 10600 (qemu-system-x86) total-vm:34539432kB, anon-rss:33413948kB, file-rss:20480kB, shmem-rss:4kB, UID:107 pgtables:66000kB oom_score_adj:872|6,903,100000003,-;oom_reaper: reaped process 10600 (qemu-system-x86), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB",
        10600, KillScope.Cgroup, "/kubepods/burstable/podaaa/cri-aaa", 107)]
    [InlineData("4,900,1,-;pvestatd invoked oom-killer: gfp_mask=0x140cca, order=0, oom_score_adj=0|6,901,2,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/qemu.slice/103.scope,task=kvm,pid=2863,uid=0|3,902,3,-;Out of memory: Killed process 2863 (kvm) total-vm:26738688kB, anon-rss:1kB, file-rss:2kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0", 2863, KillScope.Host, "/qemu.slice/103.scope", 0)]
    [InlineData("6,901,2,-;oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=1,cpuset=x,mems_allowed=0-1,global_oom,task_memcg=/m,task=CPU 3/KVM,pid=5,uid=64055|3,902,3,-;Out of memory: Killed process 5 (CPU 3/KVM) total-vm:1kB", 5, KillScope.Node, "/m", 64055)]
    [InlineData("3,1,1,-;Out of memory: Kill process 4321 (qemu-kvm) score 512 or sacrifice child|3,2,2,-;Killed process 4321 (qemu-kvm) total-vm:1kB, anon-rss:1kB, file-rss:1kB", 4321, KillScope.Host, null, -1)]
    [InlineData("3,1,1,-;Memory cgroup out of memory: Kill process 4321 (qemu-kvm) score 512 or sacrifice child|3,2,2,-;Killed process 4321, UID 107, (qemu-kvm) total-vm:1kB, anon-rss:1kB, file-rss:1kB", 4321, KillScope.Cgroup, null, -1)]
    [InlineData("3,1,1,-;Out of memory: Kill process 1 (libvirtd) score 512 or sacrifice child|3,2,2,-;Killed process 4321 (qemu-kvm) total-vm:1kB", 4321, KillScope.Host, null, -1)]
    [InlineData("3,2,2,-;Killed process 4321 (firecracker) total-vm:1kB", 4321, KillScope.Unknown, null, -1)]
    [InlineData("3,2,2,-;Out of memory (oom_kill_allocating_task): Killed process 4321 (lkvm) total-vm:1kB, UID:5", 4321, KillScope.Host, null, 5)]
    [InlineData("6,903,100000003,-;oom_reaper: reaped process 10600 (cloud-hyperviso), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB", 10600, KillScope.Unknown, null, -1)]
    [InlineData("3,902,1,-;Memory cgroup out of memory: Killed process 7 (a) (qemu-kvm)) total-vm:1kB", 7, KillScope.Cgroup, null, -1)]
    public void Kill_is_one_message_however_many_lines_tell_of_it(string log, int pid, KillScope scope, string? cgroup, long uid)
    {
        var kill = Assert.Single(Read(log.Replace('|', '\n')).Messages);
        Assert.Equal((KernelSubject.OutOfMemory, pid, scope, cgroup, uid, true), (kill.Subject, kill.Task!.Pid, kill.Scope, kill.Cgroup, kill.Uid, kill.IsTrouble));
    }

    [Fact]
    public void Kill_told_over_two_readings_is_one()
    {
        var messages = new KernelMessages();
        Feed(messages, "6,901,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,task_memcg=/a,task=kvm,pid=10600,uid=107");
        Assert.Empty(messages.Take().Messages);
        Feed(messages, "3,902,1,-;Memory cgroup out of memory: Killed process 10600 (kvm) total-vm:1kB");
        Assert.Equal("/a", Assert.Single(messages.Take().Messages).Cgroup);
        Feed(messages, "6,903,1,-;oom_reaper: reaped process 10600 (kvm), now anon-rss:0kB");
        Assert.Empty(messages.Take().Messages);
    }

    [Fact]
    public void All_of_a_cgroup_that_is_killed_together_is_told_each()
    {
        var set = Read(
            "6,1,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/pod,task_memcg=/pod/c,task=qemu-system-x86,pid=10,uid=107\n3,2,1,-;Memory cgroup out of memory: Killed process 10 (qemu-system-x86) total-vm:1kB\n"
            + "6,3,1,-;Tasks in /pod/c are going to be killed due to memory.oom.group set\n3,4,1,-;Memory cgroup out of memory: Killed process 11 (virtqemud) total-vm:1kB\n3,5,1,-;Memory cgroup out of memory: Killed process 10 (qemu-system-x86) total-vm:1kB");
        Assert.Equal([10, 11, 10], set.Messages.Select(m => m.Task!.Pid));
        Assert.All(set.Messages, m => Assert.Equal(KillScope.Cgroup, m.Scope));
    }

    [Theory]
    [InlineData(@"/machine.slice/machine-qemu\x2d3\x2dweb\x2d1.scope/libvirt/emulator", "web-1")]
    [InlineData(@"/machine.slice/machine-qemu\x5cx2d3\x5cx2ddb.scope", "db")]
    [InlineData("/qemu.slice/103.scope", "103")]
    [InlineData("/kubepods/burstable/podaaa/cri-aaa", null)]
    [InlineData(@"/user.slice/user-1000.slice/machine.slice/machine-qemu\x2d3\x2ddb.scope", null)]
    [InlineData(@"/user.slice/x,task_memcg=/machine.slice/machine-qemu\x2d3\x2ddb.scope", null)]
    public void Killed_vm_is_named_by_a_cgroup_that_only_root_makes(string cgroup, string? vm)
    {
        var kill = Assert.Single(Read($"6,1,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg={cgroup},task_memcg={cgroup},task=kvm,pid=5,uid=0\n3,2,1,-;Memory cgroup out of memory: Killed process 5 (kvm) total-vm:1kB").Messages);
        Assert.Equal(vm, KernelSaying.VmOf(kill));
    }

    [Theory]
    [InlineData("11,2,1,-;Out of memory: Killed process 42 (qemu-system-x86) total-vm:1kB")]
    [InlineData("12,2,1,-;kvm: misc device register failed")]
    [InlineData("29,2,1,-;INFO: task CPU 0/KVM:42 blocked for more than 122 seconds.")]
    public void Line_that_a_program_wrote_into_the_log_is_not_the_kernels(string record) => Assert.Empty(Read(record).Messages);

    [Theory]
    [InlineData("6,1,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,task_memcg=/x,task=a,pid=1,uid=0,pid=666,uid=1000\n3,2,1,-;Memory cgroup out of memory: Killed process 666 (a,pid=1,uid=0) total-vm:1kB", 666)]
    [InlineData("3,2,1,-;Memory cgroup out of memory: Killed process 666 (1 (qemu-kvm)) total-vm:1kB", 666)]
    [InlineData("3,2,1,-;INFO: task x:1 blocked fo:666 blocked for more than 122 seconds.", 666)]
    [InlineData("0,2,1,-;watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [a:1] [kvm:666]", 666)]
    public void Name_of_a_task_does_not_pass_for_the_number_of_another(string log, int pid) => Assert.Equal(pid, Assert.Single(Read(log).Messages).Task!.Pid);

    [Theory]
    [InlineData("kvm: x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0")]
    [InlineData("kvm: a[4711]: segfault at 0 ip 0 sp 0 error 4 in a[1000+2000]")]
    [InlineData("vfio: page allocation failure: order:4, mode:0x1")]
    [InlineData("AMD-Vi: b[4711]: segfault at 0 ip 0 sp 0 error 4")]
    public void Name_of_a_task_does_not_pass_for_a_part_of_the_kernel(string text) => Assert.Empty(Read("3,2,1,-;" + text).Messages);

    [Fact]
    public void Storm_of_one_kind_or_owner_hides_no_other()
    {
        var log = "0,1,1,-;watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [CPU 0/KVM:4711]\n3,2,1,-;Memory cgroup out of memory: Killed process 5 (kvm) total-vm:1kB, UID:0\n"
            + string.Concat(Enumerable.Range(0, 3000).Select(i => $"3,{i + 3},1,-;kvm: error {i}\n3,{i + 3},1,-;Memory cgroup out of memory: Killed process {i + 100} (kvm) total-vm:1kB, UID:1000\n3,1,1,-;kvm [1]: unhandled rdmsr: {i}\n"));
        var set = Read(log);
        Assert.True(set.Messages.Count < 200);
        Assert.Equal(6002, set.Messages.Count + set.Dropped);
        Assert.Contains(set.Messages, m => m.Subject == KernelSubject.Stuck);
        Assert.Contains(set.Messages, m => m.Task?.Pid == 5);
        Assert.Equal(3000, set.Noise);
    }

    [Fact]
    public void Hostile_record_does_not_throw_and_is_cleaned()
    {
        foreach (var seed in (string[])["3,100,5000000,-;kvm: hello\n SUBSYSTEM=x\n", "3,1,1,-;Memory cgroup out of memory: Killed process 10600 (kvm) total-vm:1kB, UID:5", "6,1,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,task_memcg=/x,task=kvm,pid=5,uid=0", "0,1,1,-;BUG: soft lockup - CPU#3 stuck for 26s! [CPU 0/KVM:4711]", "3,1,1,-;INFO: task a:5 blocked for more than 1 seconds.", "6,1,1,-;traps: CPU 0/KVM[4714] general protection fault ip:7f1"])
        {
            var messages = new KernelMessages();
            Fuzz.NeverThrows(b => { if (KernelLog.TryParse(b, out var head, out var text)) messages.Add(head, text); }, seed);
        }

        var message = Assert.Single(Read("3,1,99999999999999999,-;kvm: \u001b[2J\u0007\u202e").Messages);
        Assert.DoesNotContain(message.Text, c => char.IsControl(c) || c == '\u202e');
    }

    [Fact]
    public void Compare_new_messages_are_events_and_a_storm_is_cut()
    {
        var before = new KernelLogModel(KernelMessageSet.Empty, 0);
        var kill = "6,1,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,task_memcg=/machine.slice/machine-qemu\\x2d1\\x2dweb.scope,task=kvm,pid=5,uid=0\n3,2,3600000000,-;Memory cgroup out of memory: Killed process 5 (kvm) total-vm:1kB";
        var e = Assert.Single(KernelLogTopic.Instance.Compare(before, new KernelLogModel(Read(kill), 0, TimeSpan.FromHours(4)), default));
        Assert.Equal((Severity.Critical, "oom", "3 h ago: a VM was killed by its cgroup's memory limit: web, kvm (pid 5): Memory cgroup out of memory: Killed process 5 (kvm) total-vm:1kB"), (e.Severity, e.Subject, e.Text));

        var noise = Assert.Single(KernelLogTopic.Instance.Compare(before, new KernelLogModel(Read(string.Concat(Enumerable.Repeat("3,1,1,-;kvm [1]: unhandled rdmsr: 0x1\n", 7))), 0), default));
        Assert.Equal((Severity.Info, "kvm", "harmless: kvm [1]: unhandled rdmsr: 0x1 (7 such lines)"), (noise.Severity, noise.Subject, noise.Text));

        var storm = KernelLogTopic.Instance.Compare(before, new KernelLogModel(Read(kill + string.Concat(Enumerable.Range(9, 90).Select(i => $"\n6,{i},1,-;kvm: fine\n3,{i},1,-;vfio: bad"))), 2), default).ToList();
        Assert.Equal(52, storm.Count);
        Assert.Contains(storm, s => s.Text.Contains("131 more", StringComparison.Ordinal));
        Assert.Contains(storm, s => s.Text.Contains("overran", StringComparison.Ordinal));
        Assert.DoesNotContain(storm, s => s.Text.Contains("fine", StringComparison.Ordinal));
    }

    [Fact]
    public void Tail_leaves_out_what_programs_wrote()
    {
        var host = new FakeHost();
        host.Write("/dev/kmsg", "3,1,1,-;kvm: no\n11,2,1,-;kvm: all is well\n3,3,1,-;kvm: still no\n");
        Assert.Equal(3, KernelLogTail.LastSequence(host));
        Assert.Equal(["kvm: still no"], KernelLogTail.After(host, 1, 9));
    }

    [Fact]
    public void Collect_denied_log_says_what_would_help()
    {
        var host = new FakeHost();
        host.Write("/dev/kmsg", "");
        host.Fail("/dev/kmsg", Errno.EPERM);
        using var collector = KernelLogTopic.Instance.CreateCollector(new CollectorContext(host, new CollectorServices()));
        var reading = collector.Collect();
        Assert.Equal(ReadingStatus.Denied, reading.Status);
        Assert.Contains("CAP_SYSLOG", reading.Reason, StringComparison.Ordinal);
    }

    private static KernelMessageSet Read(string log)
    {
        var messages = new KernelMessages();
        Feed(messages, log);
        return messages.Take();
    }

    private static void Feed(KernelMessages messages, string log)
    {
        foreach (var line in log.Split('\n'))
        {
            if (KernelLog.TryParse(Bytes.Of(line), out var head, out var text))
                messages.Add(head, text);
        }
    }
}
