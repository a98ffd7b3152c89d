using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>The CPUs of the host by socket, node and core: segmented bars while there is room for them, columns of one cell beyond that.</summary>
internal sealed class HostPaneCpus
{
    private const string Heights = " ▁▂▃▄▅▆▇█";
    private const string AsciiHeights = " _.-:=+*#";
    private const string AsciiFills = "|#=+*o";
    private const int Gap = 2;
    private const int ColumnRows = 2;

    private static readonly (string Name, Role Role, Func<CpuShare, double> Get)[] s_kinds =
    [
        ("guest", Role.BarGuest, s => s.Guest),
        ("user", Role.BarUser, s => s.User),
        ("system", Role.BarSystem, s => s.System),
        ("irq", Role.Accent2, s => s.Irq),
        ("iowait", Role.BarIoWait, s => s.IoWait),
        ("steal", Role.BarReady, s => s.Steal),
    ];

    private readonly Dictionary<int, CpuShare> _shares = [];
    private readonly Dictionary<int, CpuFrequency> _frequencies = [];
    private List<Group> _groups = [];
    private MachineModel? _grouped;
    private int _groupedCpus = -1;
    private int _siblings = 1;
    private int _digits = 1;
    private string _summary = "";
    private string? _frequencyReason;
    private Layout? _layout;

    /// <summary>Takes the figures of a tick.</summary>
    public void Update(HostModel? host, Reading<MachineModel> machine)
    {
        _shares.Clear();
        foreach (var (cpu, share) in host?.Cpus ?? [])
        {
            _shares[cpu] = share;
        }

        if (_grouped != machine.Value || _groupedCpus != _shares.Count)
        {
            (_grouped, _groupedCpus) = (machine.Value, _shares.Count);
            Arrange(machine);
        }
    }

    /// <summary>Rows that it needs, frame included.</summary>
    public int Height(int width, int visible)
    {
        var layout = LayOut(width - 4, visible);
        return layout.Rows + 4 + (_frequencyReason is null ? 0 : 1);
    }

    /// <summary>Draws the frame, all CPUs together, the legend and each CPU.</summary>
    public void Draw(Pen pen, Rect area, CpuShare total)
    {
        var inner = pen.Frame(area, "CPUs", _summary);
        var visible = Math.Max(area.Height, 1);
        DrawTotal(pen, inner.CutTop(1).Top, total);
        DrawLegend(pen, inner.X, inner.Y + 1, inner.Right, total);
        var y = inner.Y + 2;
        if (_frequencyReason is { } reason)
        {
            pen.Text(inner.X, y++, $"governor and clock: {reason}", Role.Disabled, inner.Right);
        }

        var layout = _layout ?? LayOut(inner.Width, visible);
        for (var i = 0; i < _groups.Count; i += layout.GroupColumns)
        {
            for (var j = 0; j < layout.GroupColumns && i + j < _groups.Count; j++)
            {
                var x = inner.X + (j * (layout.GroupWidth + (2 * Gap)));
                DrawGroup(pen, new Rect(x, y, layout.GroupWidth, layout.GroupRows), _groups[i + j], layout);
            }

            y += layout.GroupRows;
        }
    }

    private void Arrange(Reading<MachineModel> machine)
    {
        var topology = machine.Value?.Topology;
        var places = _shares.Keys.Select(c => topology?.PlaceOf(c) ?? new CpuPlace(c, 0, 0, c, 0)).ToList();
        _groups = [.. places
            .GroupBy(p => (p.Package, p.Node))
            .OrderBy(g => g.Key)
            .Select(g => new Group(g.Key.Package, g.Key.Node, [.. g.OrderBy(p => p.Die).ThenBy(p => p.Core).ThenBy(p => p.Cpu).Select(p => p.Cpu)]))];
        var cores = places.GroupBy(p => (p.Package, p.Die, p.Core)).Select(g => g.Count()).ToList();
        _siblings = cores.Count == 0 ? 1 : Math.Clamp(cores.Max(), 1, 8);
        _digits = places.Count == 0 ? 1 : places.Max(p => p.Cpu).ToString(CultureInfo.InvariantCulture).Length;
        _frequencies.Clear();
        var frequencies = machine.Value?.Frequencies ?? [];
        for (var i = 0; i < frequencies.Count && i < topology!.Cpus.Count; i++)
        {
            _frequencies[topology.Cpus[i].Cpu] = frequencies[i];
        }

        _frequencyReason = machine.Value is null ? machine.Reason : frequencies.Select(f => f.Reason).FirstOrDefault(r => r is not null);
        _summary = Summary(places.Select(p => p.Package).Distinct().Count(), cores.Count, frequencies);
    }

