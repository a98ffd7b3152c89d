using System.Runtime.InteropServices;

namespace KvmTop.RealTests.Harness;

/// <summary>The few system calls that the harness needs; declared again here, because the tests check the program's own.</summary>
internal static partial class Native
{
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    private static partial int SchedSetAffinity(int tid, nint size, ReadOnlySpan<ulong> mask);

    [LibraryImport("libc", EntryPoint = "sysconf")]
    private static partial nint Sysconf(int name);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int id, int priority);

    /// <summary>Lets the calling thread run before others, where that is allowed.</summary>
    public static void HurryThisThread() => _ = SetPriority(0, 0, -15); // PRIO_PROCESS, 0 = the calling thread

    /// <summary>Kernel ticks per second, the unit of the times in /proc/PID/stat.</summary>
    public static long TicksPerSecond { get; } = Sysconf(2); // _SC_CLK_TCK

    /// <summary>False for a zombie too: in a container without an init nobody collects a daemon.</summary>
    public static bool IsAlive(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Binds one thread to one CPU.</summary>
    public static void Pin(int tid, int cpu)
    {
        var mask = new ulong[16];
        mask[cpu / 64] = 1UL << (cpu % 64);
        if (SchedSetAffinity(tid, mask.Length * sizeof(ulong), mask) != 0)
            throw new InvalidOperationException($"sched_setaffinity({tid}, CPU {cpu}): errno {Marshal.GetLastPInvokeError()}");
    }
}
