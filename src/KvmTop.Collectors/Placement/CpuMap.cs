using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>How a map is drawn.</summary>
/// <param name="Width">Columns that there are.</param>
/// <param name="Unicode">Other characters than ASCII may be used.</param>
public sealed record CpuMapStyle(int Width, bool Unicode)
{
    /// <summary>Threads of a core stand side by side.</summary>
    public bool ByCore { get; init; }

    /// <summary>CPUs that the scheduler keeps free, marked in the heading.</summary>
    public CpuSet Isolated { get; init; } = CpuSet.Empty;
}

/// <summary>
/// Who may run where: a line for each vCPU, a column for each physical CPU. Pure text with its meaning beside it, for the screen and for the shell.
/// </summary>
/// <remarks>
/// A vCPU counts as pinned when it may run on fewer CPUs than the smallest node has. It claims of each of them its part (one of four CPUs: a quarter); where the claims are
/// more than a CPU, the vCPUs there wait for each other by somebody's choice, and that stands out. So the rows should be those of all VMs.
/// </remarks>
public sealed class CpuMap
{
    private const double Full = 1.001;
    private const string PinnedLabel = "pinned";

    private readonly CpuTopology _topology;
    private readonly CpuMapStyle _style;

    private CpuMap(CpuTopology topology, CpuMapStyle style, int labelWidth, IReadOnlyList<CpuColumns> bands, CpuClaims claims)
    {
        (_topology, _style, LabelWidth, Bands, Claims) = (topology, style, labelWidth, bands, claims);
    }

    /// <summary>Columns in front of the cells, with the blank between.</summary>
    public int LabelWidth { get; }

    /// <summary>How the CPUs are arranged: more than one band where they do not fit side by side.</summary>
    public IReadOnlyList<CpuColumns> Bands { get; }

    /// <summary>How many pinned vCPUs each CPU has to bear.</summary>
    public CpuClaims Claims { get; }

    /// <summary>The lines, headings included.</summary>
    public IReadOnlyList<CpuMapLine> Lines { get; private set; } = [];

    /// <summary>How many of the lines are the heading, where there is one band.</summary>
    public int HeadingRows { get; private set; }

    /// <summary>In words: CPUs for which too many are pinned.</summary>
    public IReadOnlyList<string> Problems { get; private set; } = [];

    /// <summary>What the marks mean.</summary>
    public string Legend { get; private set; } = "";

    /// <summary>Draws who may run where.</summary>
    public static CpuMap Draw(CpuTopology topology, IReadOnlyList<CpuMapRow> rows, CpuMapStyle style)
    {
        var map = Make(topology, style, rows, rows.Select(r => r.Label));
        var lines = new List<CpuMapLine>();
        foreach (var band in map.Bands)
        {
            map.AddHeading(lines, band, !map.Claims.IsEmpty);
            foreach (var row in rows)
            {
                if (map.Bands.Count == 1 || band.Cpus.Any(c => row.Allowed?.Contains(c.Cpu) != false || row.Last.Contains(c.Cpu)))
                {
                    lines.Add(map.Line(band, row));
                }
            }
        }

        var (crowded, pinned, running) = (map.Mark(CpuMapInk.Crowded), map.Mark(CpuMapInk.Pinned), map.Mark(CpuMapInk.Running));
        map.Lines = lines;
        map.Problems = map.FindProblems();
        map.Legend = $"{map.Mark(CpuMapInk.Floating)} may run  {pinned} pinned  {crowded} too many pinned  {running} ran last  {map.Mark(CpuMapInk.Astray)} ran where it may not";
        return map;
    }

    /// <summary>Draws what a change does: rows whose CPUs stay the same are left out. Rows are the same when their labels are.</summary>
    /// <param name="topology">The CPUs.</param>
    /// <param name="before">All rows as they are.</param>
    /// <param name="after">All rows as they will be.</param>
    /// <param name="style">How to draw.</param>
    public static CpuMap Compare(CpuTopology topology, IReadOnlyList<CpuMapRow> before, IReadOnlyList<CpuMapRow> after, CpuMapStyle style)
    {
        var was = new Dictionary<string, CpuMapRow>();
        foreach (var row in before)
        {
            was[row.Label] = row;
        }

        var changed = after.Where(r => was.TryGetValue(r.Label, out var w) && !Equals(w.Allowed, r.Allowed)).ToList();
        var map = Make(topology, style, after, changed.Select(r => r.Label));
        var lines = new List<CpuMapLine>();
        foreach (var band in map.Bands)
        {
            map.AddHeading(lines, band, !map.Claims.IsEmpty);
            lines.AddRange(changed.Select(row => map.ChangedLine(band, was[row.Label], row)));
        }

        map.Lines = lines;
        map.Problems = map.FindProblems();
        map.Legend = $"{map.Mark(CpuMapInk.Added)} may run from now on  {map.Mark(CpuMapInk.Removed)} no longer  {map.Mark(CpuMapInk.Pinned)} as before  {map.Mark(CpuMapInk.Crowded)} too many for the CPU";
        return map;
    }

