using System.Globalization;

namespace KvmTop.RealTests.Harness;

/// <summary>A table on a captured screen, read as a person does: a value belongs to the heading that it stands below.</summary>
public sealed class ScreenTable
{
    private readonly string _heading;
    private readonly string[] _rows;

    /// <summary>Finds the table by two of its headings; fails when the screen has none.</summary>
    public ScreenTable(string screen, string firstHeading, string otherHeading)
    {
        var lines = screen.Split('\n');
        var at = Array.FindIndex(lines, line => FindTitle(line, firstHeading) >= 0 && FindTitle(line, otherHeading) >= 0);
        Assert.True(at >= 0, $"no headings {firstHeading} and {otherHeading} on the screen:\n{screen}");
        (_heading, _rows) = (lines[at], lines[(at + 1)..]);
    }

    /// <summary>The lines below the headings.</summary>
    public IReadOnlyList<string> Rows => _rows;

    /// <summary>The first row that contains a text.</summary>
    public string Row(string text) => _rows.FirstOrDefault(row => row.Contains(text, StringComparison.Ordinal)) ?? throw new InvalidOperationException($"no row with \"{text}\" in:\n{string.Join('\n', _rows)}");

    /// <summary>The row so many lines below another one.</summary>
    public string Below(string row, int lines) => _rows[Array.IndexOf(_rows, row) + lines];

    /// <summary>The word of a row that stands below a heading, or an empty one.</summary>
    public string Cell(string row, string title)
    {
        var begin = FindTitle(_heading, title);
        Assert.True(begin >= 0, $"no heading {title} in: {_heading}");
        var end = Math.Min(begin + title.Length, row.Length);
        for (var i = begin; i < end; i++)
        {
            if (row[i] == ' ') continue;
            var (first, last) = (i, i);
            while (first > 0 && row[first - 1] != ' ') first--;
            while (last < row.Length && row[last] != ' ') last++;
            return row[first..last];
        }

        return "";
    }

    /// <summary>The number of a row below a heading; fails when it is none.</summary>
    public double Number(string row, string title)
    {
        var text = Cell(row, title);
        Assert.True(double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number), $"\"{text}\" below {title} is no number in: {row}");
        return number;
    }

    private static int FindTitle(string line, string title)
    {
        for (var at = line.IndexOf(title, StringComparison.Ordinal); at >= 0; at = line.IndexOf(title, at + 1, StringComparison.Ordinal))
        {
            var after = at + title.Length;
            // A sort mark may stand beside it.
            if ((at == 0 || !char.IsAsciiLetterOrDigit(line[at - 1])) && (after >= line.Length || !(char.IsAsciiLetterOrDigit(line[after]) || line[after] == '%'))) return at;
        }

        return -1;
    }
}
