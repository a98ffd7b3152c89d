using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>Governor, clock and idle states of each CPU.</summary>
internal sealed class HostPanePower() : HostSection('p', "Power")
{
    private const string AsciiFills = "|#=+*o%";
    private const int TwoTablesFrom = 150;
    private const int BetweenTables = 3;

    // From the lightest sleep to the deepest.
    private static readonly Role[] s_depths = [Role.BarReady, Role.BarUser, Role.BarCache, Role.BarGuest, Role.BarHuge, Role.BarMemory, Role.Accent2];

    private readonly Dictionary<int, CpuIdleShare> _idle = [];
    private readonly Dictionary<int, CpuFrequency> _clocks = [];
    private readonly Dictionary<int, CpuShare> _busy = [];
    private readonly List<CpuPlace> _cpus = [];
    private CpuPowerModel? _model;
    private string? _reason;
    private string? _clockReason;

    /// <inheritdoc/>
    public override IReadOnlyCollection<Topic> Needs { get; } = [CpuPowerTopic.Instance, HostTopic.Instance, MachineTopic.Instance];

    /// <inheritdoc/>
    public override bool HasHead => true;

    /// <inheritdoc/>
    public override void Update(Ui ui)
    {
        var reading = ui.Snapshot.Get(CpuPowerTopic.Instance);
        var machine = ui.Snapshot.Get(MachineTopic.Instance);
        (_model, _reason) = (reading.Value, reading.Value is null ? reading.Reason ?? "not read yet" : null);
        _idle.Clear();
        _clocks.Clear();
        _busy.Clear();
        _cpus.Clear();
        foreach (var idle in _model?.Idle ?? [])
        {
            _idle[idle.Cpu] = idle;
        }

        foreach (var (cpu, share) in ui.Snapshot.Get(HostTopic.Instance).Value?.Cpus ?? [])
        {
            _busy[cpu] = share;
        }

        _cpus.AddRange(machine.Value?.Topology.Cpus ?? []);
        _cpus.Sort(static (a, b) => (a.Node, a.Cpu).CompareTo((b.Node, b.Cpu)));
        var frequencies = machine.Value?.Frequencies ?? [];
        _clockReason = machine.Value is null ? machine.Reason ?? "not read yet" : null;
        for (var i = 0; i < frequencies.Count && i < machine.Value!.Topology.Cpus.Count; i++)
        {
            _clocks[machine.Value.Topology.Cpus[i].Cpu] = frequencies[i];
            _clockReason ??= frequencies[i].Reason;
        }
    }

    /// <inheritdoc/>
    public override int DrawHead(Pen pen, Rect area)
    {
        var text = Summary(pen.Unicode);
        var rows = text.Height(Math.Max(area.Width - 2, 1));
        ScrollText.Render(pen.Buffer, new Rect(area.X + 1, area.Y, area.Width - 2, rows).Intersect(area), text, new ScrollTextState(), pen.Unicode);
        if (_reason is not null)
        {
            return rows;
        }

        Heading(pen, area.CutTop(rows).Remaining.CutTop(1).Top);
        foreach (var table in Tables(new Rect(area.X, area.Y, area.Width - 1, area.Height)))
        {
            var columns = LayOut(table.Width);
            var (x, y) = (table.X, area.Y + rows);
            Heading(pen, x, y, "CPU", table.Right, columns.Cpu);
            Heading(pen, columns.Governor.At(x), y, "GOVERNOR", Math.Min(columns.Governor.At(x) + columns.Governor.Width, table.Right));
            Heading(pen, columns.Clock.At(x), y, "GHz", table.Right, columns.Clock.Width);
            Heading(pen, columns.Busy.At(x), y, "BUSY", table.Right, columns.Busy.Width);
            if (columns.Bar.Width > 0)
            {
                Heading(pen, columns.Bar.At(x), y, "ASLEEP", table.Right);
            }

            for (var i = 0; i < columns.States; i++)
            {
                Heading(pen, columns.State(i).At(x), y, _model!.States[i].Name, table.Right, columns.State(i).Width);
            }

            if (columns.Wakes.Width > 0)
            {
                Heading(pen, columns.Wakes.At(x), y, "WAKE/s", table.Right, columns.Wakes.Width);
            }
        }

        return rows + 1;
    }

