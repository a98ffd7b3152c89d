using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>Which CPUs take which interrupts: a line for each source, a mark for each CPU, higher for more.</summary>
internal sealed class HostPaneIrqs() : HostSection('t', "Interrupts")
{
    private const string Heights = " ▁▂▃▄▅▆▇█";
    private const string AsciiHeights = " _.-:=+*#";
    private const int RateWidth = 6;
    private const int HottestWidth = 9;
    private const int SmallestText = 12;

    private readonly List<CpuInterruptRate> _rows = [];
    private readonly Dictionary<int, int> _places = [];
    private CpuTopology? _topology;
    private string? _reason;
    private int _labels = 4;
    private int _quiet;

    /// <inheritdoc/>
    public override IReadOnlyCollection<Topic> Needs { get; } = [CpuInterruptsTopic.Instance, MachineTopic.Instance];

    /// <inheritdoc/>
    public override bool HasHead => true;

    /// <inheritdoc/>
    public override void Update(Ui ui)
    {
        var reading = ui.Snapshot.Get(CpuInterruptsTopic.Instance);
        var machine = ui.Snapshot.Get(MachineTopic.Instance);
        _topology = machine.Value?.Topology;
        _reason = reading.Value is null ? reading.Reason ?? "not read yet" : _topology is null ? machine.Reason ?? "not read yet" : null;
        _rows.Clear();
        _places.Clear();
        _quiet = 0;
        if (reading.Value is not { } model)
        {
            return;
        }

        for (var i = 0; i < model.Cpus.Length; i++)
        {
            _places[model.Cpus[i]] = i;
        }

        foreach (var rate in model.Hard)
        {
            if (rate.PerSecond == 0)
            {
                _quiet++;
            }
            else
            {
                _rows.Add(rate);
            }
        }

        _rows.Sort(static (a, b) => (double.IsNaN(b.PerSecond) ? -1 : b.PerSecond).CompareTo(double.IsNaN(a.PerSecond) ? -1 : a.PerSecond));
        _rows.Insert(0, Sum(_rows, model.Cpus.Length, _quiet > 0));
        _labels = Math.Clamp(_rows.Max(r => r.Label.Length), 4, 8);
    }

    /// <inheritdoc/>
    public override int DrawHead(Pen pen, Rect area)
    {
        if (_reason is not null)
        {
            return 0;
        }

        var bands = Bands(area.Width - 1);
        return bands.Count == 1 ? DrawHeading(pen, area, bands[0]) : 0;
    }

    /// <inheritdoc/>
    public override int Draw(Pen pen, Rect page)
    {
        if (_reason is not null)
        {
            pen.Text(page.X + 1, page.Y, $"Interrupts: {_reason}", Role.Disabled, page.Right);
            return 1;
        }

        var bands = Bands(page.Width);
        var y = page.Y;
        foreach (var band in bands)
        {
            y += bands.Count > 1 ? DrawHeading(pen, new Rect(page.X, y, page.Width, page.Height), band) : 0;
            foreach (var row in _rows)
            {
                if (bands.Count == 1 || double.IsNaN(row.PerSecond) || band.Cpus.Any(c => At(row, c.Cpu) > 0))
                {
                    DrawRow(pen, new Rect(page.X, y++, page.Width, 1), band, row);
                }
            }
        }

        if (_quiet > 0)
        {
            pen.Text(page.X + 1, y++, string.Create(CultureInfo.InvariantCulture, $"and {_quiet} that stood still"), Role.Dim, page.Right);
        }

        return y - page.Y;
    }

    /// <inheritdoc/>
    public override void Describe(TextDocument help) => help
        .Add(9, new("/s       ", Role.Strong), new("interrupts of a source a second over all CPUs, from /proc/interrupts; those that stood still are left out.", Role.Text))
        .Add(9, new("marks    ", Role.Strong), new("one for each CPU, by NUMA node: the higher and warmer, the more of this source it takes, beside the CPU that takes most of it. Its number and share stand behind.", Role.Text))
        .Add(9, new("LOC RES CAL PIN", Role.Strong), new("  the CPUs' own: timer, being woken by another, being called by another, interrupts delivered straight into a guest. A device that interrupts CPUs with pinned vCPUs takes time from them: /proc/irq/NUMBER/smp_affinity_list moves it.", Role.Text));

