using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>Draws what panes have in common, so that a figure looks the same everywhere: zeros are dim, missing figures a dimmed "-", bad ones coloured.</summary>
internal readonly struct Pen(Buffer buffer, bool unicode)
{
    /// <summary>Where it draws.</summary>
    public Buffer Buffer { get; } = buffer;

    /// <summary>Block and braille characters may be used.</summary>
    public bool Unicode { get; } = unicode;

    /// <summary>Separates figures in a line of text.</summary>
    public string Dot => Unicode ? " · " : ", ";

    /// <summary>How a figure of this value looks.</summary>
    public static Style StyleOf(double value, Thresholds? thresholds = null) =>
        double.IsNaN(value) ? Role.Disabled
        : thresholds is not null && thresholds.IsCritical(value) ? Role.Critical
        : thresholds is not null && thresholds.IsWarn(value) ? Role.Warn
        : Math.Abs(value) < 0.05 ? Role.Dim
        : Role.Text;

    /// <summary>How a severity looks.</summary>
    public static Role RoleOf(Severity severity) => severity switch
    {
        Severity.Critical => Role.Critical,
        Severity.Warning => Role.Warn,
        _ => Role.Accent,
    };

    /// <summary>Writes text, cut with an ellipsis at <paramref name="right"/>; returns the column behind it.</summary>
    public int Text(int x, int y, ReadOnlySpan<char> text, Style style, int right)
    {
        if (right > x)
        {
            Table.WriteCell(Buffer, new Rect(x, y, right - x, 1), text, style, Align.Left, Unicode);
        }

        return Math.Min(x + CellWidth.Of(text), Math.Max(right, x));
    }

    /// <summary>Writes a number flush right, to end before <paramref name="right"/>.</summary>
    public void Number(int right, int y, double value, Unit unit, int width, Style? style = null)
    {
        Span<char> text = stackalloc char[16];
        var n = FigureFormat.Format(text, value, unit, Math.Min(width, text.Length));
        Buffer.WriteRight(right, y, text[..n], style ?? StyleOf(value), width);
    }

    /// <summary>Writes a figure flush right or, when it is a text, flush left into the cell.</summary>
    public void Figure<TRow>(Rect cell, Metric<TRow> metric, TRow row)
    {
        var figure = metric.Get(row);
        if (figure.Text is { } text)
        {
            Text(cell.X, cell.Y, text, Role.Text, cell.Right);
        }
        else if (metric.IsLeftAligned)
        {
            Text(cell.X, cell.Y, "-", Role.Disabled, cell.Right);
        }
        else
        {
            // An identifier that is 0 is not "nothing": CPU 0, node 0.
            Number(cell.Right, cell.Y, figure.Number, metric.Unit, cell.Width, metric.Unit == Unit.Count && !figure.IsMissing ? Role.Text : StyleOf(figure.Number, metric.Thresholds));
        }
    }

    /// <summary>A frame with titles; returns what is in it, with a margin of one column.</summary>
    public Rect Frame(Rect area, ReadOnlySpan<char> title, ReadOnlySpan<char> right = default)
    {
        var inner = Box.Render(Buffer, area, title, Unicode, right);
        return inner.Width > 8 ? inner.Inset(1, 0) : inner;
    }

    /// <summary>Writes "label value" and returns the column behind.</summary>
    public int Pair(int x, int y, string label, string value, Style style, int right)
    {
        x = Text(x, y, label, Role.Label, right);
        return Text(x + 1, y, value, style, right);
    }

    /// <summary>A share of time as whole percents, "48%".</summary>
    public static string Percent(double value) => double.IsNaN(value) ? "-" : string.Create(CultureInfo.InvariantCulture, $"{value:0}%");
}
