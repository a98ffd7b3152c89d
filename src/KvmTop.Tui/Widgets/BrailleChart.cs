namespace KvmTop.Tui;

/// <summary>How a chart is drawn.</summary>
public sealed class ChartOptions
{
    /// <summary>The value at the top.</summary>
    public required double Max { get; init; }

    /// <summary>The value at the bottom.</summary>
    public double Min { get; init; }

    /// <summary>Colours by height.</summary>
    public Gradient Gradient { get; init; }

    /// <summary>True: the area below the line is filled; false: the line alone.</summary>
    public bool Filled { get; init; } = true;

    /// <summary>Stands left of the top row; null for none.</summary>
    public string? TopLabel { get; init; }

    /// <summary>Stands left of the bottom row; null for none.</summary>
    public string? BottomLabel { get; init; }

    /// <summary>What lies behind.</summary>
    public Surface Surface { get; init; }
}

/// <summary>A history over several rows, two values a column and four heights a row, newest on the right. A missing value (NaN) leaves a gap.</summary>
public static class BrailleChart
{
    private const int DotsPerRow = 4;

    // How full the topmost cell of a column is, in thirds.
    private const string AsciiFills = " .:#";

    /// <summary>How many values fit into a chart of this width: how much history is worth keeping.</summary>
    public static int Capacity(int width, bool unicode) => Math.Max(width, 0) * (unicode ? 2 : 1);

    /// <summary>Draws the newest values that fit.</summary>
    /// <param name="buffer">Where to draw.</param>
    /// <param name="area">Where in it.</param>
    /// <param name="values">Oldest first.</param>
    /// <param name="options">Scale and looks.</param>
    /// <param name="unicode">False: one value a column, in ASCII.</param>
    public static void Render(Buffer buffer, Rect area, ReadOnlySpan<double> values, ChartOptions options, bool unicode)
    {
        var plot = RenderAxis(buffer, area, options, unicode);
        if (plot.IsEmpty)
        {
            return;
        }

        var perColumn = unicode ? 2 : 1;
        for (var i = 0; i < plot.Width; i++)
        {
            var newest = values.Length - 1 - (i * perColumn);
            if (newest < 0)
            {
                break;
            }

            var x = plot.Right - 1 - i;
            for (var row = 0; row < plot.Height; row++)
            {
                var glyph = unicode ? BrailleAt(values, newest, plot.Height, row, options) : AsciiAt(values, newest, plot.Height, row, options);
                if (glyph is not (' ' or 0x2800))
                {
                    buffer.Set(x, plot.Y + row, glyph, Style.Of(options.Gradient, plot.Height == 1 ? Fraction(values, newest, options) : (plot.Height - row - 0.5) / plot.Height, options.Surface));
                }
            }
        }
    }

    private static Rect RenderAxis(Buffer buffer, Rect area, ChartOptions options, bool unicode)
    {
        var width = Math.Max(CellWidth.Of(options.TopLabel), CellWidth.Of(options.BottomLabel));
        if (width == 0 || area.Width < width + 4)
        {
            return area;
        }

        var (axis, plot) = area.CutLeft(width + 1);
        var (label, line) = (new Style(Role.Dim, options.Surface), new Style(Role.Border, options.Surface));
        for (var y = area.Y; y < area.Bottom; y++)
        {
            buffer.Set(axis.Right - 1, y, unicode ? (y == area.Y || y == area.Bottom - 1 ? '┤' : '│') : '|', line);
        }

        if (area.Height > 0)
        {
            buffer.WriteRight(axis.Right - 1, area.Y, options.TopLabel, label, width);
        }

        if (area.Height > 1)
        {
            buffer.WriteRight(axis.Right - 1, area.Bottom - 1, options.BottomLabel, label, width);
        }

        return plot;
    }

    private static double Fraction(ReadOnlySpan<double> values, int index, ChartOptions options)
    {
        var range = options.Max - options.Min;
        return index < 0 || index >= values.Length || double.IsNaN(values[index]) ? double.NaN : Math.Clamp((values[index] - options.Min) / (range > 0 ? range : 1), 0, 1);
    }

    /// <summary>Dots from the bottom of the chart, at least one; 0 for a gap.</summary>
    private static int Dots(ReadOnlySpan<double> values, int index, int full, ChartOptions options)
    {
        var fraction = Fraction(values, index, options);
        return double.IsNaN(fraction) ? 0 : Math.Clamp((int)Math.Round(fraction * full), 1, full);
    }

    private static int BrailleAt(ReadOnlySpan<double> values, int newest, int height, int row, ChartOptions options)
    {
        var glyph = 0x2800;
        for (var column = 0; column < 2; column++)
        {
            var index = newest - 1 + column;
            var top = Dots(values, index, height * DotsPerRow, options);
            if (top == 0)
            {
                continue;
            }

            // A line reaches from its own dot to just short of its predecessor's, so that steep parts stay connected.
            var before = options.Filled ? 1 : Dots(values, index - 1, height * DotsPerRow, options);
            var (low, high) = options.Filled || before == 0 ? (options.Filled ? 1 : top, top) : (Math.Min(top, before < top ? before + 1 : before), Math.Max(top, before > top ? before - 1 : top));
            low = Math.Min(low, high);
            for (var dot = 0; dot < DotsPerRow; dot++)
            {
                var level = ((height - row) * DotsPerRow) - dot;
                if (level >= low && level <= high)
                {
                    glyph |= Glyphs.BrailleDot(column, dot);
                }
            }
        }

        return glyph;
    }

    private static int AsciiAt(ReadOnlySpan<double> values, int index, int height, int row, ChartOptions options)
    {
        const int Parts = 3;
        var top = Dots(values, index, height * Parts, options);
        var here = Math.Clamp(top - ((height - 1 - row) * Parts), 0, Parts);
        return !options.Filled && top - ((height - 1 - row) * Parts) > Parts ? ' ' : AsciiFills[here];
    }
}
