using KvmTop.Simulator.Model;

namespace KvmTop.Simulator.Files;

/// <summary>The files of /proc/PID and /proc/PID/task/TID, in the words of Linux 6.8 (fs/proc/array.c, base.c; delayacct off).</summary>
internal static partial class ProcessFiles
{
    private const long PageKb = 4;

    /// <summary>Files that a process and a thread both have.</summary>
    public static Dictionary<string, FormatProcess> OfThread { get; } = new Dictionary<string, FormatProcess>
    {
        ["stat"] = Stat,
        ["status"] = Status,
        ["statm"] = Statm,
        ["schedstat"] = SchedStat,
        ["comm"] = Comm,
        ["syscall"] = Syscall,
        ["wchan"] = Wchan,
        ["cgroup"] = Cgroup,
        ["cmdline"] = CommandLine,
        ["io"] = Io,
        ["smaps_rollup"] = SmapsRollup,
        ["numa_maps"] = NumaMaps,
        ["ksm_stat"] = KsmStat,
    };

    public static void SchedStat(ref Utf8Writer writer, in ProcessMoment m)
    {
        var run = m.Since(m.Thread.Run);
        var delay = m.Since(m.Thread.Delay);
        writer.Number(run);
        writer.Number(" "u8, delay);
        writer.Number(" "u8, VoluntarySwitches(run) + InvoluntarySwitches(delay));
        writer.Text("\n"u8);
    }

    public static void Stat(ref Utf8Writer writer, in ProcessMoment m)
    {
        var process = m.Process;
        var kernel = process.IsKernel;
        var times = m.IsWhole ? process.Times(m.Lived, m.LivedBefore) : m.ThreadTimes;
        writer.Number(m.Tid);
        writer.Text(" ("u8);
        writer.Text(m.Thread.Name);
        writer.Text(m.IsRunning ? ") R"u8 : kernel && process.Comm.StartsWith('k') ? ") I"u8 : ") S"u8);
        writer.Number(" "u8, process.Parent);
        writer.Number(" "u8, kernel ? 0 : m.Pid);
        writer.Number(" "u8, kernel ? 0 : m.Pid);
        writer.Text(kernel ? " 0 -1 69238880"u8 : " 0 -1 138412416"u8);
        writer.Number(" "u8, kernel ? 0 : process.Memory.PeakKb / PageKb);
        writer.Text(" 0 "u8);
        writer.Number(kernel ? 0 : 412);
        writer.Number(" 0 "u8, times.User / SimClock.Tick);
        writer.Number(" "u8, times.System / SimClock.Tick);
        writer.Number(" 0 0 20 0 "u8, process.Threads.Length);
        writer.Number(" 0 "u8, process.Life.StartOf(m.Generation) / SimClock.Tick);
        writer.Number(" "u8, process.Memory.VirtualKb * 1024);
        writer.Number(" "u8, process.Memory.Resident(m.Now) / PageKb);
        writer.Text(" 18446744073709551615"u8);
        writer.Text(kernel
            ? " 0 0 0 0 0 0 0 2147483647 0 0 0 0 "u8
            : " 94797145268224 94797146057629 140733577882176 0 0 0 268444224 4096 16963 0 0 0 "u8);
        writer.Number(m.IsWhole || m.Thread.Offset == 0 ? 17 : -1);
        writer.Number(" "u8, m.Thread.CpuAt(m.Now));
        writer.Number(" 0 0 0 "u8, times.Guest / SimClock.Tick);
        writer.Text(kernel
            ? " 0 0 0 0 0 0 0 0 0\n"u8
            : " 0 94797146290928 94797146339172 94797451390976 140733577886335 140733577886350 140733577886350 140733577887722 0\n"u8);
    }

    public static void Statm(ref Utf8Writer writer, in ProcessMoment m)
    {
        var memory = m.Process.Memory;
        var resident = memory.Resident(m.Now) / PageKb;
        writer.Number(memory.VirtualKb / PageKb);
        writer.Number(" "u8, resident);
        writer.Number(" "u8, Math.Min(resident, 4500));
        writer.Text(m.Process.IsKernel ? " 0 0 "u8 : " 1542 0 "u8);
        writer.Number(memory.PeakKb / PageKb);
        writer.Text(" 0\n"u8);
    }

    public static void Comm(ref Utf8Writer writer, in ProcessMoment m)
    {
        writer.Text(m.Thread.Name);
        writer.Text("\n"u8);
    }

    public static void CommandLine(ref Utf8Writer writer, in ProcessMoment m) => writer.Text(m.Process.CommandLine);

    public static void Cgroup(ref Utf8Writer writer, in ProcessMoment m)
    {
        writer.Text("0::"u8);
        writer.Text(m.Thread.Cgroup ?? m.Process.Cgroup);
        writer.Text("\n"u8);
    }

    public static void Io(ref Utf8Writer writer, in ProcessMoment m)
    {
        // What a monitor reads and writes for its guest goes in whole sectors, and it also handles events that never reach a disk.
        const long sectors = ~511L;
        var read = m.Since(m.Process.ReadBytes) & sectors;
        var written = m.Since(m.Process.WrittenBytes) & sectors;
        if (!m.IsWhole && m.Thread.Role is ThreadRole.Vcpu or ThreadRole.TcgVcpu)
        {
            read = written = 0;
        }

        writer.Number("rchar: "u8, read + read / 64 + 48211);
        writer.Number("\nwchar: "u8, written + written / 64 + 9114);
        writer.Number("\nsyscr: "u8, read / 16384 + 97);
        writer.Number("\nsyscw: "u8, written / 16384 + 41);
        writer.Number("\nread_bytes: "u8, read);
        writer.Number("\nwrite_bytes: "u8, written);
        writer.Text("\ncancelled_write_bytes: 0\n"u8);
    }

    public static void Syscall(ref Utf8Writer writer, in ProcessMoment m)
    {
        if (m.IsRunning)
        {
            writer.Text("running\n"u8);
            return;
        }

        const string where = " 0x0 0x0 0x0 0x7f31c2bfc5d0 0x7f31d1b1c0af\n";
        writer.Text(m.Thread.Role switch
        {
            ThreadRole.Vcpu when !m.Process.IsPaused => "16 0x28 0xae80 0x0",
            ThreadRole.Main or ThreadRole.EventLoop => "271 0x55c8e1a2b3c0 0x9 0x7ffc9a1b2c40",
            ThreadRole.Kernel => "0 0x0 0x0 0x0",
            _ => "202 0x55c8e1a2b3c8 0x80 0x0",
        });
        writer.Text(where);
    }

    public static void Wchan(ref Utf8Writer writer, in ProcessMoment m) => writer.Text(
        m.IsRunning ? "0"u8 : m.Thread.Role switch
        {
            ThreadRole.Vcpu when !m.Process.IsPaused => "kvm_vcpu_block"u8,
            ThreadRole.Main or ThreadRole.EventLoop => "do_sys_poll"u8,
            ThreadRole.Kernel => "worker_thread"u8,
            _ => "futex_wait_queue"u8,
        });

    private static long VoluntarySwitches(long run) => run / 1_300_000;

    private static long InvoluntarySwitches(long delay) => delay / 2_900_000;
}
