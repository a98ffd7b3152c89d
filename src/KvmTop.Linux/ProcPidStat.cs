namespace KvmTop.Linux;

/// <summary>
/// A process or a thread as in <c>/proc/PID/stat</c> and <c>/proc/PID/task/TID/stat</c> (proc_pid_stat(5)). Times are ticks of
/// 1/<see cref="SystemInfo.ClockTicksPerSecond"/> second; <see cref="UtimeTicks"/> includes <see cref="GuestTimeTicks"/>.
/// </summary>
/// <param name="Pid">Field 1: the process or thread id.</param>
/// <param name="State">Field 3: R, S, D, T, t, Z, X, I, P.</param>
/// <param name="ParentPid">Field 4.</param>
/// <param name="Flags">Field 9: the kernel's PF_* flags.</param>
/// <param name="UtimeTicks">Field 14: user mode, guest included.</param>
/// <param name="StimeTicks">Field 15: kernel mode.</param>
/// <param name="Threads">Field 20.</param>
/// <param name="StartTimeTicks">Field 22: since boot; with the pid it identifies a process.</param>
/// <param name="RssPages">Field 24, in pages.</param>
/// <param name="Processor">Field 39: the CPU that it ran on last.</param>
/// <param name="BlkioDelayTicks">Field 42: waiting for block I/O; always 0 unless delay accounting is on (kernel.task_delayacct).</param>
/// <param name="GuestTimeTicks">Field 43: running a guest.</param>
public readonly record struct ProcPidStat(
    int Pid, char State, int ParentPid, uint Flags, ulong UtimeTicks, ulong StimeTicks, int Threads, ulong StartTimeTicks,
    ulong RssPages, int Processor, ulong BlkioDelayTicks, ulong GuestTimeTicks)
{
    private const uint KernelThreadFlag = 0x00200000;

    /// <summary>PF_KTHREAD: a thread of the kernel's own (a vhost worker before Linux 6.4, for one).</summary>
    public bool IsKernelThread => (Flags & KernelThreadFlag) != 0;

    /// <summary>Reads the text of a stat file. Allocates nothing. Fields up to 39 must be there; what later kernels append may be missing and is 0.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ProcPidStat value)
    {
        value = default;

        // The name may hold blanks and parentheses, and it belongs to whoever runs the program: only the last ')' ends it.
        var open = text.IndexOf((byte)'(');
        var close = text.LastIndexOf((byte)')');
        if (open <= 0 || close < open || !ByteFields.Parse(text[..open].Trim((byte)' '), out int pid))
            return false;

        var fields = new ByteFields(text[(close + 1)..]);
        if (!fields.TryNext(out var state) || state.Length != 1
            || !fields.TryInt32(out var parent)
            || !fields.Skip(4)
            || !fields.TryUInt64(out var flags) || flags > uint.MaxValue
            || !fields.Skip(4)
            || !fields.TryUInt64(out var user)
            || !fields.TryUInt64(out var system)
            || !fields.Skip(4)
            || !fields.TryInt32(out var threads)
            || !fields.Skip(1)
            || !fields.TryUInt64(out var start)
            || !fields.Skip(1)
            || !fields.TryInt64(out var rss)
            || !fields.Skip(14)
            || !fields.TryInt32(out var processor))
        {
            return false;
        }

        ulong blockIo = 0, guest = 0;
        if (fields.Skip(2) && fields.TryUInt64(out blockIo))
            _ = fields.TryUInt64(out guest);

        value = new ProcPidStat(
            pid, (char)state[0], parent, (uint)flags, user, system, threads, start, (ulong)Math.Max(rss, 0), processor, blockIo, guest);
        return true;
    }

    /// <summary>The raw name (field 2) between the parentheses: up to 15 bytes of anything. Empty when the text is not a stat file.</summary>
    public static ReadOnlySpan<byte> Comm(ReadOnlySpan<byte> text)
    {
        var open = text.IndexOf((byte)'(');
        var close = text.LastIndexOf((byte)')');
        return open < 0 || close < open ? default : text[(open + 1)..close];
    }
}
