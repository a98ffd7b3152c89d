namespace KvmTop.Linux;

/// <summary>Constants of the running system (sysconf(3)) and of this process.</summary>
public static class SystemInfo
{
    /// <summary>_SC_CLK_TCK: ticks a second in /proc/stat and /proc/PID/stat; 100 everywhere in practice.</summary>
    public static int ClockTicksPerSecond { get; } = (int)Positive(Libc.sysconf(Libc._SC_CLK_TCK), 100);

    /// <summary>_SC_PAGESIZE, in bytes.</summary>
    public static int PageSize { get; } = (int)Positive(Libc.sysconf(Libc._SC_PAGESIZE), 4096);

    /// <summary>The user as whom files are opened; 0 is root.</summary>
    public static uint EffectiveUserId => Libc.geteuid();

    /// <summary>The groups in effect for this process, the effective one included.</summary>
    public static unsafe IReadOnlyList<uint> Groups()
    {
        const int most = 65536;
        var groups = new uint[most];
        int count;
        fixed (uint* p = groups)
            count = Libc.getgroups(most, p);
        return [Libc.getegid(), .. groups.AsSpan(0, Math.Max(count, 0))];
    }

    private static long Positive(long value, long otherwise) => value > 0 ? value : otherwise;
}
