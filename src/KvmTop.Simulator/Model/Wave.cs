namespace KvmTop.Simulator.Model;

/// <summary>A rate over time: a constant and a few pulses on top. Units per nanosecond: CPU time per time, or bytes.</summary>
internal sealed class Wave
{
    private readonly ulong _constant;
    private readonly Pulse[] _pulses;

    public Wave(double constant, params Pulse[] pulses)
    {
        Constant = constant;
        _constant = (ulong)(constant * (1UL << 32));
        _pulses = pulses;
        Max = constant + pulses.Sum(p => p.Height);
    }

    public static Wave None { get; } = new(0);

    public double Constant { get; }

    /// <summary>What had come together before time zero.</summary>
    public long Already { get; init; }

    /// <summary>The rate is never above this.</summary>
    public double Max { get; }

    public double Rate(long time)
    {
        var rate = Constant;
        foreach (var pulse in _pulses)
        {
            rate += pulse.Value(time);
        }

        return rate;
    }

    /// <summary>What has come together from 0 to <paramref name="time"/>. Never falls.</summary>
    public long Integral(long time)
    {
        var high = Math.BigMul((ulong)time, _constant, out var low);
        var sum = Already + (long)((high << 32) | (low >> 32));
        foreach (var pulse in _pulses)
        {
            sum += pulse.Integral(time);
        }

        return sum;
    }

    public Wave Times(double factor) => factor == 1 ? this : new(Constant * factor, [.. _pulses.Select(p => p.At(p.Height * factor, 0))]) { Already = Already };
}
