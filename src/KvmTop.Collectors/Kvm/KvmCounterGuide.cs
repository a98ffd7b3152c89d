using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>What is known about a counter of KVM beyond its name.</summary>
/// <param name="Meaning">What it counts and when to look at it, in a sentence or two.</param>
/// <param name="IsExit">True for a kind of exit, so that its share of all exits makes sense.</param>
public sealed record KvmCounterFacts(string Meaning, bool IsExit = false);

/// <summary>Words for the counters of KVM that are known. A kernel may have others: they are shown without.</summary>
public static class KvmCounterGuide
{
    private static Dictionary<string, KvmCounterFacts>? s_facts;

    /// <summary>The facts about a counter, or null.</summary>
    public static KvmCounterFacts? Find(string name) => (s_facts ??= Make()).GetValueOrDefault(name);

    /// <summary>True for the counters that belong to the VM as a whole and not to a vCPU.</summary>
    public static bool IsOfVm(string name) =>
        name.StartsWith("mmu_", StringComparison.Ordinal) || name.StartsWith("pages_", StringComparison.Ordinal) || name.StartsWith("max_mmu_", StringComparison.Ordinal)
        || name.StartsWith("remote_tlb_flush", StringComparison.Ordinal) || name is "nx_lpage_splits" or "lpages" or "largepages";

    /// <summary>A counter of a source that gives names and numbers only.</summary>
    public static KvmCounter Describe(string name, int index)
    {
        var type = name.StartsWith("max_", StringComparison.Ordinal) ? KvmCounterType.Peak
            : name.StartsWith("pages_", StringComparison.Ordinal) || name is "mmu_unsync" or "nx_lpage_splits" or "lpages" or "largepages" or "guest_mode" or "blocking" ? KvmCounterType.Instant
            : KvmCounterType.Cumulative;
        var isTime = name.EndsWith("_ns", StringComparison.Ordinal);
        return new KvmCounter(name, type, isTime ? KvmCounterUnit.Seconds : KvmCounterUnit.None, isTime ? 1e-9 : 1, index, 1, 0);
    }

