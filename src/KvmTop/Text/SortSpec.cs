using KvmTop.Collectors;

namespace KvmTop.Text;

/// <summary>
/// A sort column and direction. "cpu_pct" is the natural order: numbers from the largest down, words from A to Z. A minus in front
/// ("-name") reverses it.
/// </summary>
/// <param name="Column">Id, heading or beginning of either.</param>
/// <param name="Reversed">Against the natural order.</param>
public readonly record struct SortSpec(string Column, bool Reversed)
{
    /// <summary>Reads "column" or "-column".</summary>
    public static bool TryParse(string text, out SortSpec spec)
    {
        var reversed = text.StartsWith('-');
        var column = (reversed ? text[1..] : text).Trim();
        spec = new SortSpec(column, reversed);
        return column.Length is > 0 and <= 64 && column.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '%' or '/');
    }

    /// <inheritdoc/>
    public override string ToString() => Reversed ? "-" + Column : Column;

    /// <summary>
    /// Compares two figures of <paramref name="unit"/> in this direction. What is missing comes last in either direction: it is neither the
    /// largest nor the smallest.
    /// </summary>
    public int Compare(Figure a, Figure b, Unit unit)
    {
        if (a.IsMissing || b.IsMissing)
        {
            return a.IsMissing.CompareTo(b.IsMissing);
        }

        var order = a.Text is { } x && b.Text is { } y ? string.Compare(x, y, StringComparison.OrdinalIgnoreCase)
            : a.IsNumber && b.IsNumber ? a.Number.CompareTo(b.Number)
            : a.IsNumber.CompareTo(b.IsNumber);
        var descends = (unit != Unit.Text) ^ Reversed;
        return descends ? -order : order;
    }
}
