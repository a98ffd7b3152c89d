namespace KvmTop.Linux;

/// <summary>
/// The CPU bandwidth figures of a cgroup, as in its <c>cpu.stat</c>: v2 (Documentation/admin-guide/cgroup-v2.rst) or the v1 cpu controller
/// (Documentation/scheduler/sched-bwc.rst). They count what this cgroup's own quota did, not the quotas above or below it.
/// </summary>
/// <param name="Periods">nr_periods: enforcement periods in which the cgroup had something to run; stands still without a quota.</param>
/// <param name="ThrottledPeriods">nr_throttled: those in which the quota ran out.</param>
/// <param name="ThrottledNanoseconds">
/// v2 throttled_usec, v1 throttled_time: the time held back, summed over the CPUs on which it had runnable threads, so that a
/// second of wall time can add several.
/// </param>
/// <param name="UsageNanoseconds">v2 usage_usec: CPU time of the cgroup and all below it. Null for v1.</param>
public readonly record struct CgroupCpuStat(ulong Periods, ulong ThrottledPeriods, ulong ThrottledNanoseconds, ulong? UsageNanoseconds)
{
    /// <summary>Reads the text of a cpu.stat. Allocates nothing. False when the cpu controller is not on for this cgroup (no nr_throttled).</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out CgroupCpuStat value)
    {
        ulong? periods = null, throttled = null, time = null, usage = null;
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            var fields = new ByteFields(line);
            if (!fields.TryNext(out var key) || !fields.TryUInt64(out var n))
                continue;

            if (key.SequenceEqual("nr_periods"u8))
                periods = n;
            else if (key.SequenceEqual("nr_throttled"u8))
                throttled = n;
            else if (key.SequenceEqual("throttled_time"u8))
                time = n;
            else if (key.SequenceEqual("throttled_usec"u8) && n <= ulong.MaxValue / 1000)
                time = n * 1000;
            else if (key.SequenceEqual("usage_usec"u8) && n <= ulong.MaxValue / 1000)
                usage = n * 1000;
        }

        if (periods is { } p && throttled is { } t && time is { } ns)
        {
            value = new CgroupCpuStat(p, t, ns, usage);
            return true;
        }

        value = default;
        return false;
    }
}