    /// <inheritdoc/>
    public override int Draw(Pen pen, Rect page)
    {
        if (_reason is not null)
        {
            return 0;
        }

        var tables = Tables(page);
        var perTable = (_cpus.Count + tables.Length - 1) / tables.Length;
        for (var i = 0; i < _cpus.Count; i++)
        {
            var table = tables[i / perTable];
            DrawCpu(pen, new Rect(table.X, page.Y + (i % perTable), table.Width, 1), _cpus[i].Cpu, LayOut(table.Width));
        }

        return perTable;
    }

    /// <inheritdoc/>
    public override void Describe(TextDocument help) => help
        .Add(9, new("GOVERNOR ", Role.Strong), new("who chooses the clock, and the clock now: cpuN/cpufreq/scaling_governor and scaling_cur_freq, every 5 s. performance keeps it high; powersave and schedutil let it follow the load.", Role.Text))
        .Add(9, new("BUSY     ", Role.Strong), new("from /proc/stat, as in the overview.", Role.Text))
        .Add(9, new("C-states ", Role.Strong), new("share of the interval asleep in each idle state, from cpuN/cpuidle/stateM/time; off where the state is forbidden (disable). The deeper, the less power and the longer to wake: the line above says how long. The kernel counts a sleep when it ends, so a CPU that slept all the time says so instead.", Role.Text))
        .Add(9, new("WAKE/s   ", Role.Strong), new("times a second that it went to sleep and was woken: cpuN/cpuidle/stateM/usage.", Role.Text));

    private static Style Depth(int state) => s_depths[Math.Min(state, s_depths.Length - 1)];

    private static Rect[] Tables(Rect page)
    {
        if (page.Width < TwoTablesFrom)
        {
            return [page];
        }

        var left = (page.Width - BetweenTables) / 2;
        return [new Rect(page.X, page.Y, left, page.Height), new Rect(page.X + left + BetweenTables, page.Y, page.Width - left - BetweenTables, page.Height)];
    }

    private TextDocument Summary(bool unicode)
    {
        var text = new TextDocument();
        if (_reason is not null)
        {
            return text.Add(_reason, Role.Disabled);
        }

        if (_clockReason is not null)
        {
            text.Add($"governor and clock: {_clockReason}", Role.Disabled);
        }

        foreach (var cpus in _model!.Limits.Keys.GroupBy(c => _model.Limits[c]).OrderByDescending(g => g.Count()).Take(4))
        {
            text.Add(2, [.. Limits(cpus.Key, CpuSet.Of(cpus))]);
        }

        if (_model.IdleReason is { } reason)
        {
            return text.Add($"idle states: {reason}", Role.Disabled);
        }

        // What belongs together stays in one line.
        var joint = unicode ? '\u00a0' : ' ';
        var spans = new List<TextSpan> { new("idle states", Role.Label), new($"  {_model.IdleDriver ?? "-"}, chosen by {_model.IdleGovernor ?? "-"}  ", Role.Dim) };
        for (var i = 0; i < _model.States.Count; i++)
        {
            var state = _model.States[i];
            spans.Add(new($" {(unicode ? '■' : AsciiFills[i % AsciiFills.Length])}{joint}", Depth(i)));
            spans.Add(new(state.Name, Role.Strong));
            spans.Add(new(state.LatencyMicroseconds is { } us ? string.Create(CultureInfo.InvariantCulture, $"{joint}{us}{joint}us") : "", Role.Text));
            if (_model.DisabledOn(i) is { Count: > 0 } off)
            {
                spans.Add(new(off.Count == _model.Idle.Count ? $"{joint}off{joint}everywhere" : $"{joint}off{joint}on{joint}{off}", Role.Warn));
            }
        }

        return text.Add(2, [.. spans]);
    }

    private IEnumerable<TextSpan> Limits(CpuClockLimits limits, CpuSet cpus)
    {
        yield return new("clock", Role.Label);
        yield return new($"  {Ghz(limits.MinKHz)} to {Ghz(limits.MaxKHz)} GHz", Role.Text);
        if (limits.IsCapped)
        {
            yield return new($", of {Ghz(limits.HardwareMaxKHz)} that the CPU has", Role.Warn);
        }

        if (limits.Preference is { } preference)
        {
            yield return new($", prefers {preference}", Role.Text);
        }

        if (cpus.Count < _model!.Limits.Count)
        {
            yield return new($"  {(cpus.Count == 1 ? "CPU" : "CPUs")} {cpus}", Role.Dim);
        }
    }

    private static string Ghz(long? kHz) => kHz is { } n ? (n / 1e6).ToString("0.0", CultureInfo.InvariantCulture) : "-";