    /// <summary>All of it as lines of text, for the shell.</summary>
    public IEnumerable<string> ToText()
    {
        foreach (var line in Lines)
        {
            var text = Cut(line.Label, LabelWidth - 1).PadRight(LabelWidth) + line.Cells;
            yield return (line.Note.Length == 0 ? text : text.PadRight(LabelWidth + Bands.Max(b => b.Width)) + "  " + line.Note).TrimEnd();
        }

        yield return Legend;
        foreach (var problem in Problems)
        {
            yield return problem;
        }
    }

    /// <summary>True when a vCPU that may run on these CPUs is pinned rather than free to float over a node.</summary>
    public static bool IsPinned(CpuTopology topology, CpuSet allowed) => allowed.Intersect(topology.Online).Count is > 0 and var n && n < SmallestNode(topology);

    /// <summary>How many pinned vCPUs each CPU has to bear.</summary>
    public static CpuClaims ClaimsOf(CpuTopology topology, IReadOnlyList<CpuMapRow> rows)
    {
        var claims = new CpuClaims();
        foreach (var row in rows)
        {
            if (row.Vcpus > 0 && row.Allowed is { } allowed && IsPinned(topology, allowed))
            {
                claims.Add(allowed.Intersect(topology.Online), row.Vcpus);
            }
        }

        return claims;
    }

    /// <summary>True when a CPU has more pinned vCPUs to bear than it is.</summary>
    public static bool IsCrowded(double claim) => claim > Full;

    private static int SmallestNode(CpuTopology topology)
    {
        var smallest = topology.Online.Count;
        foreach (var node in topology.Nodes)
        {
            smallest = node.Cpus.Intersect(topology.Online).Count is > 0 and var n ? Math.Min(smallest, n) : smallest;
        }

        return smallest;
    }

    private static CpuMap Make(CpuTopology topology, CpuMapStyle style, IReadOnlyList<CpuMapRow> rows, IEnumerable<string> labels)
    {
        var claims = ClaimsOf(topology, rows);
        var longest = labels.Append(!claims.IsEmpty ? PinnedLabel : "").Append(style.Isolated.Count > 0 ? "isolated" : "").Max(l => l.Length);
        var label = Math.Clamp(longest, 4, Math.Max(Math.Min(24, style.Width / 4), 4)) + 1;
        return new CpuMap(topology, style, label, CpuColumns.Fit(topology, Math.Max(style.Width - label, 1), style.ByCore), claims);
    }

    private static string Cut(string text, int width) => text.Length <= width ? text : text[..Math.Max(width, 0)];

    private char Mark(CpuMapInk ink) => _style.Unicode
        ? ink switch { CpuMapInk.Floating => '·', CpuMapInk.Pinned => '■', CpuMapInk.Crowded => '×', CpuMapInk.Running or CpuMapInk.RunningCrowded => '●', CpuMapInk.Astray => '!', CpuMapInk.Added => '+', CpuMapInk.Removed => '-', _ => ' ' }
        : ink switch { CpuMapInk.Floating => '.', CpuMapInk.Pinned => '#', CpuMapInk.Crowded => 'x', CpuMapInk.Running or CpuMapInk.RunningCrowded => '@', CpuMapInk.Astray => '!', CpuMapInk.Added => '+', CpuMapInk.Removed => '-', _ => ' ' };

