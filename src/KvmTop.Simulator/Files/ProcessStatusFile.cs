namespace KvmTop.Simulator.Files;

internal static partial class ProcessFiles
{
    /// <summary>/proc/PID/status and /proc/PID/task/TID/status.</summary>
    public static void Status(ref Utf8Writer writer, in ProcessMoment m)
    {
        var process = m.Process;
        writer.Text("Name:\t"u8);
        writer.Text(m.Thread.Name);
        writer.Text("\nUmask:\t0022\nState:\t"u8);
        writer.Text(m.IsRunning ? "R (running)"u8 : process.IsKernel && process.Comm.StartsWith('k') ? "I (idle)"u8 : "S (sleeping)"u8);
        writer.Number("\nTgid:\t"u8, m.Pid);
        writer.Number("\nNgid:\t0\nPid:\t"u8, m.Tid);
        writer.Number("\nPPid:\t"u8, process.Parent);
        writer.Text("\nTracerPid:\t0\n"u8);
        Ids(ref writer, "Uid:"u8, process.User.Uid);
        Ids(ref writer, "Gid:"u8, process.User.Gid);
        writer.Number("FDSize:\t"u8, process.IsKernel ? 64 : 256);
        writer.Text("\nGroups:\t \n"u8);
        writer.Number("NStgid:\t"u8, m.Pid);
        writer.Number("\nNSpid:\t"u8, m.Tid);
        writer.Number("\nNSpgid:\t"u8, process.IsKernel ? 0 : m.Pid);
        writer.Number("\nNSsid:\t"u8, process.IsKernel ? 0 : m.Pid);
        writer.Text(process.IsKernel ? "\nKthread:\t1\n"u8 : "\nKthread:\t0\n"u8);
        if (!process.IsKernel)
        {
            Memory(ref writer, m);
        }

        writer.Number("Threads:\t"u8, process.Threads.Length);
        writer.Text(
            "\nSigQ:\t0/1030512\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\nSigBlk:\t0000000010002240\nSigIgn:\t0000000000001000\nSigCgt:\t0000000100004243\n"u8);
        writer.Text(process.User.Uid == 0
            ? "CapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\nCapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n"u8
            : "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n"u8);
        writer.Text("NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\nSpeculation_Store_Bypass:\tthread vulnerable\nSpeculationIndirectBranch:\tconditional enabled\nCpus_allowed:\t"u8);
        writer.Text(m.Thread.Affinity.Mask);
        writer.Text("\nCpus_allowed_list:\t"u8);
        writer.Text(m.Thread.Affinity.List);
        var nodes = m.Host.Topology.Nodes;
        writer.Text(nodes == 1 ? "\nMems_allowed:\t00000000,00000001\nMems_allowed_list:\t0"u8 : "\nMems_allowed:\t00000000,00000003\nMems_allowed_list:\t0-1"u8);
        writer.Number("\nvoluntary_ctxt_switches:\t"u8, VoluntarySwitches(m.Since(m.Thread.Run)));
        writer.Number("\nnonvoluntary_ctxt_switches:\t"u8, InvoluntarySwitches(m.Since(m.Thread.Delay)));
        writer.Text("\n"u8);
    }

    private static void Memory(ref Utf8Writer writer, in ProcessMoment m)
    {
        var memory = m.Process.Memory;
        var resident = memory.Resident(m.Now);
        var file = Math.Min(resident, 18_000);
        Kilobytes(ref writer, "VmPeak:\t"u8, memory.VirtualKb + 65_536);
        Kilobytes(ref writer, "VmSize:\t"u8, memory.VirtualKb);
        Kilobytes(ref writer, "VmLck:\t"u8, 0);
        Kilobytes(ref writer, "VmPin:\t"u8, 0);
        Kilobytes(ref writer, "VmHWM:\t"u8, memory.PeakKb);
        Kilobytes(ref writer, "VmRSS:\t"u8, resident);
        Kilobytes(ref writer, "RssAnon:\t"u8, resident - file);
        Kilobytes(ref writer, "RssFile:\t"u8, file);
        Kilobytes(ref writer, "RssShmem:\t"u8, 0);
        Kilobytes(ref writer, "VmData:\t"u8, memory.VirtualKb - 90_000);
        Kilobytes(ref writer, "VmStk:\t"u8, 132);
        Kilobytes(ref writer, "VmExe:\t"u8, 6168);
        Kilobytes(ref writer, "VmLib:\t"u8, 51_244);
        Kilobytes(ref writer, "VmPTE:\t"u8, 900 + memory.PeakKb / 512);
        Kilobytes(ref writer, "VmSwap:\t"u8, memory.Swap(m.Now));
        Kilobytes(ref writer, "HugetlbPages:\t"u8, memory.HugetlbKb);
        writer.Text("CoreDumping:\t0\nTHP_enabled:\t1\nuntag_mask:\t0xffffffffffffffff\n"u8);
    }

    private static void Kilobytes(ref Utf8Writer writer, ReadOnlySpan<byte> name, long kb)
    {
        writer.Text(name);
        writer.Padded(Math.Max(kb, 0), 8);
        writer.Text(" kB\n"u8);
    }

    private static void Ids(ref Utf8Writer writer, ReadOnlySpan<byte> name, int id)
    {
        writer.Text(name);
        for (var i = 0; i < 4; i++)
        {
            writer.Number("\t"u8, id);
        }

        writer.Text("\n"u8);
    }
}
