namespace KvmTop.Linux;

/// <summary>The CPU-time clock of another process (clock_getcpuclockid(3)). System calls, so for the running machine only.</summary>
public static class ProcessClock
{
    private const int Scheduled = 2;

    // PID_MAX_LIMIT: a larger number would lose its high bits in the clock id and name another process.
    private const int HighestPid = 4 << 20;

    /// <summary>
    /// CPU time of the whole process in nanoseconds, threads that have ended included. False when the process is gone (EINVAL).
    /// A pid that was reused answers for the new process: check the start time.
    /// </summary>
    public static unsafe bool TryRead(int pid, out ulong nanoseconds)
    {
        nanoseconds = 0;
        if (pid is <= 0 or > HighestPid)
            return false;

        // linux/include/linux/posix-timers_types.h: MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED).
        var time = stackalloc long[2];
        if (Libc.clock_gettime((~pid << 3) | Scheduled, time) != 0)
            return false;

        nanoseconds = ((ulong)time[0] * 1_000_000_000) + (ulong)time[1];
        return true;
    }
}
