using System.Globalization;
using KvmTop.Collectors;

namespace KvmTop.Text;

/// <summary>Makes the test of one filter term.</summary>
internal static class FilterComparison
{
    internal static Func<TRow, bool>? Create<TRow>(FilterTerm term, IReadOnlyList<Metric<TRow>> metrics, Metric<TRow>[] texts, out FilterError error)
    {
        error = default;
        var value = term.Value;
        if (term.Operator == FilterOperator.Anywhere)
        {
            return row => Anywhere(row, texts, value);
        }

        if (MetricNames.Find(metrics, term.Column, out var problem) is not { } metric)
        {
            error = new FilterError(term.Position, problem);
            return null;
        }

        var get = metric.Get;
        if (term.Operator == FilterOperator.Contains)
        {
            return row => Contains(get(row), value);
        }

        if (metric.Unit == Unit.Text)
        {
            var sign = term.Operator;
            return row => get(row).Text is { } text && Holds(sign, string.Compare(text, value, StringComparison.OrdinalIgnoreCase));
        }

        if (!Quantity.TryParse(value, metric.Unit, out var number, out var tolerance))
        {
            error = new FilterError(term.ValuePosition, $"expected {Quantity.Expected(metric.Unit)} for {metric.Id}, found {Configuration.Setting.Quote(value)}");
            return null;
        }

        return Numeric(term.Operator, get, number, tolerance);
    }

    // Nothing is known of a missing figure, so it is neither equal nor unequal, neither above nor below: NaN compares that way of itself.
    private static Func<TRow, bool> Numeric<TRow>(FilterOperator sign, Func<TRow, Figure> get, double number, double tolerance) => sign switch
    {
        FilterOperator.Equal => row => Math.Abs(get(row).Number - number) <= tolerance,
        FilterOperator.NotEqual => row => Math.Abs(get(row).Number - number) > tolerance,
        FilterOperator.Greater => row => get(row).Number > number,
        FilterOperator.GreaterOrEqual => row => get(row).Number >= number,
        FilterOperator.Less => row => get(row).Number < number,
        _ => row => get(row).Number <= number,
    };

    private static bool Anywhere<TRow>(TRow row, Metric<TRow>[] texts, string value)
    {
        foreach (var metric in texts)
        {
            if (metric.Get(row).Text?.Contains(value, StringComparison.OrdinalIgnoreCase) == true)
            {
                return true;
            }
        }

        return false;
    }

    private static bool Contains(Figure figure, string value)
    {
        if (figure.Text is { } text)
        {
            return text.Contains(value, StringComparison.OrdinalIgnoreCase);
        }

        Span<char> digits = stackalloc char[32];
        return figure.IsNumber
            && figure.Number.TryFormat(digits, out var n, "0.##", CultureInfo.InvariantCulture)
            && digits[..n].Contains(value, StringComparison.Ordinal);
    }

    private static bool Holds(FilterOperator sign, int order) => sign switch
    {
        FilterOperator.Equal => order == 0,
        FilterOperator.NotEqual => order != 0,
        FilterOperator.Greater => order > 0,
        FilterOperator.GreaterOrEqual => order >= 0,
        FilterOperator.Less => order < 0,
        _ => order <= 0,
    };
}
