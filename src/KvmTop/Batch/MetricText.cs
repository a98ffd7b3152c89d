using KvmTop.Collectors;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Batch;

/// <summary>Writes rows as an aligned table with a heading.</summary>
public static class MetricText
{
    private const int WidestText = 40;

    /// <summary>Writes heading and rows. A column is as wide as its metric says; words get more when a row needs it, up to 40 cells.</summary>
    public static void Write<TRow>(TextWriter writer, IReadOnlyList<Metric<TRow>> metrics, IReadOnlyList<TRow> rows)
    {
        var widths = new int[metrics.Count];
        for (var i = 0; i < widths.Length; i++)
        {
            var metric = metrics[i];
            widths[i] = Math.Max(metric.Width, CellWidth.Of(metric.Title));
            if (metric.IsLeftAligned)
            {
                foreach (var row in rows)
                {
                    widths[i] = Math.Max(widths[i], Math.Min(WidestText, CellWidth.Of(metric.Get(row).Text)));
                }
            }
        }

        for (var i = 0; i < widths.Length; i++)
        {
            Cell(writer, metrics[i].Title, metrics[i].IsLeftAligned, widths[i], i == widths.Length - 1);
        }

        // Twice the widest column: combining marks take characters but no cells.
        Span<char> text = stackalloc char[2 * Math.Max(WidestText, widths.DefaultIfEmpty().Max())];
        foreach (var row in rows)
        {
            for (var i = 0; i < widths.Length; i++)
            {
                var n = FigureFormat.Format(text, metrics[i].Get(row), metrics[i].Unit, widths[i]);
                Cell(writer, text[..n], metrics[i].IsLeftAligned, widths[i], i == widths.Length - 1);
            }
        }
    }

    private static void Cell(TextWriter writer, ReadOnlySpan<char> text, bool left, int width, bool last)
    {
        var blanks = Math.Max(0, width - CellWidth.Of(text));
        if (!left)
        {
            Blanks(writer, blanks);
        }

        writer.Write(text);
        if (left && !last)
        {
            Blanks(writer, blanks);
        }

        writer.Write(last ? '\n' : ' ');
    }

    private static void Blanks(TextWriter writer, int count)
    {
        for (; count > 0; count--)
        {
            writer.Write(' ');
        }
    }
}
