using System.Globalization;

namespace KvmTop.Vmm;

/// <summary>Sizes as the monitors write them: "4096", "26214400k", "1.5G", "0x10000000"; units are powers of 1024.</summary>
public static class MemorySize
{
    /// <summary>The size in bytes, or null when it is not one, is 0 or does not fit.</summary>
    /// <param name="text">The size.</param>
    /// <param name="defaultUnit">What a number without a unit counts: 'B', 'M', ..</param>
    public static ulong? Parse(string? text, char defaultUnit)
    {
        if (string.IsNullOrEmpty(text) || text.Length > 40)
            return null;

        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            return ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex)
                ? Scale(hex, defaultUnit)
                : null;
        }

        var digits = text.AsSpan();
        var unit = defaultUnit;
        if (char.IsAsciiLetter(digits[^1]))
        {
            unit = char.ToUpperInvariant(digits[^1]);
            digits = digits[..^1];
        }

        if (ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var whole))
            return Scale(whole, unit);

        return double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var part) && Scale(1, unit) is { } one
            && part * one is >= 1 and < 18e18
                ? (ulong)(part * one)
                : null;
    }

    private static ulong? Scale(ulong n, char unit)
    {
        var shift = unit switch
        {
            'B' => 0,
            'K' => 10,
            'M' => 20,
            'G' => 30,
            'T' => 40,
            'P' => 50,
            'E' => 60,
            _ => -1,
        };
        return shift < 0 || n == 0 || n > ulong.MaxValue >> shift ? null : n << shift;
    }
}
