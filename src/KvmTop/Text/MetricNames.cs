using KvmTop.Collectors;

namespace KvmTop.Text;

/// <summary>Finds a figure by what people type: its id, its heading, or the beginning of either.</summary>
public static class MetricNames
{
    private const int MostNamed = 6;

    /// <summary>Finds the figure, or says why the name does not do.</summary>
    public static Metric<TRow>? Find<TRow>(IReadOnlyList<Metric<TRow>> metrics, string name, out string problem)
    {
        problem = "";
        foreach (var rule in s_rules)
        {
            var found = metrics.Where(m => rule(m.Id, m.Title, name)).ToArray();
            if (found.Length == 1)
            {
                return found[0];
            }

            if (found.Length > 1)
            {
                problem = $"{Configuration.Setting.Quote(name)} could be {string.Join(", ", found.Take(MostNamed).Select(m => m.Id))}{(found.Length > MostNamed ? ", .." : "")}";
                return null;
            }
        }

        problem = $"there is no column {Configuration.Setting.Quote(name)}{Configuration.Suggestion.For(name, metrics.Select(m => m.Id))}";
        return null;
    }

    /// <summary>The figures of a list of names, or null and what is wrong with the first that does not do.</summary>
    public static IReadOnlyList<Metric<TRow>>? FindAll<TRow>(IReadOnlyList<Metric<TRow>> metrics, IEnumerable<string> names, out string problem)
    {
        var found = new List<Metric<TRow>>();
        problem = "";
        foreach (var name in names)
        {
            if (Find(metrics, name, out problem) is not { } metric)
            {
                return null;
            }

            found.Add(metric);
        }

        return found;
    }

    // From the strictest to the loosest: the first rule that hits decides.
    private static readonly Func<string, string, string, bool>[] s_rules =
    [
        (id, _, name) => id == name,
        (_, title, name) => title.Equals(name, StringComparison.OrdinalIgnoreCase),
        (_, title, name) => Bare(title).Equals(name, StringComparison.OrdinalIgnoreCase),
        (id, title, name) => id.StartsWith(name, StringComparison.OrdinalIgnoreCase) || title.StartsWith(name, StringComparison.OrdinalIgnoreCase),
    ];

    // "RDY%" and "EXITS/s" without what the unit adds.
    private static string Bare(string title) => title.Split('/')[0].TrimEnd('%');
}
