namespace KvmTop.Linux;

/// <summary>How many files this process may have open (RLIMIT_NOFILE).</summary>
public static class DescriptorLimit
{
    /// <summary>With fewer the runtime itself cannot load what it needs, and aborts without a word.</summary>
    public const int Least = 64;

    /// <summary><see cref="Least"/> as text: where it is told, nothing may have to be loaded to write a number.</summary>
    public const string LeastText = "64";

    /// <summary>The soft limit, after raising it to the hard one (and, for root, to what a large host needs).</summary>
    public static unsafe int Raise()
    {
        const ulong wanted = 262144;
        var limits = stackalloc ulong[2];
        if (Libc.getrlimit(Libc.RLIMIT_NOFILE, limits) != 0)
        {
            return 1024;
        }

        var (soft, hard) = (limits[0], limits[1]);
        return TrySet(limits, Math.Max(soft, wanted), Math.Max(hard, wanted)) || TrySet(limits, hard, hard) ? Number(limits[0]) : Number(soft);
    }

    private static unsafe bool TrySet(ulong* limits, ulong soft, ulong hard)
    {
        limits[0] = soft;
        limits[1] = hard;
        return Libc.setrlimit(Libc.RLIMIT_NOFILE, limits) == 0;
    }

    private static int Number(ulong limit) => (int)Math.Min(limit, int.MaxValue);
}
