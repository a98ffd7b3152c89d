namespace KvmTop.Simulator.Model;

/// <summary>How much: always, in slow swings on top, and in short bursts on top of those. The three may come together.</summary>
internal readonly record struct Load(double Always, double Swing = 0, double Burst = 0)
{
    public static Load operator *(Load load, double factor) => new(load.Always * factor, load.Swing * factor, load.Burst * factor);
}

/// <summary>
/// When: the periods and phases by which one VM swings and bursts. Its vCPUs share them, a little shifted, so that a VM moves as a whole
/// and yet no two curves are the same.
/// </summary>
internal sealed class Rhythm
{
    private const long Second = 1_000_000_000;
    private readonly Pulse _slow;
    private readonly Pulse _quick;
    private readonly Pulse _burst;

    public Rhythm(ref SplitMix random)
    {
        _slow = Draw(ref random, 85, 240, 0.3, 0.15);
        _quick = Draw(ref random, 13, 37, 0.28, 0.2);
        var period = Nanoseconds(random.Between(31, 97));
        _burst = new Pulse(1, period, Nanoseconds(random.Between(0, 90)), Second / 2, Nanoseconds(random.Between(1.5, 6)), 2 * Second);
    }

    public Wave Wave(Load load, ref SplitMix random)
    {
        var shift = Nanoseconds(random.Between(0, 5));
        return new Wave(
            load.Always,
            [
                .. load.Swing > 0 ? [_slow.At(load.Swing * 0.6, shift), _quick.At(load.Swing * 0.4, 3 * shift)] : Array.Empty<Pulse>(),
                .. load.Burst > 0 ? [_burst.At(load.Burst, shift / 2)] : Array.Empty<Pulse>(),
            ]);
    }

    private static Pulse Draw(ref SplitMix random, double shortest, double longest, double ramp, double hold)
    {
        var period = random.Between(shortest, longest);
        var rise = period * ramp * random.Between(0.7, 1.3);
        var fall = period * ramp * random.Between(0.7, 1.3);
        return new Pulse(1, Nanoseconds(period), Nanoseconds(random.Between(0, period)), Nanoseconds(rise), Nanoseconds(period * hold), Nanoseconds(fall));
    }

    private static long Nanoseconds(double seconds) => (long)(seconds * Second);
}
