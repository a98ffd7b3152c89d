using KvmTop.Collectors;
using KvmTop.Tui;

namespace KvmTop.Text;

/// <summary>
/// Prints figures in few characters and without garbage. What does not fit loses decimals, then goes to a larger unit; what still does
/// not fit is "999+": more than it says, never a number that was cut.
/// </summary>
public static class FigureFormat
{
    // Values that a double no longer holds to the unit; far beyond anything that is measured.
    private const double Largest = 1e15;
    private const string Missing = "-";

    private static readonly Scale[] s_decimal = [new("", 1), new("k", 1e3), new("M", 1e6), new("G", 1e9), new("T", 1e12), new("P", 1e15), new("E", 1e18)];

    private static readonly Scale[] s_bytes =
        [new("B", 1), new("K", 1L << 10), new("M", 1L << 20), new("G", 1L << 30), new("T", 1L << 40), new("P", 1L << 50), new("E", 1L << 60)];

    private static readonly Scale[] s_seconds = [new("ns", 1e-9, 1000), new("us", 1e-6, 100), new("ms", 1e-3), new("s", 1, 60), new("m", 60, 60), new("h", 3600, 48), new("d", 86400, double.MaxValue)];

    private static readonly Scale[] s_latency = [new("ns", 1e-9), new("us", 1e-6), new("ms", 1e-3), new("s", 1, double.MaxValue)];

    /// <summary>
    /// Writes a figure and returns how many characters it took: at most <paramref name="width"/>, which must not exceed the target. Text is
    /// cut with a "+" at its end, and cleaned of what must not reach a terminal.
    /// </summary>
    public static int Format(Span<char> target, Figure figure, Unit unit, int width) =>
        figure.Text is { } text ? FormatText(target, text, width) : Format(target, figure.Number, unit, width);

    /// <summary>Writes a number (NaN is missing) and returns how many characters it took: at most <paramref name="width"/>.</summary>
    public static int Format(Span<char> target, double value, Unit unit, int width)
    {
        width = Math.Min(width, target.Length);
        if (width <= 0)
        {
            return 0;
        }

        if (double.IsNaN(value))
        {
            Missing.CopyTo(target);
            return 1;
        }

        if (value >= 0)
        {
            return FormatMagnitude(target[..width], value, unit);
        }

        // Below zero and too long even without decimals: say only that much.
        target[0] = '-';
        var n = FormatMagnitude(target[1..width], -value, unit);
        if (n > 0 && target[n] != '+')
        {
            return n + 1;
        }

        return Copy("<0".AsSpan(0, Math.Min(2, width)), target);
    }

    /// <summary>The same as a string, for places that are not drawn every tick.</summary>
    public static string ToText(Figure figure, Unit unit, int width = 8)
    {
        Span<char> target = stackalloc char[Math.Clamp(width, 1, 512)];
        return target[..Format(target, figure, unit, target.Length)].ToString();
    }

    private static int FormatMagnitude(Span<char> target, double value, Unit unit)
    {
        if (value == 0)
        {
            return Copy("0", target);
        }

        var scales = unit switch
        {
            Unit.Bytes or Unit.BytesPerSecond => s_bytes,
            Unit.Seconds => s_seconds,
            Unit.Latency => s_latency,
            _ => s_decimal,
        };

        // Exact figures keep all their digits while there is room: pids, percent of many CPUs.
        var keepsDigits = unit is Unit.Count or Unit.Percent or Unit.Number or Unit.Text;
        for (var i = 0; i < scales.Length; i++)
        {
            var scale = scales[i];
            var mantissa = value / scale.Factor;
            if (i > 0 && mantissa < 0.0951)
            {
                // Already far below one of this unit, so the last one did not fit and no larger one will tell the truth.
                break;
            }

            var last = i == scales.Length - 1;
            var limit = last || (i == 0 && keepsDigits) ? Largest : scale.Limit;
            for (var decimals = Decimals(unit, i, mantissa); decimals >= 0; decimals--)
            {
                var power = decimals switch { 0 => 1, 1 => 10, _ => 100 };
                var digits = Math.Round(mantissa * power, MidpointRounding.AwayFromZero);
                if (digits >= limit * power || (i > 0 && digits < power && !(unit == Unit.Seconds && decimals > 0 && digits > 0)))
                {
                    break;
                }

                if (Write(target, (long)digits, decimals, scale.Suffix) is > 0 and var n)
                {
                    return n;
                }
            }
        }

        return Overflow(target, value);
    }