    private void AddHeading(List<CpuMapLine> lines, CpuColumns band, bool withClaims)
    {
        var nodes = band.NodeHeading();
        lines.Add(new CpuMapLine("", nodes, Inks(nodes, CpuMapInk.Heading), ""));
        foreach (var numbers in band.NumberHeading())
        {
            lines.Add(new CpuMapLine("", numbers, Inks(numbers, CpuMapInk.Number), ""));
        }

        if (band.Cpus.Any(c => _style.Isolated.Contains(c.Cpu)))
        {
            lines.Add(MarkLine(band, "isolated", c => _style.Isolated.Contains(c.Cpu) ? ('i', CpuMapInk.Isolated) : default, ""));
        }

        if (withClaims)
        {
            lines.Add(MarkLine(
                band, PinnedLabel,
                c => Claims.Of(c.Cpu) is > 0 and var claim ? ((char)(claim > 9 ? '+' : '0' + (int)Math.Ceiling(claim - (Full - 1))), IsCrowded(claim) ? CpuMapInk.Crowded : CpuMapInk.Pinned) : default, ""));
        }

        HeadingRows = lines.Count;
    }

    private static CpuMapInk[] Inks(string text, CpuMapInk ink) => Array.ConvertAll(text.ToCharArray(), c => c == ' ' ? CpuMapInk.None : ink);

    private CpuMapLine Line(CpuColumns band, CpuMapRow row)
    {
        var pinned = row.Allowed is { } allowed && IsPinned(_topology, allowed);
        return MarkLine(
            band, row.Label,
            c =>
            {
                var (may, last) = (row.Allowed?.Contains(c.Cpu), row.Last.Contains(c.Cpu));
                var crowded = pinned && IsCrowded(Claims.Of(c.Cpu));
                var ink = (may, last) switch
                {
                    (false, true) => CpuMapInk.Astray,
                    (_, true) => crowded ? CpuMapInk.RunningCrowded : CpuMapInk.Running,
                    (true, _) => crowded ? CpuMapInk.Crowded : pinned ? CpuMapInk.Pinned : CpuMapInk.Floating,
                    _ => CpuMapInk.None,
                };
                return (Mark(ink), ink);
            },
            NoteOf(row.Allowed));
    }

    private CpuMapLine ChangedLine(CpuColumns band, CpuMapRow was, CpuMapRow now) => MarkLine(
        band, now.Label,
        c =>
        {
            var (before, after) = (was.Allowed?.Contains(c.Cpu) == true, now.Allowed?.Contains(c.Cpu) == true);
            var ink = (before, after) switch
            {
                (_, true) when IsCrowded(Claims.Of(c.Cpu)) && IsPinned(_topology, now.Allowed!) => CpuMapInk.Crowded,
                (false, true) => CpuMapInk.Added,
                (true, false) => CpuMapInk.Removed,
                (true, true) => CpuMapInk.Pinned,
                _ => CpuMapInk.None,
            };
            return (Mark(ink), ink);
        },
        $"{NoteOf(was.Allowed)} {(_style.Unicode ? "→" : "->")} {NoteOf(now.Allowed)}");

    private static CpuMapLine MarkLine(CpuColumns band, string label, Func<CpuColumn, (char Mark, CpuMapInk Ink)> mark, string note)
    {
        var (cells, inks) = (new char[band.Width], new CpuMapInk[band.Width]);
        cells.AsSpan().Fill(' ');
        foreach (var cpu in band.Cpus)
        {
            if (mark(cpu) is { Ink: not CpuMapInk.None } drawn)
            {
                (cells[band.MarkColumn(cpu)], inks[band.MarkColumn(cpu)]) = drawn;
            }
        }

        return new CpuMapLine(label, new string(cells).TrimEnd(), inks, note);
    }

    private string NoteOf(CpuSet? allowed) => allowed is null ? "not known" : _topology.Online.IsSubsetOf(allowed) ? "any" : allowed.ToString();

    /// <summary>CPUs with the same claim in one line, the worst first.</summary>
    private List<string> FindProblems()
    {
        var problems = new List<string>();
        foreach (var group in Claims.Cpus.Where(c => IsCrowded(Claims.Of(c))).GroupBy(c => Math.Round(Claims.Of(c), 1)).OrderByDescending(g => g.Key).Take(8))
        {
            var cpus = CpuSet.Of(group);
            problems.Add(string.Create(CultureInfo.InvariantCulture, $"{(cpus.Count == 1 ? "CPU" : "CPUs")} {cpus}: {group.Key:0.#} pinned vCPUs for {(cpus.Count == 1 ? "one" : "each")}"));
        }

        return problems;
    }
}
