using System.Buffers.Text;
using System.Runtime.CompilerServices;

namespace KvmTop.Linux;

/// <summary>The fields of one piece of kernel text, split at blanks, tabs and line ends, and their numbers, without allocating.</summary>
internal ref struct ByteFields(ReadOnlySpan<byte> text)
{
    // As many fit into 64 bits whatever they are.
    private const int MostSafeDigits = 19;

    private ReadOnlySpan<byte> _rest = text;

    /// <summary>What has not been read yet, without the blanks before it.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest.TrimStart(" \t\r\n"u8);

    public bool TryNext(out ReadOnlySpan<byte> field)
    {
        var rest = _rest;
        var start = 0;
        while (start < rest.Length && IsBlank(rest[start]))
            start++;

        var end = start;
        while (end < rest.Length && !IsBlank(rest[end]))
            end++;

        field = rest[start..end];
        _rest = rest[end..];
        return end > start;
    }

    public bool Skip(int count)
    {
        var rest = _rest;
        var at = 0;
        while (count > 0)
        {
            while (at < rest.Length && IsBlank(rest[at]))
                at++;

            if (at == rest.Length)
                break;

            while (at < rest.Length && !IsBlank(rest[at]))
                at++;

            count--;
        }

        _rest = rest[at..];
        return count <= 0;
    }

    /// <summary>The next field as a number; false, and past the field, when it is not one or does not fit. Digit by digit: most of what is read in a tick are these.</summary>
    public bool TryUInt64(out ulong value)
    {
        value = 0;
        if (!TryNext(out var field))
            return false;

        if (field.Length > MostSafeDigits)
            return Parse(field, out value);

        foreach (var b in field)
        {
            var digit = (uint)(b - '0');
            if (digit > 9)
                return Parse(field, out value);
            value = (value * 10) + digit;
        }

        return true;
    }

    public bool TryInt64(out long value)
    {
        value = 0;
        return TryNext(out var field) && Parse(field, out value);
    }

    public bool TryInt32(out int value)
    {
        value = 0;
        return TryNext(out var field) && Parse(field, out value);
    }

    public bool TryDouble(out double value)
    {
        value = 0;
        return TryNext(out var field) && Parse(field, out value);
    }

    /// <summary>The whole of <paramref name="field"/> as a number; false when it is not one or does not fit.</summary>
    public static bool Parse(ReadOnlySpan<byte> field, out ulong value) => Utf8Parser.TryParse(field, out value, out var used) && used == field.Length;

    /// <inheritdoc cref="Parse(ReadOnlySpan{byte}, out ulong)"/>
    public static bool Parse(ReadOnlySpan<byte> field, out long value) => Utf8Parser.TryParse(field, out value, out var used) && used == field.Length;

    /// <inheritdoc cref="Parse(ReadOnlySpan{byte}, out ulong)"/>
    public static bool Parse(ReadOnlySpan<byte> field, out int value) => Utf8Parser.TryParse(field, out value, out var used) && used == field.Length;

    /// <inheritdoc cref="Parse(ReadOnlySpan{byte}, out ulong)"/>
    public static bool Parse(ReadOnlySpan<byte> field, out double value) =>
        Utf8Parser.TryParse(field, out value, out var used) && used == field.Length && double.IsFinite(value);

    /// <summary>A number in hexadecimal with "0x" before it.</summary>
    public static bool ParseHex(ReadOnlySpan<byte> field, out ulong value)
    {
        value = 0;
        return field.StartsWith("0x"u8) && Utf8Parser.TryParse(field[2..], out value, out var used, 'x') && used == field.Length - 2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsBlank(byte b) => b <= (byte)' ' && b is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r';
}

/// <summary>The lines of a piece of kernel text, without their line ends.</summary>
internal ref struct ByteLines(ReadOnlySpan<byte> text)
{
    private ReadOnlySpan<byte> _rest = text;

    public bool TryNext(out ReadOnlySpan<byte> line)
    {
        if (_rest.IsEmpty)
        {
            line = default;
            return false;
        }

        var end = _rest.IndexOf((byte)'\n');
        line = end < 0 ? _rest : _rest[..end];
        _rest = end < 0 ? default : _rest[(end + 1)..];
        return true;
    }
}
