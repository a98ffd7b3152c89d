using KvmTop.Simulator.Model;

namespace KvmTop.Simulator.Files;

/// <summary>The values of KVM's counters for a simulated vCPU or VM: all follow from the time it ran and idled, so they fit its load and never fall.</summary>
internal static class KvmCounters
{
    public const int Buckets = 32;

    /// <summary>Counters of a vCPU in the order of their values; histograms take <see cref="Buckets"/> words.</summary>
    public static readonly string[] OfVcpu =
    [
        "halt_successful_poll", "halt_attempted_poll", "halt_poll_invalid", "halt_wakeup", "halt_poll_success_ns", "halt_poll_fail_ns", "halt_wait_ns",
        "halt_poll_success_hist", "halt_poll_fail_hist", "halt_wait_hist", "blocking",
        "pf_taken", "pf_fixed", "pf_emulate", "pf_spurious", "pf_fast", "pf_mmio_spte_created", "pf_guest", "tlb_flush", "invlpg",
        "exits", "io_exits", "mmio_exits", "signal_exits", "irq_window_exits", "nmi_window_exits", "l1d_flush", "halt_exits", "request_irq_exits", "irq_exits",
        "host_state_reload", "fpu_reload", "insn_emulation", "insn_emulation_fail", "hypercalls", "irq_injections", "nmi_injections", "req_event", "nested_run",
        "directed_yield_attempted", "directed_yield_successful", "preemption_reported", "preemption_other", "guest_mode", "notify_window_exits",
    ];

    /// <summary>Counters of a VM.</summary>
    public static readonly string[] OfVm = ["pages_4k", "pages_2m", "pages_1g", "remote_tlb_flush", "remote_tlb_flush_requests", "mmu_cache_miss", "mmu_shadow_zapped", "nx_lpage_splits"];

    private const double HaltNs = 1.1e6;

    // Where most waits and polls end, as powers of two of nanoseconds.
    private const int LongWait = 21;
    private const int LongPoll = 16;

    private static readonly double[] s_bell = [0.02, 0.06, 0.16, 0.27, 0.24, 0.14, 0.08, 0.03];

    public static int WordsOfVcpu => OfVcpu.Length + (3 * (Buckets - 1));

    /// <summary>Writes the values of a vCPU.</summary>
    public static void FillVcpu(Span<ulong> values, in ProcessMoment m)
    {
        values.Clear();
        var run = m.Since(m.Thread.Run);
        var delay = m.Since(m.Thread.Delay);
        var idle = m.Process.IsPaused ? 3_600_000_000_000 : Math.Max(0, m.Lived - m.LivedBefore - run - delay);
        // Every vCPU has its own habits, the busier in the VMM the more device accesses.
        var (devices, timers) = (0.3 + (1.4 * SplitMix.Unit(m.Thread.Salt, 11)), 0.5 + SplitMix.Unit(m.Thread.Salt, 12));
        var outside = 1 - m.Thread.GuestShare;
        long PerRun(double perSecond) => (long)(run * (perSecond / 1e9));

        var io = PerRun(26_000 * devices * outside);
        var mmio = PerRun(48_000 * devices * outside);
        var irq = PerRun(3_400 * timers);
        var window = PerRun(900 * timers);
        var signals = PerRun(14);
        var calls = PerRun(2_100 * devices * outside);
        var faults = PerRun(160 * devices);
        var halts = (long)(idle / HaltNs * timers);
        var (polls, hits) = ((long)(halts * 0.8), (long)(halts * 0.3));
        var (hitNs, missNs) = ((long)(idle * 0.012), (long)(idle * 0.028));
        var at = 0;
        void Add(Span<ulong> all, long value) => all[at++] = (ulong)value;

        Add(values, hits);
        Add(values, polls);
        Add(values, (long)(halts * 0.01));
        Add(values, (long)(halts * 0.7));
        Add(values, hitNs);
        Add(values, missNs);
        Add(values, idle - hitNs - missNs);
        Spread(values.Slice(at, Buckets), hits, LongPoll - 2);
        Spread(values.Slice(at += Buckets, Buckets), polls - hits, LongPoll);
        Spread(values.Slice(at += Buckets, Buckets), halts - hits, LongWait);
        at += Buckets;
        Add(values, m.IsRunning ? 0 : 1);
        Add(values, faults);
        Add(values, (long)(faults * 0.9));
        Add(values, (long)(faults * 0.05));
        Add(values, (long)(faults * 0.02));
        at += 3;
        Add(values, (long)(faults * 0.4));
        at++;
        Add(values, io + mmio + irq + window + signals + calls + halts + faults + PerRun(5_200 * timers));
        Add(values, io);
        Add(values, mmio);
        Add(values, signals);
        Add(values, window);
        at += 2;
        Add(values, halts);
        at++;
        Add(values, irq);
        Add(values, (long)(halts * 0.1) + signals);
        Add(values, signals + io);
        Add(values, mmio + (long)(io * 0.1));
        at++;
        Add(values, calls);
        Add(values, irq - (irq / 3));
        at++;
        Add(values, irq + window);
        Add(values, m.Process.IsNesting ? PerRun(7_500 * devices) : 0);
        Add(values, delay / 40_000_000);
        Add(values, delay / 90_000_000);
        Add(values, delay / 8_000_000);
        Add(values, run / 210_000_000);
    }

    /// <summary>A value of a VM's own counter.</summary>
    public static long OfVmAt(string name, in ProcessMoment m)
    {
        var kb = m.Process.Memory.HugetlbKb > 0 ? m.Process.Memory.HugetlbKb : m.Process.Memory.ResidentKb;
        var large = m.Process.Memory.HugetlbKb > 0 ? 1 : 0.55 + (0.4 * SplitMix.Unit(m.Process.Threads[0].Salt, 13));
        var run = 0L;
        foreach (var thread in m.Process.Threads)
        {
            run += thread.Role == ThreadRole.Vcpu ? m.Since(thread.Run) : 0;
        }

        return name switch
        {
            "pages_4k" => (long)(kb * (1 - large)) / 4,
            "pages_2m" => (long)(kb * large) / 2048,
            "remote_tlb_flush" => run / 60_000_000,
            "remote_tlb_flush_requests" => run / 50_000_000,
            "mmu_cache_miss" => run / 400_000_000,
            "mmu_shadow_zapped" => run / 900_000_000,
            _ => 0,
        };
    }

    // Each bucket is twice as wide as the one before; the counts lie around one of them.
    private static void Spread(Span<ulong> buckets, long count, int middle)
    {
        for (var i = 0; i < s_bell.Length; i++)
        {
            buckets[middle - 3 + i] = (ulong)(count * s_bell[i]);
        }
    }
}