    private string Summary(int sockets, int cores, IReadOnlyList<CpuFrequency> frequencies)
    {
        var parts = new List<string> { Count(sockets, "socket"), Count(cores, "core"), Count(_shares.Count, "CPU") };
        var governors = frequencies.Where(f => f.Governor is not null).GroupBy(f => f.Governor!).OrderByDescending(g => g.Count()).ToList();
        parts.AddRange(governors.Take(3).Select(g => governors.Count == 1 ? g.Key : string.Create(CultureInfo.InvariantCulture, $"{g.Count()} {g.Key}")));
        var clocks = frequencies.Where(f => f.CurrentKHz is not null).Select(f => f.CurrentKHz!.Value / 1e6).ToList();
        if (clocks.Count > 0)
        {
            var (low, high) = (clocks.Min(), clocks.Max());
            parts.Add(high - low < 0.05 ? FormattableString.Invariant($"{high:0.0} GHz") : FormattableString.Invariant($"{low:0.0}-{high:0.0} GHz"));
        }

        return string.Join(", ", parts);

        static string Count(int n, string what) => string.Create(CultureInfo.InvariantCulture, $"{n} {what}{(n == 1 ? "" : "s")}");
    }

    /// <summary>The fewest columns of bars (the longest bars) whose rows stay within about two fifths of the screen; columns of one cell when no number of them does.</summary>
    private Layout LayOut(int width, int visible)
    {
        var budget = Math.Max(visible * 2 / 5, 6);
        var groupColumns = Math.Clamp((width + (2 * Gap)) / 56, 1, Math.Max(_groups.Count, 1));
        var groupWidth = Math.Max((width - ((groupColumns - 1) * 2 * Gap)) / groupColumns, 1);
        var lines = (Math.Max(_groups.Count, 1) + groupColumns - 1) / groupColumns;
        var heading = _groups.Count > 1 ? 1 : 0;
        var largest = _groups.Count == 0 ? 0 : _groups.Max(g => g.Cpus.Length);
        var most = Math.Max((groupWidth + Gap) / (_digits + 12 + Gap), 1);
        for (var columns = Math.Min(_siblings, most); columns <= most; columns += columns < _siblings ? 1 : _siblings)
        {
            var rows = heading + ((largest + columns - 1) / columns);
            if (lines * rows <= budget || (columns == most && largest <= columns * 4 && lines * rows <= visible))
            {
                return (_layout = new Layout(false, columns, groupColumns, groupWidth, rows, lines * rows)).Value;
            }
        }

        // A cell for each CPU, and one of air between cores if a whole group then still fits into a line.
        var room = Math.Max(groupWidth - _digits - 1, 1);
        var airy = largest + (largest / _siblings) <= room;
        var perLine = airy ? largest : Math.Max(room / _siblings * _siblings, 1);
        var cellRows = heading + (Math.Max((largest + perLine - 1) / perLine, 1) * ColumnRows);
        return (_layout = new Layout(true, perLine, groupColumns, groupWidth, cellRows, lines * cellRows) { Airy = airy }).Value;
    }

    private static void DrawTotal(Pen pen, Rect row, CpuShare total)
    {
        var (text, bar) = row.CutRight(7);
        DrawBar(pen, bar, "All CPUs", total);
        pen.Number(text.Right - 1, row.Y, total.Busy, Unit.Percent, 6, double.IsNaN(total.Busy) ? Role.Disabled : Role.Strong);
        pen.Text(text.Right - 1, row.Y, "%", Role.Dim, text.Right);
    }

    private static void DrawBar(Pen pen, Rect area, string label, CpuShare share)
    {
        Span<GaugeSegment> segments = stackalloc GaugeSegment[s_kinds.Length];
        for (var i = 0; i < segments.Length; i++)
        {
            segments[i] = new(s_kinds[i].Get(share) / 100, s_kinds[i].Role);
        }

        Gauge.Render(pen.Buffer, area, label, segments, "", pen.Unicode);
    }

    private static void DrawLegend(Pen pen, int x, int y, int right, CpuShare total)
    {
        var decimals = right - x >= 96;
        for (var i = 0; i < s_kinds.Length && x < right; i++)
        {
            var (name, role, get) = s_kinds[i];
            pen.Buffer.Set(x, y, pen.Unicode ? '■' : AsciiFills[i], role);
            x = pen.Text(x + 2, y, name, Role.Label, right);
            var value = get(total);
            var width = decimals ? 5 : 3;
            var shown = decimals ? value : Math.Round(value);
            if (x + 1 + width <= right)
            {
                pen.Number(x + 1 + width, y, shown, Unit.Percent, width, Pen.StyleOf(shown));
            }

            x += 1 + width + (decimals ? 3 : 1);
        }
    }

