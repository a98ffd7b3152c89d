using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>Softirqs a second by CPU and kind.</summary>
internal sealed class HostPaneSoftirqs() : HostSection('s', "Softirqs")
{
    private const int TwoTablesFrom = 150;
    private const int BetweenTables = 3;
    private const int CpuWidth = 4;
    private const int TimeWidth = 6;

    private static readonly Thresholds s_time = new(20, 50);

    private readonly List<Kind> _kinds = [];
    private readonly List<int> _order = [];
    private readonly Dictionary<int, CpuShare> _shares = [];
    private int[] _cpus = [];
    private string? _reason;
    private int _quiet;

    /// <inheritdoc/>
    public override IReadOnlyCollection<Topic> Needs { get; } = [CpuInterruptsTopic.Instance, MachineTopic.Instance, HostTopic.Instance];

    /// <inheritdoc/>
    public override bool HasHead => true;

    /// <inheritdoc/>
    public override void Update(Ui ui)
    {
        var reading = ui.Snapshot.Get(CpuInterruptsTopic.Instance);
        var model = reading.Value;
        _reason = model is null ? reading.Reason ?? "not read yet" : model.Soft.Count == 0 ? "/proc/softirqs could not be read" : null;
        _kinds.Clear();
        _order.Clear();
        _shares.Clear();
        _cpus = model?.Cpus ?? [];
        _quiet = 0;
        if (_reason is not null)
        {
            return;
        }

        foreach (var rate in model!.Soft)
        {
            if (rate.PerSecond == 0)
            {
                _quiet++;
            }
            else
            {
                _kinds.Add(new(rate, Math.Max(rate.Label.Length, 5) + 2, Highest(rate.PerCpu)));
            }
        }

        var topology = ui.Snapshot.Get(MachineTopic.Instance).Value?.Topology;
        _order.AddRange(Enumerable.Range(0, _cpus.Length));
        _order.Sort((a, b) => (topology?.NodeOf(_cpus[a]) ?? 0, _cpus[a]).CompareTo((topology?.NodeOf(_cpus[b]) ?? 0, _cpus[b])));
        foreach (var (cpu, share) in ui.Snapshot.Get(HostTopic.Instance).Value?.Cpus ?? [])
        {
            _shares[cpu] = share;
        }
    }

    /// <inheritdoc/>
    public override int DrawHead(Pen pen, Rect area)
    {
        if (_reason is not null)
        {
            return 0;
        }

        Heading(pen, area.CutTop(1).Top);
        foreach (var table in Tables(new Rect(area.X, area.Y, area.Width - 1, area.Height)))
        {
            Heading(pen, table.X, area.Y, "CPU", table.Right, CpuWidth);
            var x = table.X + CpuWidth;
            for (var i = 0; i < Fitting(table.Width); i++)
            {
                Heading(pen, x, area.Y, _kinds[i].Rate.Label, table.Right, _kinds[i].Width);
                x += _kinds[i].Width;
            }

            Heading(pen, x, area.Y, "TIME%", table.Right, TimeWidth + 1);
        }

        return 1;
    }

    /// <inheritdoc/>
    public override int Draw(Pen pen, Rect page)
    {
        if (_reason is not null)
        {
            pen.Text(page.X + 1, page.Y, $"Softirqs: {_reason}", Role.Disabled, page.Right);
            return 1;
        }

        var tables = Tables(page);
        var fitting = Fitting(tables[0].Width);
        DrawRow(pen, tables[0], page.Y, "all", k => k.Rate.PerSecond, fitting, double.NaN, Role.Strong);
        var perTable = (_cpus.Length + tables.Length - 1) / tables.Length;
        for (var i = 0; i < _order.Count; i++)
        {
            var place = _order[i];
            DrawRow(
                pen, tables[i / perTable], page.Y + 1 + (i % perTable), _cpus[place].ToString(CultureInfo.InvariantCulture), k => place < k.Rate.PerCpu.Length ? k.Rate.PerCpu[place] : double.NaN, fitting,
                _shares.GetValueOrDefault(_cpus[place])?.Irq ?? double.NaN, Role.Label);
        }

        var rows = perTable + 1;
        var left = _kinds.Count - fitting;
        if (_quiet + left > 0)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"{(left > 0 ? $"{left} kinds do not fit here" : "")}{(left > 0 && _quiet > 0 ? ", " : "")}{(_quiet > 0 ? $"{_quiet} stood still" : "")}");
            pen.Text(page.X + 1, page.Y + rows++, text, Role.Dim, page.Right);
        }

        return rows;
    }

    /// <inheritdoc/>
    public override void Describe(TextDocument help) => help
        .Add(9, new("kinds    ", Role.Strong), new("softirqs a second by kind, from /proc/softirqs: NET_RX and NET_TX are network packets (vhost and bridges too), BLOCK disks, TIMER and HRTIMER timers, SCHED balancing, RCU freeing memory. The warmer, the nearer to the CPU that has most of that kind.", Role.Text))
        .Add(9, new("TIME%    ", Role.Strong), new("time of the CPU in interrupts and softirqs (/proc/stat): from 20 % on a vCPU there is held up, over 50 it starves.", Role.Text));

    private static double Highest(double[] values)
    {
        var highest = 0.0;
        foreach (var value in values)
        {
            highest = value > highest ? value : highest;
        }

        return highest;
    }

    private Rect[] Tables(Rect page)
    {
        var left = (page.Width - BetweenTables) / 2;
        return page.Width >= TwoTablesFrom && _cpus.Length > 8
            ? [new Rect(page.X, page.Y, left, page.Height), new Rect(page.X + left + BetweenTables, page.Y, page.Width - left - BetweenTables, page.Height)]
            : [page];
    }

    private int Fitting(int width)
    {
        var (room, fitting) = (width - CpuWidth - TimeWidth - 1, 0);
        while (fitting < _kinds.Count && room >= _kinds[fitting].Width)
        {
            room -= _kinds[fitting++].Width;
        }

        return fitting;
    }

    private void DrawRow(Pen pen, Rect table, int y, string label, Func<Kind, double> get, int fitting, double time, Role role)
    {
        pen.Buffer.WriteRight(table.X + CpuWidth, y, label, role, CpuWidth);
        var x = table.X + CpuWidth;
        for (var i = 0; i < fitting; i++)
        {
            var value = get(_kinds[i]);
            x += _kinds[i].Width;
            var style = role == Role.Strong && !double.IsNaN(value) ? Role.Strong : value > 0 ? Style.Of(Gradient.Exits, value / _kinds[i].Highest) : Pen.StyleOf(value);
            pen.Number(x, y, value, Unit.PerSecond, 6, style);
        }

        if (label != "all")
        {
            pen.Number(x + TimeWidth + 1, y, time, Unit.Percent, TimeWidth, Pen.StyleOf(time, s_time));
        }
    }

    private sealed record Kind(CpuInterruptRate Rate, int Width, double Highest);
}
