using System.Globalization;
using System.Text;
using KvmTop.Collectors;
using KvmTop.Tui;

namespace KvmTop.Batch;

/// <summary>
/// Writes figures as comma-separated values: RFC 4180 quoting, but lines end with a line feed as other programs of this system expect.
/// </summary>
/// <remarks>
/// Texts come from VMs and may be hostile. Control and formatting characters become "?", so that a record is always one line and a
/// terminal can show it. A text that begins with = + - or @ gets an apostrophe in front: a spreadsheet then shows it instead of computing
/// it. Numbers are left alone. Whoever needs the text to the letter reads JSON.
/// </remarks>
public static class MetricCsv
{
    /// <summary>Writes the heading: <paramref name="leading"/> columns of the caller, then the ids of the figures.</summary>
    public static void WriteHeader<TRow>(TextWriter writer, IReadOnlyList<Metric<TRow>> metrics, params ReadOnlySpan<string> leading)
    {
        var first = true;
        foreach (var name in leading)
        {
            Separate(writer, ref first);
            writer.Write(name);
        }

        foreach (var metric in metrics.Where(m => !m.ScreenOnly))
        {
            Separate(writer, ref first);
            writer.Write(metric.Id);
        }

        writer.Write('\n');
    }

    /// <summary>Writes one record with the same columns. Missing is empty.</summary>
    public static void WriteRow<TRow>(TextWriter writer, IReadOnlyList<Metric<TRow>> metrics, TRow row, params ReadOnlySpan<Figure> leading)
    {
        var first = true;
        foreach (var figure in leading)
        {
            Separate(writer, ref first);
            WriteFigure(writer, figure, Unit.Number);
        }

        for (var i = 0; i < metrics.Count; i++)
        {
            if (!metrics[i].ScreenOnly)
            {
                Separate(writer, ref first);
                WriteFigure(writer, metrics[i].Get(row), metrics[i].Unit);
            }
        }

        writer.Write('\n');
    }

    private static void Separate(TextWriter writer, ref bool first)
    {
        if (!first)
        {
            writer.Write(',');
        }

        first = false;
    }

    private static void WriteFigure(TextWriter writer, Figure figure, Unit unit)
    {
        if (figure.Text is { } text)
        {
            WriteText(writer, text);
            return;
        }

        if (!MetricNumber.TryRound(figure.Number, unit, out var number))
        {
            return;
        }

        Span<char> digits = stackalloc char[32];
        var written = MetricNumber.IsWhole(number)
            ? ((long)number).TryFormat(digits, out var n, provider: CultureInfo.InvariantCulture)
            : number.TryFormat(digits, out n, "0.#########", CultureInfo.InvariantCulture) || number.TryFormat(digits, out n, "R", CultureInfo.InvariantCulture);
        if (written)
        {
            writer.Write(digits[..n]);
        }
    }

    private static void WriteText(TextWriter writer, string text)
    {
        var quoted = text.AsSpan().ContainsAny(',', '"') || text.StartsWith(' ') || text.EndsWith(' ');
        if (quoted)
        {
            writer.Write('"');
        }

        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@')
        {
            writer.Write('\'');
        }

        Span<char> characters = stackalloc char[2];
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == '"')
            {
                writer.Write("\"\"");
                continue;
            }

            var clean = CellWidth.Of(rune) < 0 ? new Rune('?') : rune;
            writer.Write(characters[..clean.EncodeToUtf16(characters)]);
        }

        if (quoted)
        {
            writer.Write('"');
        }
    }
}
