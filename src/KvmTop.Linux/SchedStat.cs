namespace KvmTop.Linux;

/// <summary>
/// How long a thread ran and how long it waited for a CPU, as in <c>/proc/PID/task/TID/schedstat</c> (Documentation/scheduler/sched-stats.rst).
/// The file of a process is that of its main thread alone. Needs CONFIG_SCHED_INFO: without it the file is missing or all zero.
/// </summary>
/// <param name="RunNs">Time on a CPU, guest time included, in nanoseconds.</param>
/// <param name="RunDelayNs">Time spent runnable on a run queue, in nanoseconds: what the guest sees as steal.</param>
/// <param name="Timeslices">How many times it was put on a CPU.</param>
public readonly record struct SchedStat(ulong RunNs, ulong RunDelayNs, ulong Timeslices)
{
    /// <summary>Reads the text of a schedstat file. Allocates nothing.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out SchedStat value)
    {
        var fields = new ByteFields(text);
        if (fields.TryUInt64(out var run) && fields.TryUInt64(out var delay) && fields.TryUInt64(out var slices))
        {
            value = new SchedStat(run, delay, slices);
            return true;
        }

        value = default;
        return false;
    }
}
