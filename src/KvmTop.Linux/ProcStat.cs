namespace KvmTop.Linux;

/// <summary>
/// How CPU time was spent since boot, in ticks of 1/<see cref="SystemInfo.ClockTicksPerSecond"/> second. <see cref="User"/> includes
/// <see cref="Guest"/> and <see cref="Nice"/> includes <see cref="GuestNice"/>: take them out before adding up. The kernel lets
/// <see cref="Idle"/> and <see cref="IoWait"/> fall now and then.
/// </summary>
public readonly record struct CpuTimes(
    ulong User, ulong Nice, ulong System, ulong Idle, ulong IoWait, ulong Irq, ulong SoftIrq, ulong Steal, ulong Guest, ulong GuestNice);

/// <summary>The times of one CPU.</summary>
public readonly record struct CpuTimesOf(int Cpu, CpuTimes Times);

/// <summary>The CPU lines of <c>/proc/stat</c> (proc_stat(5)). Only CPUs that are online have one.</summary>
public static class ProcStat
{
    private const int HighestCpu = 65535;

    /// <summary>
    /// Reads all CPU lines; <paramref name="perCpu"/> is emptied first and is not touched otherwise, so that it can be kept from tick to tick.
    /// False when the line of all CPUs together is missing or damaged.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out CpuTimes total, List<CpuTimesOf> perCpu)
    {
        total = default;
        perCpu.Clear();
        var found = false;
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line) && line.StartsWith("cpu"u8))
        {
            var fields = new ByteFields(line["cpu".Length..]);
            if (line.Length > 3 && line[3] != ' ')
            {
                if (fields.TryInt32(out var cpu) && cpu is >= 0 and <= HighestCpu && perCpu.Count <= HighestCpu && TryTimes(ref fields, out var times))
                    perCpu.Add(new CpuTimesOf(cpu, times));
            }
            else if (TryTimes(ref fields, out var all))
            {
                total = all;
                found = true;
            }
        }

        return found;
    }

    private static bool TryTimes(ref ByteFields fields, out CpuTimes times)
    {
        times = default;
        if (!fields.TryUInt64(out var user) || !fields.TryUInt64(out var nice) || !fields.TryUInt64(out var system) || !fields.TryUInt64(out var idle))
            return false;

        // What a kernel before 2.6.33 does not print it does not count either.
        _ = fields.TryUInt64(out var ioWait);
        _ = fields.TryUInt64(out var irq);
        _ = fields.TryUInt64(out var softIrq);
        _ = fields.TryUInt64(out var steal);
        _ = fields.TryUInt64(out var guest);
        _ = fields.TryUInt64(out var guestNice);
        times = new CpuTimes(user, nice, system, idle, ioWait, irq, softIrq, steal, guest, guestNice);
        return true;
    }
}

/// <summary>The other lines of <c>/proc/stat</c> that are wanted; null when the kernel does not say.</summary>
/// <param name="ContextSwitches">ctxt: since boot, all CPUs.</param>
/// <param name="ProcessesRunning">procs_running: threads that are runnable now.</param>
/// <param name="ProcessesBlocked">procs_blocked: threads that wait for I/O now.</param>
/// <param name="BootTime">btime, in whole seconds; it moves when the wall clock is set.</param>
public readonly record struct ProcStatTotals(ulong? ContextSwitches, ulong? ProcessesRunning, ulong? ProcessesBlocked, DateTimeOffset? BootTime)
{
    /// <summary>Reads the text of /proc/stat. Allocates nothing. False when it holds none of the figures.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ProcStatTotals value)
    {
        value = default;
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            if (line.StartsWith("ctxt "u8))
                value = value with { ContextSwitches = Number(line["ctxt ".Length..]) };
            else if (line.StartsWith("procs_running "u8))
                value = value with { ProcessesRunning = Number(line["procs_running ".Length..]) };
            else if (line.StartsWith("procs_blocked "u8))
                value = value with { ProcessesBlocked = Number(line["procs_blocked ".Length..]) };
            else if (line.StartsWith("btime "u8) && Number(line["btime ".Length..]) is { } seconds and <= 253402300799)
                value = value with { BootTime = DateTimeOffset.FromUnixTimeSeconds((long)seconds) };
        }

        return value != default;
    }

    private static ulong? Number(ReadOnlySpan<byte> text)
    {
        var fields = new ByteFields(text);
        return fields.TryUInt64(out var n) ? n : null;
    }
}