    private int Left => 1 + _labels + 1 + RateWidth + 1;

    private IReadOnlyList<CpuColumns> Bands(int width) => CpuColumns.Fit(_topology!, Math.Max(width - Left - HottestWidth - 2, 8));

    private double At(CpuInterruptRate rate, int cpu) => _places.TryGetValue(cpu, out var place) && place < rate.PerCpu.Length ? rate.PerCpu[place] : double.NaN;

    private static CpuInterruptRate Sum(List<CpuInterruptRate> rates, int cpus, bool someAreQuiet)
    {
        var (sum, all) = (new double[cpus], 0.0);
        foreach (var rate in rates)
        {
            all += rate.PerSecond;
            for (var i = 0; i < cpus && i < rate.PerCpu.Length; i++)
            {
                sum[i] += rate.PerCpu[i];
            }
        }

        return new CpuInterruptRate("all", "", rates.Count == 0 && !someAreQuiet ? double.NaN : all, sum);
    }

    private int DrawHeading(Pen pen, Rect area, CpuColumns band)
    {
        var numbers = band.NumberHeading();
        var x = area.X + Left;
        var hottest = x + band.Width + 1;
        for (var i = 0; i <= numbers.Count; i++)
        {
            Heading(pen, new Rect(area.X, area.Y + i, area.Width, 1));
            Heading(pen, x, area.Y + i, i == 0 ? band.NodeHeading() : numbers[i - 1], area.Right);
        }

        var last = area.Y + numbers.Count;
        Heading(pen, area.X + 1, last, "IRQ", x);
        Heading(pen, x - 3, last, "/s", x);
        Heading(pen, hottest, last, "MOST ON", area.Right);
        if (area.Right - hottest - HottestWidth >= SmallestText)
        {
            Heading(pen, hottest + HottestWidth + 1, last, "SOURCE", area.Right);
        }

        return numbers.Count + 1;
    }

    private void DrawRow(Pen pen, Rect row, CpuColumns band, CpuInterruptRate rate)
    {
        pen.Text(row.X + 1, row.Y, rate.Label, rate.Label == "all" ? Role.Strong : Role.Label, row.X + 1 + _labels);
        pen.Number(row.X + Left - 1, row.Y, rate.PerSecond, Unit.PerSecond, RateWidth);
        var (highest, cpu) = (0.0, -1);
        foreach (var (at, place) in _places)
        {
            if (place < rate.PerCpu.Length && rate.PerCpu[place] > highest)
            {
                (highest, cpu) = (rate.PerCpu[place], at);
            }
        }

        var heights = pen.Unicode ? Heights : AsciiHeights;
        foreach (var column in band.Cpus)
        {
            var value = At(rate, column.Cpu);
            var level = highest > 0 && value > 0 ? Math.Clamp((int)Math.Ceiling(value / highest * 8), 1, 8) : 0;
            var (mark, style) = double.IsNaN(value) ? ('-', (Style)Role.Disabled) : level == 0 ? (pen.Unicode ? '·' : '.', Role.BarEmpty) : (heights[level], Style.Of(Gradient.Exits, value / highest));
            for (var i = 0; i < (level > 0 ? Math.Max(band.CellWidth - 1, 1) : 1); i++)
            {
                pen.Buffer.Set(row.X + Left + (level > 0 ? column.Column : band.MarkColumn(column)) + i, row.Y, mark, style);
            }
        }

        var x = row.X + Left + band.Width + 1;
        if (cpu >= 0)
        {
            var share = highest / rate.PerSecond * 100;
            pen.Buffer.WriteRight(x + 4, row.Y, cpu.ToString(CultureInfo.InvariantCulture), Role.Text, 4);
            pen.Buffer.WriteRight(x + HottestWidth, row.Y, Pen.Percent(share), share >= 50 ? Role.Strong : Role.Dim, 4);
        }

        if (row.Right - x - HottestWidth >= SmallestText)
        {
            pen.Text(x + HottestWidth + 1, row.Y, rate.Description, Role.Dim, row.Right);
        }
    }
}
