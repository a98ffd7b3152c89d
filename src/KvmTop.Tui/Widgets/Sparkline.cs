namespace KvmTop.Tui;

/// <summary>What a sparkline is drawn with.</summary>
public enum SparklineKind
{
    /// <summary>Two values a cell, four heights.</summary>
    Braille,

    /// <summary>One value a cell, eight heights.</summary>
    Blocks,
}

/// <summary>A history in one row, newest on the right. A missing value (NaN) leaves a gap, zero a line at the bottom.</summary>
public static class Sparkline
{
    /// <summary>Draws into the first row of the area.</summary>
    /// <param name="buffer">Where to draw.</param>
    /// <param name="area">Where in it.</param>
    /// <param name="values">Oldest first; as many of the newest as fit are drawn.</param>
    /// <param name="max">The value of full height; not positive or NaN counts as 1.</param>
    /// <param name="gradient">Colours by height.</param>
    /// <param name="unicode">False: ASCII.</param>
    /// <param name="kind">Braille or blocks.</param>
    /// <param name="surface">What lies behind.</param>
    public static void Render(Buffer buffer, Rect area, ReadOnlySpan<double> values, double max, Gradient gradient, bool unicode, SparklineKind kind = SparklineKind.Braille, Surface surface = Surface.Normal)
    {
        if (area.IsEmpty)
        {
            return;
        }

        max = max > 0 ? max : 1;
        var perCell = unicode && kind == SparklineKind.Braille ? 2 : 1;
        for (var i = 0; i < area.Width; i++)
        {
            // Counted from the newest, so that a history shorter than the area grows from the right.
            var newest = values.Length - 1 - (i * perCell);
            if (newest < 0)
            {
                break;
            }

            var (right, left) = (Fraction(values, newest, max), perCell == 2 ? Fraction(values, newest - 1, max) : double.NaN);
            var highest = double.IsNaN(left) || right > left ? right : left;
            if (double.IsNaN(highest))
            {
                continue;
            }

            var style = highest <= 0 ? new Style(Role.BarEmpty, surface) : Style.Of(gradient, highest, surface);
            var glyph = perCell == 2 ? Glyphs.Braille(Height(left, 4), Height(right, 4)) : (unicode ? Glyphs.LowerBlocks : Glyphs.AsciiHeights)[Height(right, 8)];
            buffer.Set(area.Right - 1 - i, area.Y, glyph, style);
        }
    }

    private static double Fraction(ReadOnlySpan<double> values, int index, double max)
        => index < 0 || double.IsNaN(values[index]) ? double.NaN : Math.Clamp(values[index] / max, 0, 1);

    private static int Height(double fraction, int full) => double.IsNaN(fraction) ? 0 : Math.Clamp((int)Math.Ceiling(fraction * full), 1, full);
}
