using KvmTop.Linux;
using KvmTop.Simulator.Model;

namespace KvmTop.Simulator.Files;

/// <summary>/proc/meminfo, /proc/vmstat, the nodes' meminfo and /proc/pressure.</summary>
internal sealed class MemoryFiles(HostModel host)
{
    private static readonly Func<long, long> s_never = static _ => 0;
    private static readonly Func<long, long> s_interrupted = static t => (long)(t * 0.0013);

    private readonly Func<long, long> _waitedForCpu = t => host.MostDelayed.Thread.Delay.Integral(host.MostDelayed.Process.Life.Lived(t));

    // A page that comes back from swap holds its reader up for about 8 us on average, read ahead in clusters.
    private readonly Func<long, long> _someSwapping = t => host.Memory.SwappedPages(t).In * 8_000;
    private readonly Func<long, long> _allSwapping = t => host.Memory.SwappedPages(t).In * 5_000;
    private readonly Func<long, long> _someIo = t => (long)(t * 0.021) + host.Memory.SwappedPages(t).In * 8_000;
    private readonly Func<long, long> _allIo = t => (long)(t * 0.012) + host.Memory.SwappedPages(t).In * 5_000;

    public Errno MemInfo(ref Utf8Writer writer, long now)
    {
        var m = host.Memory.Use(now, -1);
        Kb(ref writer, "MemTotal:       "u8, m.Total);
        Kb(ref writer, "MemFree:        "u8, m.Free);
        Kb(ref writer, "MemAvailable:   "u8, m.Free + m.Cached * 9 / 10);
        Kb(ref writer, "Buffers:        "u8, 214_880);
        Kb(ref writer, "Cached:         "u8, m.Cached);
        Kb(ref writer, "SwapCached:     "u8, (host.Memory.SwapTotalKb - m.SwapFree) / 64);
        Kb(ref writer, "Active:         "u8, m.Resident / 2);
        Kb(ref writer, "Inactive:       "u8, m.Resident / 2 + m.Cached);
        Kb(ref writer, "Unevictable:    "u8, 30_712);
        Kb(ref writer, "Mlocked:        "u8, 27_640);
        Kb(ref writer, "SwapTotal:      "u8, host.Memory.SwapTotalKb);
        Kb(ref writer, "SwapFree:       "u8, m.SwapFree);
        Kb(ref writer, "Dirty:          "u8, 41_320 + now / 100_000_000 % 613 * 64);
        Kb(ref writer, "Writeback:      "u8, 0);
        Kb(ref writer, "AnonPages:      "u8, m.Resident);
        Kb(ref writer, "Mapped:         "u8, 412_008);
        Kb(ref writer, "Shmem:          "u8, 18_112);
        Kb(ref writer, "KReclaimable:   "u8, 1_204_344);
        Kb(ref writer, "Slab:           "u8, 2_911_020);
        Kb(ref writer, "SReclaimable:   "u8, 1_204_344);
        Kb(ref writer, "SUnreclaim:     "u8, 1_706_676);
        Kb(ref writer, "KernelStack:    "u8, 21_504);
        Kb(ref writer, "PageTables:     "u8, m.Resident / 500);
        Kb(ref writer, "CommitLimit:    "u8, m.Total / 2 + host.Memory.SwapTotalKb);
        Kb(ref writer, "Committed_AS:   "u8, m.Resident * 5 / 4);
        Kb(ref writer, "VmallocTotal:   "u8, 34_359_738_367);
        Kb(ref writer, "VmallocUsed:    "u8, 391_240);
        Kb(ref writer, "AnonHugePages:  "u8, m.Resident / 10 * 7 / 2048 * 2048);
        writer.Text("HugePages_Total: "u8);
        writer.Padded(Total(host.Memory.HugepagesTotal), 7);
        writer.Text("\nHugePages_Free:  "u8);
        writer.Padded(Total(host.Memory.HugepagesTotal) - Total(host.Memory.HugepagesUsed), 7);
        writer.Text("\nHugePages_Rsvd:        0\nHugePages_Surp:        0\nHugepagesize:       2048 kB\n"u8);
        Kb(ref writer, "Hugetlb:        "u8, m.HugetlbPool);
        return Errno.None;
    }

    public Errno NodeMemInfo(ref Utf8Writer writer, long now, int node)
    {
        var m = host.Memory.Use(now, node);
        NodeKb(ref writer, node, "MemTotal:       "u8, m.Total);
        NodeKb(ref writer, node, "MemFree:        "u8, m.Free);
        NodeKb(ref writer, node, "MemUsed:        "u8, m.Total - m.Free);
        NodeKb(ref writer, node, "FilePages:      "u8, m.Cached);
        NodeKb(ref writer, node, "AnonPages:      "u8, m.Resident);
        NodeKb(ref writer, node, "AnonHugePages:  "u8, m.Resident / 10 * 7 / 2048 * 2048);
        NodePages(ref writer, node, "HugePages_Total: "u8, host.Memory.HugepagesTotal[node]);
        NodePages(ref writer, node, "HugePages_Free:  "u8, host.Memory.HugepagesTotal[node] - host.Memory.HugepagesUsed[node]);
        NodePages(ref writer, node, "HugePages_Surp:  "u8, 0);
        return Errno.None;
    }

