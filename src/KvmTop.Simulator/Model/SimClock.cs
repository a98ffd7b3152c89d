namespace KvmTop.Simulator.Model;

/// <summary>Nanoseconds since the simulated host booted, by the monotonic clock of a <see cref="TimeProvider"/>.</summary>
internal sealed class SimClock
{
    public const long Second = 1_000_000_000;
    public const long Tick = Second / 100;

    /// <summary>The host has been up for twelve days when the simulation begins: counters are large and averages have a past.</summary>
    public const long Beginning = (12 * 86400 + 5 * 3600 + 1234) * Second;

    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly long _frequency;

    public SimClock(TimeProvider time)
    {
        _time = time;
        _origin = time.GetTimestamp();
        _frequency = time.TimestampFrequency;
        BootTime = time.GetUtcNow().ToUnixTimeSeconds() - Beginning / Second;
    }

    /// <summary>When the host booted, in seconds of Unix time.</summary>
    public long BootTime { get; }

    public long Now()
    {
        var passed = _time.GetTimestamp() - _origin;
        return Beginning + (_frequency == Second ? passed : (long)((Int128)passed * Second / _frequency));
    }
}
