namespace KvmTop.Collectors;

/// <summary>Rates between two readings of one counter.</summary>
public static class Rates
{
    /// <summary>
    /// Growth per second. NaN when either reading is missing, no time has passed, or the counter fell: a counter that falls has been restarted, and
    /// what it counted in between is not known.
    /// </summary>
    public static double PerSecond(ulong? before, ulong? now, double seconds) =>
        before is { } b && now is { } n && n >= b && seconds > 0 ? (n - b) / seconds : double.NaN;
}