    public Errno VmStat(ref Utf8Writer writer, long now)
    {
        var m = host.Memory.Use(now, -1);
        var (swappedIn, swappedOut) = host.Memory.SwappedPages(now);
        writer.Number("nr_free_pages "u8, m.Free / 4);
        writer.Number("\nnr_anon_pages "u8, m.Resident / 4);
        writer.Number("\nnr_file_pages "u8, m.Cached / 4);
        writer.Number("\nnr_dirty "u8, 10_330);
        writer.Number("\nnuma_hit "u8, now / 41_000);
        writer.Number("\nnuma_miss "u8, now / 9_000_000);
        writer.Number("\npgpgin "u8, now / 11_000);
        writer.Number("\npgpgout "u8, now / 5_000);
        writer.Number("\npswpin "u8, swappedIn);
        writer.Number("\npswpout "u8, swappedOut);
        writer.Number("\npgfault "u8, now / 90_000);
        writer.Number("\npgmajfault "u8, swappedIn + now / 800_000_000);
        writer.Number("\nthp_fault_alloc "u8, now / 700_000_000);
        writer.Number("\nthp_fault_fallback "u8, now / 9_000_000_000);
        writer.Number("\nthp_collapse_alloc "u8, now / 4_100_000_000);
        writer.Number("\nthp_split_page "u8, now / 13_000_000_000);
        writer.Number("\nnuma_hint_faults "u8, now / 2_000_000);
        writer.Number("\nnuma_hint_faults_local "u8, now / 2_600_000);
        writer.Number("\nnuma_pages_migrated "u8, now / 40_000_000);
        writer.Number("\ncompact_stall "u8, now / 30_000_000_000);
        writer.Number("\noom_kill "u8, 0);
        writer.Text("\n"u8);
        return Errno.None;
    }

    public static Errno NodeStat(ref Utf8Writer writer, long now, int node)
    {
        writer.Number("numa_hit "u8, now / 82_000);
        writer.Number("\nnuma_miss "u8, now / (node == 0 ? 30_000_000 : 13_000_000));
        writer.Number("\nnuma_foreign "u8, now / (node == 0 ? 13_000_000 : 30_000_000));
        writer.Number("\ninterleave_hit 2211\nlocal_node "u8, now / 83_000);
        writer.Number("\nother_node "u8, now / 11_000_000);
        writer.Text("\n"u8);
        return Errno.None;
    }

    /// <summary>A file of one number.</summary>
    public static Errno Number(ref Utf8Writer writer, long number)
    {
        writer.Number(number);
        writer.Text("\n"u8);
        return Errno.None;
    }

    public Errno CpuPressure(ref Utf8Writer writer, long now)
    {
        Pressure(ref writer, "some"u8, now, _waitedForCpu);
        Pressure(ref writer, "full"u8, now, s_never);
        return Errno.None;
    }

    public Errno MemoryPressure(ref Utf8Writer writer, long now)
    {
        Pressure(ref writer, "some"u8, now, _someSwapping);
        Pressure(ref writer, "full"u8, now, _allSwapping);
        return Errno.None;
    }

    public Errno IoPressure(ref Utf8Writer writer, long now)
    {
        Pressure(ref writer, "some"u8, now, _someIo);
        Pressure(ref writer, "full"u8, now, _allIo);
        return Errno.None;
    }

    public static Errno IrqPressure(ref Utf8Writer writer, long now)
    {
        Pressure(ref writer, "full"u8, now, s_interrupted);
        return Errno.None;
    }

    // The kernel's averages decay; these are the plain means over the same windows, which follow from the total alone.
    private static void Pressure(ref Utf8Writer writer, ReadOnlySpan<byte> kind, long now, Func<long, long> stalled)
    {
        var total = stalled(now);
        writer.Text(kind);
        Average(ref writer, " avg10="u8, 10);
        Average(ref writer, " avg60="u8, 60);
        Average(ref writer, " avg300="u8, 300);
        writer.Number(" total="u8, total / 1000);
        writer.Text("\n"u8);

        void Average(ref Utf8Writer writer, ReadOnlySpan<byte> name, long seconds)
        {
            writer.Text(name);
            writer.Hundredths(Math.Min((total - stalled(now - seconds * SimClock.Second)) / (seconds * 100_000), 10_000));
        }
    }

    private static long Total(long[] numbers)
    {
        var sum = 0L;
        foreach (var number in numbers)
        {
            sum += number;
        }

        return sum;
    }

    private static void Kb(ref Utf8Writer writer, ReadOnlySpan<byte> name, long kb)
    {
        writer.Text(name);
        writer.Padded(kb, 8);
        writer.Text(" kB\n"u8);
    }

    private static void NodeKb(ref Utf8Writer writer, int node, ReadOnlySpan<byte> name, long kb)
    {
        writer.Number("Node "u8, node);
        writer.Text(" "u8);
        Kb(ref writer, name, kb);
    }

    private static void NodePages(ref Utf8Writer writer, int node, ReadOnlySpan<byte> name, long pages)
    {
        writer.Number("Node "u8, node);
        writer.Text(" "u8);
        writer.Text(name);
        writer.Padded(pages, 5);
        writer.Text("\n"u8);
    }
}