    private static Dictionary<string, KvmCounterFacts> Make() => new()
    {
        ["exits"] = new("All exits from the guest to the host's kernel. Each costs about a microsecond or more; what matters is which kind makes the most of them."),
        ["io_exits"] = new("The guest used an I/O port. Emulated devices do that: IDE, a PS/2 keyboard, the serial port, the old timer. Virtio devices hardly do.", true),
        ["mmio_exits"] = new("The guest touched a device's memory that is emulated by the VMM. Many of them: an emulated network card or disk where virtio would do.", true),
        ["irq_exits"] = new("An interrupt of the host came while the guest ran: timers, network, inter-processor interrupts. Follows the host's interrupt load.", true),
        ["request_irq_exits"] = new("Exits asked for by the VMM so that it can inject an interrupt, with an interrupt controller in user space.", true),
        ["signal_exits"] = new("A signal for the vCPU's thread ended the run: the VMM wanted its attention (pause, migration, kicks).", true),
        ["irq_window_exits"] = new("The guest had interrupts off; the exit came when it could take one. Many: interrupts are injected without help of the hardware.", true),
        ["nmi_window_exits"] = new("The same for non-maskable interrupts.", true),
        ["notify_window_exits"] = new("The guest could not take events for suspiciously long: a guard against guests that block a CPU.", true),
        ["halt_exits"] = new("The guest's CPU had nothing to do and halted. Many with little work done: it is woken all the time, often by timers.", true),
        ["hypercalls"] = new("Calls of the guest into KVM: paravirtual spinlocks, clocks, inter-processor interrupts; for Hyper-V guests, their own.", true),
        ["halt_attempted_poll"] = new("Halts at which KVM polled for a while before giving up the CPU."),
        ["halt_successful_poll"] = new("Polls that were worth it: the wake-up came in time."),
        ["halt_poll_invalid"] = new("Polls that did not count, because the wake-up was not for this vCPU's halt."),
        ["halt_wakeup"] = new("Times a halted vCPU was woken."),
        ["halt_poll_success_ns"] = new("CPU time spent polling that shortened a wake-up. Bought latency with CPU; see /sys/module/kvm/parameters/halt_poll_ns."),
        ["halt_poll_fail_ns"] = new("CPU time spent polling in vain: burnt while the guest was idle."),
        ["halt_wait_ns"] = new("Time halted vCPUs slept: idle, without a CPU."),
        ["halt_poll_success_hist"] = new("How long the polls lasted that were worth it."),
        ["halt_poll_fail_hist"] = new("How long the polls lasted that were in vain."),
        ["halt_wait_hist"] = new("How long halted vCPUs slept each time."),
        ["blocking"] = new("The vCPU sleeps in a halt now."),
        ["insn_emulation"] = new("Instructions that KVM carried out itself, one by one. Real-mode code, accesses to emulated devices; slow."),
        ["insn_emulation_fail"] = new("Instructions that KVM could not carry out. Any is a sign of trouble."),
        ["irq_injections"] = new("Interrupts given to the guest by KVM rather than by the hardware."),
        ["nmi_injections"] = new("Non-maskable interrupts given to the guest: its watchdog, perf inside of it."),
        ["req_event"] = new("Times events were looked at before going back into the guest."),
        ["pf_taken"] = new("Page faults on guest memory that KVM handled. High at start, after a balloon or a migration, and with swapping."),
        ["pf_fixed"] = new("Page faults that ended in a mapping."),
        ["pf_emulate"] = new("Page faults after which the instruction was emulated: device memory, or write-protected pages."),
        ["pf_spurious"] = new("Page faults for which there was nothing to do: another vCPU had been faster."),
        ["pf_fast"] = new("Page faults settled without the MMU lock: write tracking, as in a migration."),
        ["pf_guest"] = new("Page faults passed on to the guest: its own."),
        ["pf_mmio_spte_created"] = new("Mappings made that mark memory as a device's."),
        ["tlb_flush"] = new("Times this vCPU's address translations were thrown away."),
        ["invlpg"] = new("The guest threw away the translation of single pages, seen by KVM: without nested paging."),
        ["host_state_reload"] = new("Times the host's CPU state was loaded again after guest work."),
        ["fpu_reload"] = new("Times the guest's floating-point state was loaded: each return to the VMM costs one."),
        ["preemption_reported"] = new("The vCPU was taken off its CPU while it ran, and the guest was told (steal time)."),
        ["preemption_other"] = new("The vCPU was taken off its CPU at another moment."),
        ["nested_run"] = new("Times a guest inside this guest was entered: it is a hypervisor itself."),
        ["guest_mode"] = new("The vCPU runs a guest of its own now (nested)."),
        ["directed_yield_attempted"] = new("A spinning vCPU tried to hand its CPU to another of its VM. Many: overcommitted, and lock holders are preempted."),
        ["directed_yield_successful"] = new("Such hand-overs that worked."),
        ["l1d_flush"] = new("Level 1 data cache flushes before entering the guest: the price of a mitigation (L1TF)."),
        ["kvm_entry"] = new("Entries into the guest. As many as exits, where those are traced too. (Counted tracepoint.)"),
        ["kvm_userspace_exit"] = new("Exits that went on to the VMM: emulated devices. Each costs several microseconds. (Counted tracepoint.)", true),
        ["kvm_pio"] = new("Accesses to I/O ports. (Counted tracepoint.)"),
        ["kvm_mmio"] = new("Accesses to emulated device memory. (Counted tracepoint.)"),
        ["kvm_msr"] = new("Reads and writes of model-specific registers that KVM handled: timers, interrupt controller. (Counted tracepoint.)"),
        ["kvm_cpuid"] = new("CPUID instructions: the guest asks what its processor can do. (Counted tracepoint.)"),
        ["pages_4k"] = new("Guest memory that KVM maps in 4 KiB pages now. The smaller the pages, the slower the guest's memory."),
        ["pages_2m"] = new("Guest memory that KVM maps in 2 MiB pages now."),
        ["pages_1g"] = new("Guest memory that KVM maps in 1 GiB pages now."),
        ["remote_tlb_flush"] = new("Translations thrown away on all vCPUs at once. High with migration, ballooning, NUMA balancing, KSM."),
        ["remote_tlb_flush_requests"] = new("Requests for that, some of which could be left out."),
        ["nx_lpage_splits"] = new("Large pages kept split by a mitigation (iTLB multihit). Costs the guest's memory speed."),
        ["mmu_cache_miss"] = new("Page tables that had to be made."),
        ["mmu_pte_write"] = new("Writes of the guest to page tables that KVM shadows."),
        ["mmu_shadow_zapped"] = new("Page tables thrown away."),
        ["mmu_pde_zapped"] = new("Page directory entries thrown away."),
        ["mmu_flooded"] = new("Shadow page tables given up because they were written too often."),
        ["mmu_recycled"] = new("Page tables taken back for want of room."),
        ["mmu_unsync"] = new("Shadow page tables that are allowed to be out of date now."),
        ["max_mmu_page_hash_collisions"] = new("The most collisions so far in KVM's table of page tables."),
        ["max_mmu_rmap_size"] = new("The most mappings of one page so far."),
    };
}
