namespace KvmTop.Linux;

/// <summary>
/// What the kernel has said since a moment, whatever it is about, from <c>/dev/kmsg</c> (Documentation/ABI/testing/dev-kmsg): for whoever has just asked it for
/// something and was refused. <see cref="KernelLog"/> follows what concerns virtual machines.
/// </summary>
public static class KernelLogTail
{
    private const int LongestRecord = 8192;
    private const int LongestText = 300;

    // A storm of messages must not keep us here.
    private const int MostRecords = 200_000;

    /// <summary>The number of the latest record; -1 when there is none or the log may not be read.</summary>
    public static long LastSequence(HostRoot host) => Walk(host, long.MaxValue, 0, []);

    /// <summary>The texts of the records after one, oldest first; of more than <paramref name="most"/> the first. Empty when the log may not be read.</summary>
    public static IReadOnlyList<string> After(HostRoot host, long sequence, int most)
    {
        var texts = new List<string>();
        _ = Walk(host, sequence, most, texts);
        return texts;
    }

    private static long Walk(HostRoot host, long after, int most, List<string> texts)
    {
        var last = -1L;
        _ = host.Open(KernelLog.Path, out var file);
        if (file is null)
            return last;

        using (file)
        {
            if (!host.IsLive)
            {
                var lines = new ByteLines(new ReadBuffer(65536, 4 << 20).ReadAll(file, out _));
                while (lines.TryNext(out var line))
                    last = Take(line, last, after, most, texts);
                return last;
            }

            // One record per read; EPIPE says that some were overwritten, EINVAL that one is longer than it should be: both go on. EAGAIN is the end.
            var record = new byte[LongestRecord];
            for (var i = 0; i < MostRecords; i++)
            {
                var n = file.ReadAt(0, record);
                if (n > 0)
                    last = Take(record.AsSpan(0, n), last, after, most, texts);
                else if ((Errno)(-n) is not (Errno.EPIPE or Errno.EINTR or Errno.EINVAL))
                    break;
            }
        }

        return last;
    }

    /// <summary>"priority,sequence,microseconds,flags;text": its number, and its text when it is wanted.</summary>
    private static long Take(ReadOnlySpan<byte> record, long last, long after, int most, List<string> texts)
    {
        var semicolon = record.IndexOf((byte)';');
        var head = semicolon < 0 ? default : record[..semicolon];
        var comma = head.IndexOf((byte)',');
        if (comma < 0)
            return last;
        head = head[(comma + 1)..];
        comma = head.IndexOf((byte)',');
        if (comma < 0 || !ByteFields.Parse(head[..comma], out long sequence))
            return last;

        if (sequence > after && texts.Count < most)
        {
            var text = record[(semicolon + 1)..];
            var end = text.IndexOf((byte)'\n');
            texts.Add(KernelText.Clean(end < 0 ? text : text[..end], LongestText));
        }

        return sequence;
    }
}