    private void DrawGroup(Pen pen, Rect area, Group group, Layout layout)
    {
        var y = area.Y;
        if (_groups.Count > 1)
        {
            DrawHeading(pen, area, group);
            y++;
        }

        if (layout.Cells)
        {
            DrawCells(pen, new Rect(area.X, y, area.Width, area.Bottom - y), group.Cpus, layout);
            return;
        }

        var width = (area.Width - ((layout.Columns - 1) * Gap)) / layout.Columns;
        for (var i = 0; i < group.Cpus.Length; i++)
        {
            var x = area.X + (i % layout.Columns * (width + Gap));
            DrawCpu(pen, new Rect(x, y + (i / layout.Columns), width, 1), group.Cpus[i]);
        }
    }

    private void DrawHeading(Pen pen, Rect area, Group group)
    {
        var (sum, hottest, hottestCpu) = (0.0, double.NaN, -1);
        foreach (var cpu in group.Cpus)
        {
            var busy = _shares.TryGetValue(cpu, out var share) ? share.Busy : double.NaN;
            sum += busy;
            if (!(busy <= hottest))
            {
                (hottest, hottestCpu) = (busy, cpu);
            }
        }

        var x = pen.Text(area.X, area.Y, string.Create(CultureInfo.InvariantCulture, $"socket {group.Package}{pen.Dot}node {group.Node}"), Role.Heading, area.Right);
        var mean = sum / group.Cpus.Length;
        x = pen.Text(x + 2, area.Y, Pen.Percent(mean), double.IsNaN(mean) ? Role.Disabled : Style.Of(Gradient.Cpu, mean / 100), area.Right);
        if (!double.IsNaN(hottest) && x + 20 < area.Right)
        {
            x = pen.Text(x + 2, area.Y, string.Create(CultureInfo.InvariantCulture, $"hottest {hottestCpu}"), Role.Dim, area.Right);
            _ = pen.Text(x + 1, area.Y, Pen.Percent(hottest), Style.Of(Gradient.Cpu, hottest / 100), area.Right);
        }
    }

    private void DrawCpu(Pen pen, Rect row, int cpu)
    {
        var share = _shares.TryGetValue(cpu, out var s) ? s : CpuShare.Unknown;
        var right = row.Right;
        if (row.Width >= _digits + 34 && _frequencies.TryGetValue(cpu, out var frequency) && frequency.CurrentKHz is { } kHz)
        {
            pen.Buffer.WriteRight(right, row.Y, string.Create(CultureInfo.InvariantCulture, $"{kHz / 1e6:0.0}G"), Role.Dim, 5);
            right -= 6;
        }

        pen.Buffer.WriteRight(right, row.Y, Pen.Percent(share.Busy), double.IsNaN(share.Busy) ? Role.Disabled : share.Busy < 0.5 ? Role.Dim : Style.Of(Gradient.Cpu, share.Busy / 100), 4);
        DrawBar(pen, new Rect(row.X, row.Y, right - 5 - row.X, 1), cpu.ToString(CultureInfo.InvariantCulture).PadLeft(_digits), share);
    }

    private void DrawCells(Pen pen, Rect area, int[] cpus, Layout layout)
    {
        var heights = pen.Unicode ? Heights : AsciiHeights;
        for (var i = 0; i < cpus.Length; i++)
        {
            var (line, place) = (i / layout.Columns, i % layout.Columns);
            var bottom = area.Y + (line * ColumnRows) + ColumnRows - 1;
            if (place == 0)
            {
                pen.Buffer.WriteRight(area.X + _digits, bottom, cpus[i].ToString(CultureInfo.InvariantCulture), Role.Label, _digits);
            }

            var x = area.X + _digits + 1 + place + (layout.Airy ? place / _siblings : 0);
            var busy = _shares.TryGetValue(cpus[i], out var share) ? share.Busy : double.NaN;
            if (double.IsNaN(busy))
            {
                pen.Buffer.Set(x, bottom, '-', Role.Disabled);
                continue;
            }

            var level = Math.Clamp((int)Math.Round(busy / 100 * 8 * ColumnRows), 0, 8 * ColumnRows);
            var style = level == 0 ? Role.BarEmpty : Style.Of(Gradient.Cpu, busy / 100);
            pen.Buffer.Set(x, bottom, heights[Math.Clamp(level, 1, 8)], style);
            if (level > 8)
            {
                pen.Buffer.Set(x, bottom - 1, heights[level - 8], style);
            }
        }
    }

    private sealed record Group(int Package, int Node, int[] Cpus);

    private readonly record struct Layout(bool Cells, int Columns, int GroupColumns, int GroupWidth, int GroupRows, int Rows)
    {
        public bool Airy { get; init; }
    }
}
