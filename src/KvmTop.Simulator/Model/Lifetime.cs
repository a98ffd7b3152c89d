namespace KvmTop.Simulator.Model;

/// <summary>
/// When a process lives, in ns since boot: from its start for good, or again and again with a pause between. Each life is a generation
/// with a process id of its own; now and then a generation gets the id of the one before, as happens on a busy host.
/// </summary>
internal sealed class Lifetime
{
    // Ids of recurring processes: above those of all others, and apart by more than a VMM has threads.
    private const int RecurringPids = 1 << 20;
    private const int PidSpacing = 64;
    private const int PidPlaces = 40_000;

    /// <summary>Every this many generations, the id of the one before comes back.</summary>
    private const long ReuseEvery = 4;

    private readonly long _start;
    private readonly long _period;
    private readonly long _life;
    private readonly int _pid;

    private Lifetime(long start, long period, long life, int pid) => (_start, _period, _life, _pid) = (start, period, life, pid);

    public bool IsRecurring => _period > 0;

    public static Lifetime Since(long start, int pid) => new(start, 0, long.MaxValue, pid);

    public static Lifetime Recurring(long start, long period, long life) => new(start, period, life, 0);

    /// <summary>Which generation lives at <paramref name="now"/>, or -1.</summary>
    public long GenerationAt(long now)
    {
        if (_period == 0)
        {
            return now >= _start ? 0 : -1;
        }

        var generation = Math.DivRem(now - _start, _period, out var age);
        return age < _life ? generation : -1;
    }

    public bool IsAlive(long generation, long now) => GenerationAt(now) == generation;

    /// <summary>When it last started, alive or not; -1 before it ever did.</summary>
    public long LatestStart(long now) => now < _start ? -1 : _period == 0 ? _start : StartOf((now - _start) / _period);

    public long StartOf(long generation) => _start + generation * _period;

    public int PidOf(long generation) =>
        _period == 0 ? _pid : RecurringPids + PidSpacing * (int)((generation - generation / ReuseEvery) % PidPlaces);

    /// <summary>Nanoseconds of life of all generations so far: the time by which the waves of this process run.</summary>
    public long Lived(long now)
    {
        if (now < _start)
        {
            return 0;
        }

        if (_period == 0)
        {
            return now - _start;
        }

        var generations = Math.DivRem(now - _start, _period, out var age);
        return generations * _life + Math.Min(age, _life);
    }

    /// <summary>What <see cref="Lived"/> was when a generation began.</summary>
    public long LivedBefore(long generation) => _period == 0 ? 0 : generation * _life;
}
