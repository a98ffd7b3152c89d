using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Who may run where, before and after, in lines that fit a terminal of 80 columns; in ASCII, which every terminal has.</summary>
internal static class PinDrawing
{
    private const int Width = 64;
    private const int Widest = 74;
    private const int MostDrawn = 64;
    private const int LongestList = 24;

    /// <summary>Rows that stay the same are left out; with so many CPUs that a map would not be one any more it is a list by node.</summary>
    public static IReadOnlyList<string> Of(CpuTopology topology, IReadOnlyList<CpuMapRow> before, IReadOnlyList<CpuMapRow> after) =>
        topology.Online.Count <= MostDrawn ? Map(topology, before, after) : List(topology, before, after);

    private static List<string> Map(CpuTopology topology, IReadOnlyList<CpuMapRow> before, IReadOnlyList<CpuMapRow> after)
    {
        var map = CpuMap.Compare(topology, before, after, new CpuMapStyle(Width, Unicode: false));
        var lines = map.ToText().ToList();

        // What is crowded is told with the names of those who share.
        lines.RemoveRange(lines.Count - map.Problems.Count, map.Problems.Count);
        return lines.ConvertAll(l => l.Length <= Widest ? l : l[..(Widest - 2)] + "..");
    }

    private static List<string> List(CpuTopology topology, IReadOnlyList<CpuMapRow> before, IReadOnlyList<CpuMapRow> after)
    {
        var was = new Dictionary<string, CpuSet?>(StringComparer.Ordinal);
        foreach (var row in before)
            was[row.Label] = row.Allowed;
        var lines = new List<string>();
        var changed = after.Where(r => was.TryGetValue(r.Label, out var w) && !Equals(w, r.Allowed)).ToList();
        var label = changed.Count == 0 ? 0 : changed.Max(r => r.Label.Length);
        foreach (var group in changed.GroupBy(r => Node(topology, r.Allowed)).OrderBy(g => g.Key))
        {
            lines.Add(group.Key < 0 ? "several nodes" : FormattableString.Invariant($"node {group.Key}"));
            foreach (var row in group)
                lines.Add($"  {row.Label.PadRight(label)}  {Text(topology, was[row.Label]),LongestList} -> {Text(topology, row.Allowed)}");
        }

        return lines;
    }

    private static int Node(CpuTopology topology, CpuSet? cpus)
    {
        var nodes = cpus?.Select(c => topology.NodeOf(c) ?? -1).Distinct().ToList() ?? [];
        return nodes.Count == 1 ? nodes[0] : -1;
    }

    private static string Text(CpuTopology topology, CpuSet? cpus)
    {
        var text = cpus is null ? "?" : topology.Online.IsSubsetOf(cpus) ? "any" : cpus.ToString();
        return text.Length <= LongestList ? text : text[..(LongestList - 2)] + "..";
    }
}
