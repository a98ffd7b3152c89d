using System.Buffers.Text;
using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace KvmTop.Linux;

/// <summary>
/// A set of CPU (or node) numbers in the kernel's list format, "0-3,8" (cpuset(7)): Cpus_allowed_list, /sys/devices/system/cpu/online,
/// nodeN/cpulist. Immutable; equal when the members are.
/// </summary>
public sealed class CpuSet : IReadOnlyCollection<int>, IEquatable<CpuSet>
{
    /// <summary>Numbers above this are refused: a hostile list shall not cost memory.</summary>
    public const int Highest = 65535;

    private readonly ulong[] _bits;

    private CpuSet(ulong[] bits)
    {
        _bits = bits;
        foreach (var word in bits)
            Count += BitOperations.PopCount(word);
    }

    /// <summary>The set without members.</summary>
    public static CpuSet Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>The lowest member, or -1.</summary>
    public int First
    {
        get
        {
            for (var i = 0; i < _bits.Length; i++)
            {
                if (_bits[i] != 0)
                    return (i * 64) + BitOperations.TrailingZeroCount(_bits[i]);
            }

            return -1;
        }
    }

    /// <summary>The set of the given numbers; those below 0 or above <see cref="Highest"/> are left out.</summary>
    public static CpuSet Of(IEnumerable<int> cpus)
    {
        var bits = new ulong[(Highest + 1) / 64];
        foreach (var cpu in cpus)
        {
            if (cpu is >= 0 and <= Highest)
                bits[cpu / 64] |= 1UL << (cpu % 64);
        }

        return FromBits(bits);
    }

    /// <summary>Reads a list. A blank text is the empty set (that is how "isolated" says none); anything else that is not a list is refused.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, [NotNullWhen(true)] out CpuSet? value)
    {
        value = null;
        text = text.Trim(" \t\r\n\0"u8);
        if (text.IsEmpty)
        {
            value = Empty;
            return true;
        }

        Span<ulong> bits = stackalloc ulong[(Highest + 1) / 64];
        bits.Clear();
        while (true)
        {
            var comma = text.IndexOf((byte)',');
            var item = comma < 0 ? text : text[..comma];
            var dash = item.IndexOf((byte)'-');
            if (!ByteFields.Parse(dash < 0 ? item : item[..dash], out ulong from))
                return false;

            var to = from;
            if ((dash >= 0 && !ByteFields.Parse(item[(dash + 1)..], out to)) || to < from || to > Highest)
                return false;

            Fill(bits, (int)from, (int)to);
            if (comma < 0)
                break;
            text = text[(comma + 1)..];
        }

        value = FromBits(bits);
        return true;
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{byte}, out CpuSet?)"/>
    public static bool TryParse(string text, [NotNullWhen(true)] out CpuSet? value) => TryParse(Encoding.UTF8.GetBytes(text), out value);

    /// <summary>
    /// Reads a mask, "ff" or "00000003,ffffffff": groups of up to 8 hexadecimal digits, the lowest CPUs in the last (/proc/irq/default_smp_affinity,
    /// workqueue/cpumask).
    /// </summary>
    public static bool TryParseMask(ReadOnlySpan<byte> text, [NotNullWhen(true)] out CpuSet? value)
    {
        value = null;
        text = text.Trim(" \t\r\n\0"u8);
        Span<ulong> bits = stackalloc ulong[(Highest + 1) / 64];
        bits.Clear();
        for (var group = 0; ; group++)
        {
            var comma = text.LastIndexOf((byte)',');
            var digits = text[(comma + 1)..];
            if (group / 2 >= bits.Length || !Utf8Parser.TryParse(digits, out uint word, out var used, 'x') || used != digits.Length)
                return false;

            bits[group / 2] |= (ulong)word << (group % 2 * 32);
            if (comma < 0)
                break;
            text = text[..comma];
        }

        value = FromBits(bits);
        return true;
    }

    /// <summary>The members that are not in <paramref name="other"/>.</summary>
    public CpuSet Except(CpuSet other)
    {
        var bits = (ulong[])_bits.Clone();
        for (var i = 0; i < Math.Min(bits.Length, other._bits.Length); i++)
            bits[i] &= ~other._bits[i];
        return FromBits(bits);
    }

    /// <summary>The members of both.</summary>
    public CpuSet Intersect(CpuSet other)
    {
        var bits = _bits[..Math.Min(_bits.Length, other._bits.Length)];
        for (var i = 0; i < bits.Length; i++)
            bits[i] &= other._bits[i];
        return FromBits(bits);
    }

    /// <summary>True when the number is a member.</summary>
    public bool Contains(int cpu) => cpu >= 0 && cpu / 64 < _bits.Length && (_bits[cpu / 64] >> (cpu % 64) & 1) != 0;

    /// <summary>True when every member is one of <paramref name="other"/> too.</summary>
    public bool IsSubsetOf(CpuSet other)
    {
        for (var i = 0; i < _bits.Length; i++)
        {
            if ((_bits[i] & ~(i < other._bits.Length ? other._bits[i] : 0)) != 0)
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator()
    {
        for (var i = 0; i < _bits.Length; i++)
        {
            for (var word = _bits[i]; word != 0; word &= word - 1)
                yield return (i * 64) + BitOperations.TrailingZeroCount(word);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(CpuSet? other) => other is not null && _bits.AsSpan().SequenceEqual(other._bits);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CpuSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var word in _bits)
            hash.Add(word);
        return hash.ToHashCode();
    }

    /// <summary>The shortest list: sorted, neighbours joined. Empty for the empty set.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        var (from, to) = (-1, -1);
        foreach (var cpu in this)
        {
            if (from >= 0 && cpu == to + 1)
            {
                to = cpu;
                continue;
            }

            Append(text, from, to);
            (from, to) = (cpu, cpu);
        }

        Append(text, from, to);
        return text.ToString();

        static void Append(StringBuilder text, int from, int to)
        {
            if (from < 0)
                return;
            if (text.Length > 0)
                text.Append(',');
            text.Append(CultureInfo.InvariantCulture, $"{from}");
            if (to > from)
                text.Append(CultureInfo.InvariantCulture, $"-{to}");
        }
    }

    private static void Fill(Span<ulong> bits, int from, int to)
    {
        var (first, last) = (from / 64, to / 64);
        var (low, high) = (ulong.MaxValue << (from % 64), ulong.MaxValue >> (63 - (to % 64)));
        if (first == last)
        {
            bits[first] |= low & high;
            return;
        }

        bits[first] |= low;
        bits[(first + 1)..last].Fill(ulong.MaxValue);
        bits[last] |= high;
    }

    private static CpuSet FromBits(ReadOnlySpan<ulong> bits)
    {
        // Without the empty words at the end, so that equal sets have equal arrays.
        var used = bits.Length;
        while (used > 0 && bits[used - 1] == 0)
            used--;
        return used == 0 ? Empty : new CpuSet(bits[..used].ToArray());
    }
}
