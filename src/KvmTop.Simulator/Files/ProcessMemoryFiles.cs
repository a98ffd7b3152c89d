namespace KvmTop.Simulator.Files;

/// <summary>/proc/PID/smaps_rollup, numa_maps and ksm_stat.</summary>
internal static partial class ProcessFiles
{
    // Of the monitor's program and libraries.
    private const long FileKb = 18_000;

    public static void SmapsRollup(ref Utf8Writer writer, in ProcessMoment m)
    {
        var memory = m.Process.Memory;
        if (m.Process.IsKernel)
        {
            return;
        }

        var resident = memory.Resident(m.Now);
        var file = Math.Min(resident, FileKb);
        var swap = memory.Swap(m.Now);
        writer.Text("55d0c1400000-7ffd6c5f2000 ---p 00000000 00:00 0                          [rollup]\n"u8);
        Kilobytes(ref writer, "Rss:            "u8, resident);
        Kilobytes(ref writer, "Pss:            "u8, resident - (file / 3 * 2) - (Merged(memory, resident) / 2));
        Kilobytes(ref writer, "Shared_Clean:   "u8, file);
        Kilobytes(ref writer, "Private_Dirty:  "u8, resident - file);
        Kilobytes(ref writer, "Anonymous:      "u8, resident - file);
        Kilobytes(ref writer, "KSM:            "u8, Merged(memory, resident));
        Kilobytes(ref writer, "AnonHugePages:  "u8, Thp(memory, resident));
        Kilobytes(ref writer, "ShmemPmdMapped: "u8, 0);
        Kilobytes(ref writer, "FilePmdMapped:  "u8, 0);
        Kilobytes(ref writer, "Shared_Hugetlb: "u8, 0);
        Kilobytes(ref writer, "Private_Hugetlb:"u8, memory.HugetlbKb);
        Kilobytes(ref writer, "Swap:           "u8, swap);
        Kilobytes(ref writer, "SwapPss:        "u8, swap);
        Kilobytes(ref writer, "Locked:         "u8, 0);
    }

    public static void NumaMaps(ref Utf8Writer writer, in ProcessMoment m)
    {
        var memory = m.Process.Memory;
        if (m.Process.IsKernel)
        {
            return;
        }

        var nodes = m.Host.Topology.Nodes;
        var home = m.Process.Node;
        var resident = memory.Resident(m.Now);
        var file = Math.Min(resident, FileKb);
        writer.Text("55d0c1400000 default file=/usr/bin/monitor"u8);
        writer.Number(" mapped="u8, file / PageKb);
        writer.Number(" mapmax=9 active=0 N0="u8, file / PageKb);
        writer.Text(" kernelpagesize_kB=4\n"u8);
        if (memory.HugetlbKb > 0)
        {
            var node = Math.Max(home, 0) % nodes;
            writer.Number("7f2ac0000000 bind:"u8, node);
            writer.Number(" file=/dev/hugepages/libvirt/qemu/ram huge dirty="u8, memory.HugetlbKb / 2048);
            writer.Number(" N"u8, node);
            writer.Number("="u8, memory.HugetlbKb / 2048);
            writer.Text(" kernelpagesize_kB=2048\n"u8);
        }

        // A guest that is free to roam has its memory where its CPUs happened to be when it first touched it.
        var pages = (resident - file) / PageKb;
        var first = nodes == 1 || home == 0 ? pages : home > 0 ? pages / 50 : pages * (30 + (m.Pid % 41)) / 100;
        writer.Number("7f31c2000000 default anon="u8, pages);
        writer.Number(" dirty="u8, pages);
        writer.Number(" N0="u8, first);
        if (nodes > 1 && first < pages)
        {
            writer.Number(" N1="u8, pages - first);
        }

        writer.Text(" kernelpagesize_kB=4\n7ffd6c5d1000 default stack anon=12 dirty=12 N0=12 kernelpagesize_kB=4\n"u8);
    }

    public static void KsmStat(ref Utf8Writer writer, in ProcessMoment m)
    {
        var memory = m.Process.Memory;
        var merged = Merged(memory, memory.Resident(m.Now)) / PageKb;
        writer.Number("ksm_rmap_items "u8, merged * 2);
        writer.Number("\nksm_zero_pages 0\nksm_merging_pages "u8, merged);
        writer.Number("\nksm_process_profit "u8, (merged * PageKb * 1024) - (merged * 2 * 64));
        writer.Text("\nksm_merge_any: no\nksm_mergeable: yes\n"u8);
    }

    private static long Thp(Model.SimMemory memory, long resident) => (long)(Math.Max(resident - FileKb, 0) * memory.Thp) / 2048 * 2048;

    private static long Merged(Model.SimMemory memory, long resident) => (long)(resident * memory.Merged) / PageKb * PageKb;
}