    private Columns LayOut(int width)
    {
        var governor = 8;
        foreach (var clock in _clocks.Values)
        {
            governor = Math.Clamp(clock.Governor?.Length ?? 0, governor, 12);
        }

        return new Columns(width, governor, _model?.States.Count ?? 0);
    }

    private void DrawCpu(Pen pen, Rect row, int cpu, Columns columns)
    {
        var (x, y) = (row.X, row.Y);
        pen.Buffer.WriteRight(x + columns.Cpu, y, cpu.ToString(CultureInfo.InvariantCulture), Role.Label, columns.Cpu);
        var clock = _clocks.GetValueOrDefault(cpu);
        pen.Text(columns.Governor.At(x), y, clock?.Governor ?? "-", clock?.Governor is null ? Role.Disabled : Role.Text, Math.Min(columns.Governor.At(x) + columns.Governor.Width, row.Right));
        pen.Buffer.WriteRight(columns.Clock.At(x) + columns.Clock.Width, y, Ghz(clock?.CurrentKHz), clock?.CurrentKHz is null ? Role.Disabled : Role.Text, columns.Clock.Width);
        var busy = _busy.TryGetValue(cpu, out var share) ? share.Busy : double.NaN;
        pen.Buffer.WriteRight(columns.Busy.At(x) + columns.Busy.Width, y, Pen.Percent(busy), double.IsNaN(busy) ? Role.Disabled : Style.Of(Gradient.Cpu, busy / 100), columns.Busy.Width);
        if (!_idle.TryGetValue(cpu, out var idle))
        {
            return;
        }

        if (columns.Bar.Width > 0)
        {
            DrawBar(pen, new Rect(columns.Bar.At(x), y, columns.Bar.Width, 1), idle, busy);
        }

        for (var i = 0; i < columns.States && i < idle.ResidencyPct.Length; i++)
        {
            var (right, value) = (columns.State(i).At(x) + columns.State(i).Width, idle.ResidencyPct[i]);
            if (idle.Disabled[i] == true && !(value > 0))
            {
                pen.Buffer.WriteRight(right, y, "off", Role.Warn, columns.State(i).Width);
            }
            else
            {
                pen.Number(right, y, value, Unit.Percent, columns.State(i).Width);
            }
        }

        if (columns.Wakes.Width > 0)
        {
            pen.Number(columns.Wakes.At(x) + columns.Wakes.Width, y, idle.EntriesPerSecond.Sum(), Unit.PerSecond, columns.Wakes.Width);
        }
    }

    private static void DrawBar(Pen pen, Rect bar, CpuIdleShare idle, double busy)
    {
        if (idle.Unmoved && busy < 50)
        {
            pen.Text(bar.X, bar.Y, "all the time", Role.Dim, bar.Right);
            return;
        }

        Span<GaugeSegment> segments = stackalloc GaugeSegment[idle.ResidencyPct.Length];
        for (var i = 0; i < segments.Length; i++)
        {
            segments[i] = new(idle.ResidencyPct[i] / 100, Depth(i));
        }

        Gauge.Render(pen.Buffer, bar, "", segments, "", pen.Unicode);
    }

    private readonly record struct Column(int Left, int Width)
    {
        public int At(int x) => x + Left;
    }

    /// <summary>Where the columns stand; the bar takes what is left, the wake-ups and then the deepest states go where there is none.</summary>
    private readonly record struct Columns
    {
        private const int StateWidth = 6;
        private const int SmallestBar = 8;

        public Columns(int width, int governor, int states)
        {
            Cpu = 4;
            Governor = new Column(Cpu + 1, governor);
            Clock = new Column(Governor.Left + governor + 1, 3);
            Busy = new Column(Clock.Left + 4, 4);
            var left = Busy.Left + Busy.Width;
            States = Math.Clamp((width - left) / StateWidth, 0, states);
            var room = width - left - (States * StateWidth);
            var wakes = States > 0 && room >= 7 ? 7 : 0;
            room -= wakes;
            Bar = new Column(left + 2, States > 0 && room >= SmallestBar + 2 ? room - 2 : 0);
            FirstState = left + (Bar.Width > 0 ? Bar.Width + 2 : 0);
            Wakes = new Column(FirstState + (States * StateWidth) + 1, Math.Max(wakes - 1, 0));
        }

        public int Cpu { get; }

        public Column Governor { get; }

        public Column Clock { get; }

        public Column Busy { get; }

        public Column Bar { get; }

        public int FirstState { get; }

        public int States { get; }

        public Column Wakes { get; }

        public Column State(int i) => new(FirstState + (i * StateWidth), StateWidth);
    }
}
