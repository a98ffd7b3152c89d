using KvmTop.Linux;
using KvmTop.Simulator.Model;

namespace KvmTop.Simulator.Files;

/// <summary>/proc/stat, loadavg, uptime, interrupts, softirqs, cpuinfo: what the CPUs do.</summary>
internal sealed class CpuFiles(HostModel host)
{
    private const string Flags =
        "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht syscall nx mmxext fxsr_opt pdpe1gb rdtscp lm constant_tsc rep_good nopl nonstop_tsc cpuid "
        + "extd_apicid aperfmperf rapl pni pclmulqdq monitor ssse3 fma cx16 pcid sse4_1 sse4_2 x2apic movbe popcnt aes xsave avx f16c rdrand lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse "
        + "3dnowprefetch osvw ibs skinit wdt tce topoext perfctr_core perfctr_nb bpext perfctr_llc mwaitx cpb cat_l3 cdp_l3 hw_pstate ssbd mba ibrs ibpb stibp vmmcall fsgsbase bmi1 avx2 smep bmi2 erms invpcid "
        + "rdseed adx smap clflushopt clwb sha_ni xsaveopt xsavec xgetbv1 clzero irperf xsaveerptr rdpru wbnoinvd arat npt lbrv svm_lock nrip_save tsc_scale vmcb_clean flushbyasid decodeassists pausefilter "
        + "pfthreshold avic v_vmsave_vmload vgif v_spec_ctrl umip pku ospke vaes vpclmulqdq rdpid overflow_recov succor smca";

    [ThreadStatic]
    private static CpuUse[]? t_cpus;

    // Rows of /proc/interrupts: name, interrupts per second and CPU, the CPU that takes those of a device (-1: each its own), what they are.
    private static readonly (string Name, double PerSecond, int Home, string What)[] s_interrupts =
    [
        ("  41", 0.4, 0, "PCI-MSIX-0000:01:00.0   0-edge      nvme0q0"),
        ("  42", 210, 1, "PCI-MSIX-0000:01:00.0   1-edge      nvme0q1"),
        ("  57", 340, 8, "PCI-MSIX-0000:41:00.0   1-edge      mlx5_comp0@pci:0000:41:00.0"),
        ("  58", 330, 9, "PCI-MSIX-0000:41:00.0   2-edge      mlx5_comp1@pci:0000:41:00.0"),
        (" NMI", 0.02, -1, "Non-maskable interrupts"),
        (" LOC", 430, -1, "Local timer interrupts"),
        (" RES", 95, -1, "Rescheduling interrupts"),
        (" CAL", 60, -1, "Function call interrupts"),
        (" TLB", 14, -1, "TLB shootdowns"),
        (" PIN", 22, -1, "Posted-interrupt notification event"),
    ];

    // Name, softirqs per second and CPU, the CPU that has half of them because a device interrupts it.
    private static readonly (string Name, double PerSecond, int Home)[] s_softirqs =
    [
        ("HI", 0.01, -1), ("TIMER", 120, -1), ("NET_TX", 3, -1), ("NET_RX", 260, 8), ("BLOCK", 55, 1), ("IRQ_POLL", 0, -1), ("TASKLET", 2, -1), ("SCHED", 140, -1), ("HRTIMER", 0.1, -1), ("RCU", 90, -1),
    ];

    public Errno Stat(ref Utf8Writer writer, long now)
    {
        var cpus = Times(now, out var running);
        Span<long> sum = stackalloc long[7];
        for (var cpu = 0; cpu < cpus.Length; cpu++)
        {
            Divide(now, cpu, cpus[cpu], sum);
        }

        writer.Text("cpu  "u8);
        Ticks(ref writer, sum);
        Span<long> one = stackalloc long[7];
        for (var cpu = 0; cpu < cpus.Length; cpu++)
        {
            one.Clear();
            Divide(now, cpu, cpus[cpu], one);
            writer.Number("cpu"u8, cpu);
            writer.Text(" "u8);
            Ticks(ref writer, one);
        }

        var seconds = now / (double)SimClock.Second;
        writer.Number("intr "u8, (long)(seconds * cpus.Length * 1100));
        writer.Text(" 0 0 0 0 0 0 0 0"u8);
        writer.Number("\nctxt "u8, (long)(seconds * cpus.Length * 2300));
        writer.Number("\nbtime "u8, host.Clock.BootTime);
        writer.Number("\nprocesses "u8, 4000 + (long)(seconds * 0.8));
        writer.Number("\nprocs_running "u8, running + 1);
        writer.Text("\nprocs_blocked 0\nsoftirq "u8);
        var all = 0L;
        foreach (var (_, perSecond, _) in s_softirqs)
        {
            all += (long)(seconds * cpus.Length * perSecond);
        }

        writer.Number(all);
        foreach (var (_, perSecond, _) in s_softirqs)
        {
            writer.Number(" "u8, (long)(seconds * cpus.Length * perSecond));
        }

        writer.Text("\n"u8);
        return Errno.None;
    }

