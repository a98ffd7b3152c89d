namespace KvmTop.Linux;

/// <summary>The load as in <c>/proc/loadavg</c> (proc_loadavg(5)): runnable and uninterruptible threads, averaged over 1, 5 and 15 minutes.</summary>
/// <param name="One">Over one minute.</param>
/// <param name="Five">Over five minutes.</param>
/// <param name="Fifteen">Over fifteen minutes.</param>
/// <param name="Running">Threads that are runnable now.</param>
/// <param name="Threads">Threads that exist now.</param>
public readonly record struct LoadAverage(double One, double Five, double Fifteen, int Running, int Threads)
{
    /// <summary>Reads the text of /proc/loadavg. Allocates nothing.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out LoadAverage value)
    {
        value = default;
        var fields = new ByteFields(text);
        if (!fields.TryDouble(out var one) || !fields.TryDouble(out var five) || !fields.TryDouble(out var fifteen) || !fields.TryNext(out var counts))
            return false;

        var slash = counts.IndexOf((byte)'/');
        if (slash < 0 || !ByteFields.Parse(counts[..slash], out int running) || !ByteFields.Parse(counts[(slash + 1)..], out int threads))
            return false;

        value = new LoadAverage(one, five, fifteen, running, threads);
        return true;
    }
}
