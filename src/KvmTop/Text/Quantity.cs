using System.Globalization;
using KvmTop.Collectors;

namespace KvmTop.Text;

/// <summary>Numbers as people type them, with the suffix of their unit: "4G", "10k", "5%", "2ms".</summary>
public static class Quantity
{
    private static readonly (string Suffix, double Factor)[] s_decimal =
        [("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("Ki", 1L << 10), ("Mi", 1L << 20), ("Gi", 1L << 30), ("Ti", 1L << 40)];

    private static readonly (string Suffix, double Factor)[] s_seconds =
        [("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1), ("min", 60), ("m", 60), ("h", 3600), ("d", 86400)];

    /// <summary>
    /// Reads a number of a unit. <paramref name="tolerance"/> is half a unit of the last digit that was typed: figures that print like this
    /// one are equal to it.
    /// </summary>
    public static bool TryParse(string text, Unit unit, out double number, out double tolerance)
    {
        text = text.Trim();
        var end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] is '.' or '-' or '+'))
        {
            end++;
        }

        (number, tolerance) = (double.NaN, 0);
        var suffix = text[end..].Trim();
        if (unit is Unit.BytesPerSecond or Unit.PerSecond && suffix.EndsWith("/s", StringComparison.Ordinal))
        {
            suffix = suffix[..^2];
        }

        if (Factor(suffix, unit) is not { } factor
            || !double.TryParse(text.AsSpan(0, end), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        var point = text.IndexOf('.', StringComparison.Ordinal);
        var decimals = point < 0 ? 0 : end - point - 1;
        number = value * factor;

        // Counts are exact: pid=12 is not pid 12.4, and neither is anything else.
        tolerance = unit == Unit.Count && factor == 1 ? 0 : 0.5 * factor * Math.Pow(10, -decimals);
        return true;
    }

    /// <summary>What <see cref="TryParse"/> reads, in words.</summary>
    public static string Expected(Unit unit) => unit switch
    {
        Unit.Percent => "a number such as 5 or 5%",
        Unit.Bytes => "a number of bytes such as 512M or 4G",
        Unit.BytesPerSecond => "a number of bytes per second such as 10M",
        Unit.Seconds or Unit.Latency => "a time such as 2ms or 1.5s",
        _ => "a number such as 10 or 10k",
    };

    private static double? Factor(string suffix, Unit unit)
    {
        if (suffix.Length == 0)
        {
            return 1;
        }

        return unit switch
        {
            Unit.Percent => suffix == "%" ? 1 : null,
            Unit.Bytes or Unit.BytesPerSecond => Bytes(suffix),
            Unit.Seconds or Unit.Latency => Lookup(s_seconds, suffix, StringComparison.Ordinal),
            _ => Lookup(s_decimal, suffix, StringComparison.Ordinal) ?? (suffix == "K" ? 1e3 : suffix == "m" ? null : Lookup(s_decimal, suffix, StringComparison.OrdinalIgnoreCase)),
        };
    }

    // K, Ki, KB and KiB are all 1024 here, as the figures are printed in IEC units.
    private static double? Bytes(string suffix)
    {
        var letters = suffix.TrimEnd('B', 'b').TrimEnd('i');
        return letters.ToUpperInvariant() switch
        {
            "" => 1,
            "K" => 1L << 10,
            "M" => 1L << 20,
            "G" => 1L << 30,
            "T" => 1L << 40,
            "P" => 1L << 50,
            _ => null,
        };
    }

    private static double? Lookup((string Suffix, double Factor)[] table, string suffix, StringComparison comparison)
    {
        foreach (var (name, factor) in table)
        {
            if (name.Equals(suffix, comparison))
            {
                return factor;
            }
        }

        return null;
    }
}