    /// <summary>The time in ns that each CPU has been idle since boot.</summary>
    public void FillIdle(long now, Span<long> idle)
    {
        var cpus = Times(now, out _);
        Span<long> one = stackalloc long[7];
        for (var cpu = 0; cpu < cpus.Length; cpu++)
        {
            one.Clear();
            Divide(now, cpu, cpus[cpu], one);
            idle[cpu] = one[5];
        }
    }

    public Errno LoadAverage(ref Utf8Writer writer, long now)
    {
        var load = host.Load(now);
        writer.Hundredths((long)(load.One * 100));
        writer.Text(" "u8);
        writer.Hundredths((long)(load.Five * 100));
        writer.Text(" "u8);
        writer.Hundredths((long)(load.Fifteen * 100));
        writer.Number(" "u8, (long)load.One + 1);
        writer.Number("/"u8, load.Threads);
        writer.Number(" "u8, host.LastPid(now));
        writer.Text("\n"u8);
        return Errno.None;
    }

    public Errno Uptime(ref Utf8Writer writer, long now)
    {
        writer.Hundredths(now / SimClock.Tick);
        writer.Text(" "u8);
        writer.Hundredths(now / SimClock.Tick / 2 * host.Topology.Cpus);
        writer.Text("\n"u8);
        return Errno.None;
    }

    public Errno Interrupts(ref Utf8Writer writer, long now)
    {
        Heading(ref writer, "           "u8);
        foreach (var (name, perSecond, home, what) in s_interrupts)
        {
            writer.Text(name);
            writer.Text(":"u8);
            Row(ref writer, name, perSecond, home, home < 0 ? 0 : 1, now);
            writer.Text("  "u8);
            writer.Text(what);
            writer.Text("\n"u8);
        }

        writer.Text(" ERR:          0\n MIS:          0\n"u8);
        return Errno.None;
    }

    public Errno SoftInterrupts(ref Utf8Writer writer, long now)
    {
        Heading(ref writer, "                    "u8);
        foreach (var (name, perSecond, home) in s_softirqs)
        {
            writer.Text("            "u8[..(12 - name.Length)]);
            writer.Text(name);
            writer.Text(":"u8);
            Row(ref writer, name, perSecond, home, home < 0 ? 0 : 0.5, now);
            writer.Text("\n"u8);
        }

        return Errno.None;
    }

    public Errno CpuInfo(ref Utf8Writer writer, long now)
    {
        var topology = host.Topology;
        for (var cpu = 0; cpu < topology.Cpus; cpu++)
        {
            writer.Number("processor\t: "u8, cpu);
            writer.Text("\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\nmodel name\t: AMD EPYC 7313 16-Core Processor\nstepping\t: 1\nmicrocode\t: 0xa0011d5\ncpu MHz\t\t: "u8);
            var khz = Frequency(cpu, now);
            writer.Number(khz / 1000);
            writer.Text("."u8);
            writer.Number(khz % 1000 / 100);
            writer.Number(khz % 100 / 10);
            writer.Number(khz % 10);
            writer.Number("\ncache size\t: 512 KB\nphysical id\t: "u8, topology.NodeOf(cpu));
            writer.Number("\nsiblings\t: "u8, topology.ThreadsPerSocket);
            writer.Number("\ncore id\t\t: "u8, topology.CoreOf(cpu));
            writer.Number("\ncpu cores\t: "u8, topology.CoresPerSocket);
            writer.Number("\napicid\t\t: "u8, cpu);
            writer.Number("\ninitial apicid\t: "u8, cpu);
            writer.Text("\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: 16\nwp\t\t: yes\nflags\t\t: "u8);
            writer.Text(Flags);
            writer.Text("\nbugs\t\t: sysret_ss_attrs spectre_v1 spectre_v2 spec_store_bypass srso\nbogomips\t: 5988.86\nTLB size\t: 2560 4K pages\nclflush size\t: 64\ncache_alignment\t: 64\n"u8);
            writer.Text("address sizes\t: 48 bits physical, 48 bits virtual\npower management: ts ttp tm hwpstate cpb eff_freq_ro [13] [14]\n\n"u8);
        }

        return Errno.None;
    }

