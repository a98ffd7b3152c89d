using System.Numerics;

namespace KvmTop.Collectors;

/// <summary>
/// Durations from 1 ns to hours, counted in buckets that grow with the value: 32 to each doubling, so that any value read back is within 1.6 % of the one
/// that went in, and values below 64 ns are exact. The memory is bounded: at most 42 doublings of 128 bytes, each made when a value first falls into it.
/// </summary>
public sealed class LatencyHistogram
{
    private const int SubBits = 5;
    private const int Subs = 1 << SubBits;

    /// <summary>Doublings above the first 32 values; the last takes what is longer (39 hours).</summary>
    private const int Octaves = 43;

    private readonly uint[]?[] _octaves = new uint[Octaves][];

    /// <summary>How many values.</summary>
    public long Count { get; private set; }

    /// <summary>Their sum, exact.</summary>
    public ulong SumNanoseconds { get; private set; }

    /// <summary>The longest, exact.</summary>
    public ulong MaxNanoseconds { get; private set; }

    /// <summary>The mean, exact; NaN when there is no value.</summary>
    public double MeanNanoseconds => Count == 0 ? double.NaN : (double)SumNanoseconds / Count;

    /// <summary>Counts a duration.</summary>
    public void Add(ulong nanoseconds)
    {
        var (octave, sub) = Place(nanoseconds);
        var counts = _octaves[octave] ??= new uint[Subs];
        counts[sub]++;
        Count++;
        SumNanoseconds += nanoseconds;
        MaxNanoseconds = Math.Max(MaxNanoseconds, nanoseconds);
    }

    /// <summary>Counts everything that another histogram has counted.</summary>
    public void Add(LatencyHistogram other)
    {
        for (var octave = 0; octave < Octaves; octave++)
        {
            if (other._octaves[octave] is { } from)
            {
                var to = _octaves[octave] ??= new uint[Subs];
                for (var i = 0; i < Subs; i++)
                {
                    to[i] += from[i];
                }
            }
        }

        Count += other.Count;
        SumNanoseconds += other.SumNanoseconds;
        MaxNanoseconds = Math.Max(MaxNanoseconds, other.MaxNanoseconds);
    }

    /// <summary>The value that so many percent of all values do not exceed, within 1.6 %; NaN when there is none.</summary>
    public double Percentile(double percent)
    {
        if (Count == 0)
        {
            return double.NaN;
        }

        var wanted = Math.Clamp((long)Math.Ceiling(Count * percent / 100), 1, Count);
        long seen = 0;
        for (var octave = 0; octave < Octaves; octave++)
        {
            if (_octaves[octave] is not { } counts)
            {
                continue;
            }

            for (var sub = 0; sub < Subs; sub++)
            {
                seen += counts[sub];
                if (seen >= wanted)
                {
                    // The middle of the bucket; no value is longer than the longest.
                    var (low, width) = Bucket(octave, sub);
                    return Math.Min(low + ((width - 1) / 2.0), MaxNanoseconds);
                }
            }
        }

        return MaxNanoseconds;
    }

    /// <summary>Values from 2^<paramref name="power"/> up to the next power of two, in nanoseconds; those of 0 count with 1.</summary>
    public long CountInDoubling(int power)
    {
        long sum = 0;
        if (power < SubBits)
        {
            if (_octaves[0] is { } small)
            {
                for (var i = power == 0 ? 0 : 1 << power; i < 2 << power; i++)
                {
                    sum += small[i];
                }
            }
        }
        else if (power - SubBits + 1 < Octaves && _octaves[power - SubBits + 1] is { } counts)
        {
            foreach (var n in counts)
            {
                sum += n;
            }
        }

        return sum;
    }

    /// <summary>The doubling of the shortest and of the longest value, for drawing; null when there is none.</summary>
    public (int First, int Last)? Doublings()
    {
        var (first, last) = (-1, -1);
        for (var power = 0; power < Octaves + SubBits; power++)
        {
            if (CountInDoubling(power) > 0)
            {
                first = first < 0 ? power : first;
                last = power;
            }
        }

        return first < 0 ? null : (first, last);
    }

    private static (int Octave, int Sub) Place(ulong value)
    {
        if (value < Subs)
        {
            return (0, (int)value);
        }

        var shift = BitOperations.Log2(value) - SubBits;
        return shift + 1 >= Octaves ? (Octaves - 1, Subs - 1) : (shift + 1, (int)(value >> shift) - Subs);
    }

    private static (ulong Low, ulong Width) Bucket(int octave, int sub) =>
        octave == 0 ? ((ulong)sub, 1) : ((ulong)(Subs + sub) << (octave - 1), 1UL << (octave - 1));
}
