namespace KvmTop.Tui;

/// <summary>A part of a gauge.</summary>
/// <param name="Fraction">Its share of the whole, 0 to 1; NaN and negative count as none.</param>
/// <param name="Style">How it looks.</param>
public readonly record struct GaugeSegment(double Fraction, Style Style);

/// <summary>A bar of segments between a label and a text: <c>CPU ■■■■■■────── 48%</c>, in ASCII <c>CPU [||||##    ] 48%</c>.</summary>
public static class Gauge
{
    private const int MinBar = 4;

    // Squares rather than whole blocks: bars in neighbouring rows stay apart.
    private const char Full = '■';

    // Without colours the segments still differ.
    private const string AsciiFills = "|#=+*o%";

    /// <summary>Draws into the first row of the area. Too narrow: the bar goes first, then the text is cut.</summary>
    /// <param name="buffer">Where to draw.</param>
    /// <param name="area">Where in it.</param>
    /// <param name="label">What stands in front.</param>
    /// <param name="segments">From left to right; what goes beyond the whole is cut.</param>
    /// <param name="text">What stands behind, in the style of a figure.</param>
    /// <param name="unicode">Squares or ASCII.</param>
    /// <param name="surface">What lies behind.</param>
    public static void Render(Buffer buffer, Rect area, ReadOnlySpan<char> label, ReadOnlySpan<GaugeSegment> segments, ReadOnlySpan<char> text, bool unicode, Surface surface = Surface.Normal)
    {
        var bar = RenderFrame(buffer, area, label, text, unicode, surface);
        var (start, total) = (0, 0.0);
        for (var i = 0; i < segments.Length; i++)
        {
            // Ends are rounded in sum, so that the bar as a whole is as long as its figure says.
            total = Math.Min(1, total + Clean(segments[i].Fraction));
            var end = Cells(total, bar.Width);
            for (; start < end; start++)
            {
                buffer.Set(bar.X + start, bar.Y, unicode ? Full : AsciiFills[i % AsciiFills.Length], segments[i].Style.On(surface));
            }
        }
    }

    /// <summary>One fraction, each cell in the colour of its place in the gradient.</summary>
    public static void Render(Buffer buffer, Rect area, ReadOnlySpan<char> label, double fraction, Gradient gradient, ReadOnlySpan<char> text, bool unicode, Surface surface = Surface.Normal)
    {
        var bar = RenderFrame(buffer, area, label, text, unicode, surface);
        var end = Cells(Clean(fraction), bar.Width);
        for (var i = 0; i < end; i++)
        {
            buffer.Set(bar.X + i, bar.Y, unicode ? Full : AsciiFills[0], Style.Of(gradient, (i + 0.5) / bar.Width, surface));
        }
    }

    /// <summary>Little is not nothing: what is above zero has a cell.</summary>
    private static int Cells(double fraction, int width) => fraction <= 0 ? 0 : Math.Clamp((int)Math.Round(fraction * width), Math.Min(1, width), width);

    private static double Clean(double fraction) => double.IsNaN(fraction) ? 0 : Math.Clamp(fraction, 0, 1);

    /// <summary>Label, text, and the empty bar between them; returns the bar.</summary>
    private static Rect RenderFrame(Buffer buffer, Rect area, ReadOnlySpan<char> label, ReadOnlySpan<char> text, bool unicode, Surface surface)
    {
        var row = area.CutTop(1).Top;
        if (row.IsEmpty)
        {
            return default;
        }

        var left = label.IsEmpty ? 0 : CellWidth.Of(label) + 1;
        var right = text.IsEmpty ? 0 : CellWidth.Of(text) + 1;
        buffer.Write(row.X, row.Y, label, new Style(Role.Label, surface), row.Width);
        if (row.Width < left + right + MinBar)
        {
            var (_, remaining) = row.CutLeft(left);
            buffer.Write(remaining.X, row.Y, text, new Style(Role.Text, surface), remaining.Width);
            return new Rect(row.X, row.Y, 0, 1);
        }

        buffer.WriteRight(row.Right, row.Y, text, new Style(Role.Text, surface), row.Width);
        var bar = new Rect(row.X + left, row.Y, row.Width - left - right, 1);
        var empty = new Style(Role.BarEmpty, surface);
        if (unicode)
        {
            for (var x = bar.X; x < bar.Right; x++)
            {
                buffer.Set(x, bar.Y, '─', empty);
            }

            return bar;
        }

        buffer.Set(bar.X, bar.Y, '[', empty);
        buffer.Set(bar.Right - 1, bar.Y, ']', empty);
        return bar.Inset(1, 0);
    }
}