    private static int Decimals(Unit unit, int scale, double mantissa)
    {
        var whole = mantissa == Math.Floor(mantissa);
        return unit switch
        {
            Unit.Percent => scale > 0 ? (mantissa < 10 ? 1 : 0) : mantissa == 100 ? 0 : 1,
            Unit.Number => mantissa < 100 ? 2 : mantissa < 1000 ? 1 : 0,
            Unit.Bytes => scale == 0 ? 0 : mantissa < 99.95 ? 1 : 0,
            Unit.BytesPerSecond => scale > 0 && mantissa < 9.95 ? 1 : 0,
            Unit.PerSecond => (scale > 0 || !whole) && mantissa < 9.95 ? 1 : 0,
            Unit.Seconds => !whole && mantissa < 9.95 ? 1 : 0,
            Unit.Latency => scale == 0 || mantissa >= 99.95 ? 0 : mantissa < 9.995 ? 2 : 1,
            _ => scale > 0 && mantissa < 9.95 ? 1 : whole ? 0 : 1,
        };
    }

    private static int Write(Span<char> target, long digits, int decimals, string suffix)
    {
        Span<char> text = stackalloc char[24];
        var at = text.Length;
        for (var i = 0; digits > 0 || i <= decimals; i++)
        {
            if (i == decimals && decimals > 0)
            {
                text[--at] = '.';
            }

            text[--at] = (char)('0' + (digits % 10));
            digits /= 10;
        }

        var number = text[at..];
        if (number.Length + suffix.Length > target.Length)
        {
            return 0;
        }

        number.CopyTo(target);
        suffix.CopyTo(target[number.Length..]);
        return number.Length + suffix.Length;
    }

    // "999+": as many nines as there is room for and as the value really exceeds.
    private static int Overflow(Span<char> target, double value)
    {
        if (target.IsEmpty)
        {
            return 0;
        }

        var n = 0;
        for (double shown = 9; n < target.Length - 1 && shown < value; shown = (shown * 10) + 9)
        {
            target[n++] = '9';
        }

        target[n] = '+';
        return n + 1;
    }

    private static int FormatText(Span<char> target, string text, int width)
    {
        width = Math.Min(width, target.Length);
        var (n, cells) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            var w = CellWidth.Of(rune);
            var clean = w < 0 ? new System.Text.Rune('?') : rune;
            w = Math.Abs(w);
            if (cells + w > width || n + clean.Utf16SequenceLength > target.Length)
            {
                return Cut(target, n, cells, width);
            }

            n += clean.EncodeToUtf16(target[n..]);
            cells += w;
        }

        return n;
    }

    private static int Cut(Span<char> target, int n, int cells, int width)
    {
        // Make room for the "+" by taking back what stands in the last cell, its combining marks included.
        while (n > 0 && (cells >= width || n >= target.Length))
        {
            System.Text.Rune.DecodeLastFromUtf16(target[..n], out var last, out var used);
            n -= used;
            cells -= Math.Max(CellWidth.Of(last), 0);
        }

        if (width > 0)
        {
            target[n++] = '+';
        }

        return n;
    }

    private static int Copy(ReadOnlySpan<char> text, Span<char> target)
    {
        if (text.Length > target.Length)
        {
            return 0;
        }

        text.CopyTo(target);
        return text.Length;
    }

    private readonly record struct Scale(string Suffix, double Factor, double Limit = 1000);
}
