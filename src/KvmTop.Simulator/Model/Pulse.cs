namespace KvmTop.Simulator.Model;

/// <summary>
/// A periodic trapezoid: rises, holds, falls, rests. Its value and its integral are closed forms of the time, so a counter made of pulses
/// is known at any moment without having lived through the time before.
/// </summary>
/// <remarks>
/// Only sums, products and roundings that are monotone in the time are used, so the integral never falls, not even by one unit.
/// </remarks>
internal sealed class Pulse
{
    private readonly long _period;
    private readonly long _phase;
    private readonly double _rise;
    private readonly double _holdEnd;
    private readonly double _fallEnd;
    private readonly double _perRise;
    private readonly double _perFall;
    private readonly double _whole;
    private readonly long _area;
    private readonly long _before;

    /// <param name="height">The value while it holds; what is integrated is height x nanoseconds.</param>
    /// <param name="period">Length of a cycle in ns.</param>
    /// <param name="phase">Where in the cycle time zero is, in ns.</param>
    /// <param name="rise">Length of the rise in ns.</param>
    /// <param name="hold">Length of the plateau in ns.</param>
    /// <param name="fall">Length of the fall in ns; the rest of the period is zero.</param>
    public Pulse(double height, long period, long phase, long rise, long hold, long fall)
    {
        Height = height;
        _period = period;
        _phase = phase % period;
        _rise = rise;
        _holdEnd = rise + hold;
        _fallEnd = rise + hold + fall;
        _perRise = 0.5 / rise;
        _perFall = 0.5 / fall;
        _whole = rise * 0.5 + hold + fall * 0.5;
        _area = (long)(_whole * height);
        _before = Cumulated(_phase);
    }

    /// <summary>The highest value.</summary>
    public double Height { get; }

    /// <summary>The same course at another height.</summary>
    public Pulse At(double height, long laterBy) =>
        new(height, _period, _phase + laterBy, (long)_rise, (long)(_holdEnd - _rise), (long)(_fallEnd - _holdEnd));

    /// <summary>The value at <paramref name="time"/>, 0 to <see cref="Height"/>.</summary>
    public double Value(long time)
    {
        var x = (double)((time + _phase) % _period);
        return Height * (x < _rise ? x / _rise : x < _holdEnd ? 1 : x < _fallEnd ? (_fallEnd - x) / (_fallEnd - _holdEnd) : 0);
    }

    /// <summary>Integral of the value from 0 to <paramref name="time"/>.</summary>
    public long Integral(long time) => Cumulated(time + _phase) - _before;

    /// <summary>The sum of all rises since time zero, less the one that was under way then: what flowed in, where the value is a level.</summary>
    public double Risen(long time)
    {
        var cycles = Math.DivRem(time + _phase, _period, out var x);
        return Height * (cycles + Math.Min(x / _rise, 1));
    }

    /// <summary>The sum of all falls since time zero.</summary>
    public double Fallen(long time)
    {
        var cycles = Math.DivRem(time + _phase, _period, out var x);
        return Height * (cycles + Math.Clamp((x - _holdEnd) / (_fallEnd - _holdEnd), 0, 1));
    }

    private long Cumulated(long time)
    {
        var cycles = Math.DivRem(time, _period, out var inCycle);
        var x = (double)inCycle;
        double part;
        if (x < _rise)
        {
            part = x * x * _perRise;
        }
        else if (x < _holdEnd)
        {
            part = x - _rise * 0.5;
        }
        else if (x < _fallEnd)
        {
            var left = _fallEnd - x;
            part = _whole - left * left * _perFall;
        }
        else
        {
            part = _whole;
        }

        return cycles * _area + (long)(part * Height);
    }
}