    /// <summary>Current frequency of a CPU in kHz: another one every few hundred milliseconds.</summary>
    public static long Frequency(int cpu, long now) => 2_400_000 + (long)(SplitMix.Unit((ulong)cpu + 77, now / 400_000_000) * 1_290) * 1000 + 17;

    /// <summary>Divides the time since boot of one CPU: user, system, irq, softirq, iowait, idle, guest in ns, added to <paramref name="sums"/>.</summary>
    private static void Divide(long now, int cpu, in CpuUse times, Span<long> sums)
    {
        var irq = (long)(now * (0.0004 + 0.0008 * SplitMix.Unit(3, cpu)));
        var softirq = (long)(now * (0.001 + (cpu % 8 == 0 ? 0.014 : 0.003) * SplitMix.Unit(5, cpu)));
        var rest = now - times.Run - irq - softirq;
        var waiting = (long)(rest * (0.002 + 0.01 * SplitMix.Unit(9, cpu)));
        sums[0] += times.User;
        sums[1] += times.System;
        sums[2] += irq;
        sums[3] += softirq;
        sums[4] += waiting;
        sums[5] += rest - waiting;
        sums[6] += times.Guest;
    }

    private CpuUse[] Times(long now, out int running)
    {
        var cpus = t_cpus;
        if (cpus is null || cpus.Length != host.Topology.Cpus)
        {
            t_cpus = cpus = new CpuUse[host.Topology.Cpus];
        }

        Array.Clear(cpus);
        running = host.AddCpuTimes(now, cpus);
        return cpus;
    }

    private static void Ticks(ref Utf8Writer writer, scoped ReadOnlySpan<long> ns)
    {
        writer.Number(ns[0] / SimClock.Tick);
        writer.Number(" 0 "u8, ns[1] / SimClock.Tick);
        writer.Number(" "u8, ns[5] / SimClock.Tick);
        writer.Number(" "u8, ns[4] / SimClock.Tick);
        writer.Number(" "u8, ns[2] / SimClock.Tick);
        writer.Number(" "u8, ns[3] / SimClock.Tick);
        writer.Number(" 0 "u8, ns[6] / SimClock.Tick);
        writer.Text(" 0\n"u8);
    }

    private void Heading(ref Utf8Writer writer, ReadOnlySpan<byte> indent)
    {
        writer.Text(indent);
        for (var cpu = 0; cpu < host.Topology.Cpus; cpu++)
        {
            writer.Number("CPU"u8, cpu);
            writer.Text("       "u8[(cpu < 10 ? 0 : cpu < 100 ? 1 : 2)..]);
        }

        writer.Text("\n"u8);
    }

    private void Row(ref Utf8Writer writer, string name, double perSecond, int home, double atHome, long now)
    {
        var salt = (ulong)(name[^1] * 31 + name[^2]);
        var seconds = now / (double)SimClock.Second;
        var cpus = host.Topology.Cpus;
        for (var cpu = 0; cpu < cpus; cpu++)
        {
            var rate = perSecond * (1 - atHome) * (0.4 + 1.2 * SplitMix.Unit(salt, cpu));
            rate *= name == " LOC" && host.Topology.Isolated.Cpus.Contains(cpu) ? 0.02 : 1;
            rate += home >= 0 && cpu == home % cpus ? perSecond * atHome * cpus : 0;
            writer.Text(" "u8);
            writer.Padded((long)(seconds * rate), 10);
        }
    }
}
