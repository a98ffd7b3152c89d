namespace KvmTop.Linux;

/// <summary>
/// A process or a thread as in <c>/proc/PID/status</c> (proc_pid_status(5)). Memory is that of the whole process; switches and
/// affinity are those of the one thread.
/// </summary>
/// <param name="Uid">The real user id. An id above 2^31 (nobody of a user namespace) stands here as its negative twin.</param>
/// <param name="RssBytes">VmRSS. Hugetlb pages are not in it. Null for kernel threads and zombies.</param>
/// <param name="SwapBytes">VmSwap: swapped-out anonymous memory; shared memory is not in it.</param>
/// <param name="LockedBytes">VmLck.</param>
/// <param name="HugetlbBytes">HugetlbPages.</param>
/// <param name="VoluntarySwitches">voluntary_ctxt_switches: it had nothing to do.</param>
/// <param name="InvoluntarySwitches">nonvoluntary_ctxt_switches: somebody else was put in its place.</param>
public readonly record struct ProcPidStatus(
    int Uid, ulong? RssBytes, ulong? SwapBytes, ulong? LockedBytes, ulong? HugetlbBytes, long? VoluntarySwitches, long? InvoluntarySwitches)
{
    /// <summary>Tgid: the process that a thread belongs to, which is its own number for the first thread; null when the text does not say.</summary>
    public static int? ThreadGroupOf(ReadOnlySpan<byte> text)
    {
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            if (line.StartsWith("Tgid:"u8))
            {
                var fields = new ByteFields(line["Tgid:".Length..]);
                return fields.TryInt32(out var pid) ? pid : null;
            }
        }

        return null;
    }

    /// <summary>Reads the text of a status file. Allocates nothing. False when it has no Uid line.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ProcPidStatus value)
    {
        var found = false;
        var uid = 0;
        ulong? rss = null, swap = null, locked = null, hugetlb = null;
        long? voluntary = null, involuntary = null;

        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            var colon = line.IndexOf((byte)':');
            if (colon < 3)
                continue;

            var key = line[..colon];
            var rest = new ByteFields(line[(colon + 1)..]);
            switch (key.Length)
            {
                case 3 when key.SequenceEqual("Uid"u8):
                    if (!rest.TryUInt64(out var id) || id > uint.MaxValue)
                    {
                        value = default;
                        return false;
                    }

                    uid = unchecked((int)(uint)id);
                    found = true;
                    break;
                case 5 when key.SequenceEqual("VmRSS"u8):
                    rss = Kilobytes(ref rest);
                    break;
                case 5 when key.SequenceEqual("VmLck"u8):
                    locked = Kilobytes(ref rest);
                    break;
                case 6 when key.SequenceEqual("VmSwap"u8):
                    swap = Kilobytes(ref rest);
                    break;
                case 12 when key.SequenceEqual("HugetlbPages"u8):
                    hugetlb = Kilobytes(ref rest);
                    break;
                case 23 when key.SequenceEqual("voluntary_ctxt_switches"u8):
                    voluntary = rest.TryInt64(out var v) ? v : null;
                    break;
                case 26 when key.SequenceEqual("nonvoluntary_ctxt_switches"u8):
                    involuntary = rest.TryInt64(out var n) ? n : null;
                    break;
            }
        }

        value = found ? new ProcPidStatus(uid, rss, swap, locked, hugetlb, voluntary, involuntary) : default;
        return found;
    }

    /// <summary>The raw Cpus_allowed_list ("0-3,8"), for callers that keep its string while it does not change. Empty when there is none.</summary>
    public static ReadOnlySpan<byte> AllowedCpus(ReadOnlySpan<byte> text)
    {
        var lines = new ByteLines(text);
        while (lines.TryNext(out var line))
        {
            if (line.StartsWith("Cpus_allowed_list:"u8))
                return line["Cpus_allowed_list:".Length..].Trim(" \t\r"u8);
        }

        return default;
    }

    private static ulong? Kilobytes(ref ByteFields fields) => fields.TryUInt64(out var n) && n <= ulong.MaxValue / 1024 ? n * 1024 : null;
}
