namespace KvmTop.Linux;

/// <summary>What the kernel itself has said since a moment, whatever it is about: for whoever has just asked it for something and was refused.</summary>
public static class KernelLogTail
{
    private const int LongestText = 300;

    /// <summary>The number of the latest record; -1 when there is none or the log may not be read.</summary>
    public static long LastSequence(HostRoot host)
    {
        var last = -1L;
        Walk(host, (in record, text) => last = record.Sequence);
        return last;
    }

    /// <summary>The texts of the kernel's records after one, oldest first; of more than <paramref name="most"/> the first. Empty when the log may not be read.</summary>
    public static IReadOnlyList<string> After(HostRoot host, long sequence, int most)
    {
        var texts = new List<string>();
        Walk(host, (in record, text) =>
        {
            if (record.Sequence > sequence && record.Facility == 0 && texts.Count < most)
                texts.Add(KernelText.Clean(text, LongestText));
        });
        return texts;
    }

    private static void Walk(HostRoot host, KernelRecordTaker take)
    {
        _ = KernelLog.Open(host, out var log);
        using (log)
            _ = log?.ReadNew(take);
    }
}
