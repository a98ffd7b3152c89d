using KvmTop.Collectors;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>What the help says about the columns of a table: straight from the declaration of each figure.</summary>
internal static class ColumnHelp
{
    private const int Indent = 10;

    /// <summary>Adds what each column means: name, unit, source, and from where on it is bad.</summary>
    public static void Add<TRow>(TextDocument help, IReadOnlyList<Metric<TRow>> metrics)
    {
        foreach (var metric in metrics)
        {
            help.Add(
                Indent,
                new TextSpan(metric.Title.PadRight(Indent - 1) + " ", Role.Strong),
                new TextSpan(metric.Id, Role.Accent2),
                new TextSpan("  " + UnitOf(metric), Role.Dim));
            AddIndented(help, metric.Help, Role.Text);
            AddIndented(help, "from " + metric.Source, Role.Dim);
            if (metric.Thresholds is { } thresholds)
            {
                help.Add(
                    Indent,
                    new TextSpan(new string(' ', Indent), Role.Text),
                    new TextSpan((thresholds.LowIsBad ? "worth a look below " : "worth a look from ") + Value(thresholds.Warn, metric.Unit), Role.Warn),
                    new TextSpan(", ", Role.Dim),
                    new TextSpan((thresholds.LowIsBad ? "bad below " : "bad from ") + Value(thresholds.Critical, metric.Unit), Role.Critical));
            }
        }
    }

    /// <summary>Adds which figures a row lacks, and why; columns that lack for the same reason stand together.</summary>
    public static void AddMissing<TRow>(TextDocument help, IReadOnlyList<Metric<TRow>> metrics, TRow row)
    {
        help.Add("Missing in the selected row", Role.Title);
        var missing = metrics.Where(m => m.Get(row).MissingReason is not null).ToList();
        foreach (var reason in missing.GroupBy(m => m.Get(row).MissingReason!))
        {
            help.Add(Indent, new TextSpan(string.Join(", ", reason.Select(m => m.Title)), Role.Strong), new TextSpan(": ", Role.Dim), new TextSpan(reason.Key, Role.Warn));
        }

        if (missing.Count == 0)
        {
            help.Add("Nothing: every figure of it is known.", Role.Good);
        }

        help.Add("");
    }

    private static void AddIndented(TextDocument help, string text, Role role) => help.Add(new string(' ', Indent) + text, role, Indent);

    private static string Value(double value, Unit unit) => FigureFormat.ToText(Figure.Of(value), unit) + unit switch
    {
        Unit.Percent => "%",
        Unit.BytesPerSecond or Unit.PerSecond => "/s",
        _ => "",
    };

    private static string UnitOf<TRow>(Metric<TRow> metric) => metric.Unit switch
    {
        Unit.Text => "words",
        Unit.Count => "a whole number",
        Unit.Percent when metric.PerVcpu => "percent of one CPU, or of all vCPUs (key i)",
        Unit.Percent => "percent",
        Unit.Bytes => "bytes, K = 1024",
        Unit.BytesPerSecond => "bytes per second, K = 1024",
        Unit.PerSecond => "per second",
        Unit.Seconds or Unit.Latency => "time",
        _ => "a number",
    };
}
