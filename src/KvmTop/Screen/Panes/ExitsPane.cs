using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Text;
using KvmTop.Tui;
using KvmTop.Vmm;

namespace KvmTop.Screen.Panes;

/// <summary>Pane 3: KVM's own counters for the host, a VM or a vCPU; how its histograms look; what halt polling costs.</summary>
internal sealed class ExitsPane() : TablePane<CounterRow>(CounterRow.Metrics, s_columns, new SortSpec("rate", Reversed: false))
{
    private const int TreeFrom = 110;
    private const int TreeWidth = 30;
    private const int HistogramsFrom = 30;

    private static readonly string[] s_columns = ["counter", "rate", "share_pct", "total", "history", "meaning"];

    private readonly ExitsPaneTree _tree = new();
    private readonly KvmCounterTable _table = new();
    private readonly Dictionary<string, Series> _history = [];
    private readonly List<CounterRow> _rows = [];
    private readonly double[] _spark = new double[128];
    private KvmStatsModel? _model;
    private KvmStatsView? _view;
    private ExitsNode _shown = ExitsNode.Host;
    private long _sequence;
    private bool _showsIdle;
    private bool _showsHistograms;
    private int _idle;

    /// <inheritdoc/>
    public override string Id => "exits";

    /// <inheritdoc/>
    public override string Title => "Exits";

    /// <inheritdoc/>
    public override char Key => '3';

    /// <inheritdoc/>
    public override IReadOnlyCollection<Topic> Needs { get; } = [KvmStatsTopic.Instance];

    /// <inheritdoc/>
    public override IReadOnlyList<string> UsualColumns => s_columns;

    /// <inheritdoc/>
    public override IReadOnlyList<KeyHint> Hints => [new("z", _showsIdle ? "Hide idle" : string.Create(CultureInfo.InvariantCulture, $"Show {_idle} idle")), new("b", "Histograms"), new("Enter", "In"), new("Esc", "Out")];

    /// <inheritdoc/>
    public override void Update(Ui ui)
    {
        _tree.Update(ui.Snapshot);
        var model = ui.Snapshot.Get(KvmStatsTopic.Instance).Value;
        if (model != _model)
        {
            _view?.Dispose();
            (_model, _view) = (model, model?.Open());
        }

        if (_tree.Node != _shown)
        {
            _shown = _tree.Node;
            _history.Clear();
            _table.Clear();
        }

        _table.Clear(forget: false);
        _ = (_view, _tree.Node) switch
        {
            (null, _) => false,
            ({ } view, { Vm: null }) => AddHost(view),
            ({ } view, { Vm: { } key, Vcpu: < 0 }) => view.AddVm(key, _table),
            ({ } view, { Vm: { } key }) => _tree.Position >= 0 && view.AddVcpu(key, _tree.Vm!.Vm.Threads[_tree.Position].Thread, _tree.Position, _table),
        };
        Remember(ui.Snapshot);
        base.Update(ui);
    }

    /// <inheritdoc/>
    public override void Render(Buffer buffer, Rect area, Ui ui)
    {
        var pen = new Pen(buffer, ui.Unicode);
        if (area.Width >= TreeFrom && area.Height >= 8)
        {
            (var left, area) = area.CutLeft(TreeWidth);
            _tree.Draw(pen, left);
        }
        else
        {
            _tree.Hide();
        }

        var head = area.Width > 4 ? new Rect(area.X + 1, area.Y, area.Width - 2, Math.Min(area.Height, 4)) : area;
        var rest = area.CutTop(head.IsEmpty ? 0 : ExitsPaneSummary.Draw(pen, head, _tree, _table, ui.Snapshot)).Remaining;
        if (_rows.Count == 0 && _idle == 0)
        {
            return;
        }

        if (_showsHistograms && area.Height < HistogramsFrom)
        {
            ExitsPaneHistograms.Draw(pen, rest, _table.Rows);
            return;
        }

        if (area.Height >= HistogramsFrom)
        {
            (var below, rest) = rest.CutBottom(Math.Clamp(area.Height / 3, 10, 18));
            ExitsPaneHistograms.Draw(pen, below, _table.Rows);
        }

        (var meaning, rest) = rest.CutBottom(rest.Height >= 8 ? 2 : 0);
        base.Render(buffer, rest, ui);
        DrawMeaning(pen, meaning);
    }

    /// <inheritdoc/>
    public override bool Handle(InputEvent input, Ui ui)
    {
        if (input.Is('z'))
        {
            _showsIdle = !_showsIdle;
        }
        else if (input.Is('b'))
        {
            _showsHistograms = !_showsHistograms;
        }
        else if (!(input.Key switch
        {
            Tui.Key.Left => _tree.MoveSideways(-1) || true,
            Tui.Key.Right => _tree.MoveSideways(1) || true,
            Tui.Key.Enter => _tree.MoveIn() || true,
            Tui.Key.Escape or Tui.Key.Backspace => _tree.MoveOut(),
            Tui.Key.Click or Tui.Key.DoubleClick => _tree.Click(input.X, input.Y),
            _ => false,
        }))
        {
            return base.Handle(input, ui);
        }

        Update(ui);
        return true;
    }

    /// <inheritdoc/>
    public override void Describe(TextDocument help, Ui ui)
    {
        help.Add("KVM's own counters: of the host (all VMs together), of one VM, or of one vCPU.")
            .Add(9, new("Right    ", Role.Key), new("the next VM, or the next vCPU of the VM; Left goes back", Role.Text))
            .Add(9, new("Enter    ", Role.Key), new("into the VM with the most exits, then into its vCPUs; Esc goes out again", Role.Text))
            .Add(9, new("z        ", Role.Key), new("show or hide counters that stand still", Role.Text))
            .Add(9, new("b        ", Role.Key), new("histograms, where the screen has no room for both", Role.Text));
        help.Add("Sources, best first: duplicates of the statistics descriptors that the VMM keeps open (QEMU from 8.1 on); QMP query-stats; debugfs; counts of tracepoints by perf. The best that works is chosen for each VM, and again when it stops working. The line under the name says why a better one is not used.");
        if (HasSelected)
        {
            help.Add("The counter under the cursor", Role.Title);
            AddMeaning(help, Selected!.Name);
        }

        help.Add("Counters", Role.Title);
        foreach (var name in _table.Rows.Select(r => r.Counter.Name).Order(StringComparer.Ordinal))
        {
            AddMeaning(help, name);
        }

        base.Describe(help, ui);
    }

    /// <inheritdoc/>
    public override void DrawCell(Buffer buffer, int row, int column, Rect cell, Surface surface)
    {
        var (counter, metric) = At(row, column);
        switch (metric.Id)
        {
            case "rate" when counter.Counter.Counter.HasRate:
                Span<char> text = stackalloc char[16];
                var n = FigureFormat.Format(text, counter.Rate, counter.RateUnit, Math.Min(cell.Width, text.Length) - 1);
                if (counter.IsTime && !double.IsNaN(counter.Rate))
                {
                    text[n++] = '%';
                }

                buffer.WriteRight(cell.Right, cell.Y, text[..n], Pen.StyleOf(counter.Rate).On(surface), cell.Width);
                break;
            case "total" when counter.Counter.Counter.Unit == KvmCounterUnit.Seconds:
                text = stackalloc char[16];
                n = FigureFormat.Format(text, counter.Counter.Total * counter.Counter.Counter.Scale, Unit.Seconds, Math.Min(cell.Width, text.Length));
                buffer.WriteRight(cell.Right, cell.Y, text[..n], Pen.StyleOf(counter.Counter.Total).On(surface), cell.Width);
                break;
            case "meaning":
                Table.WriteCell(buffer, cell, metric.Get(counter).Text ?? "", new Style(Role.Dim, surface), Align.Left, Unicode);
                break;
            case "history":
                var values = _spark.AsSpan(0, counter.History.CopyLatest(_spark.AsSpan(0, Math.Min(cell.Width * 2, _spark.Length))));
                Sparkline.Render(buffer, cell, values, Highest(values), Gradient.Exits, Unicode, surface: surface);
                break;
            default:
                base.DrawCell(buffer, row, column, cell, surface);
                break;
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<CounterRow> Source(Ui ui) => _rows;

    /// <inheritdoc/>
    protected override object KeyOf(CounterRow row) => row.Name;

    /// <inheritdoc/>
    protected override string SearchText(CounterRow row) => row.Name;

    /// <inheritdoc/>
    protected override void Open(CounterRow row, Ui ui)
    {
        // A double click: there is nothing behind a counter but its meaning, which stands below the table already.
    }

    /// <inheritdoc/>
    protected override bool RenderEmpty(Buffer buffer, Rect area, Ui ui)
    {
        var text = Rows.All == 0 ? string.Create(CultureInfo.InvariantCulture, $"All {_idle} counters stand still: z shows them.") : $"No counter matches the filter {Filter}";
        buffer.Write(area.X + 2, area.Y + 1, text, Role.Dim, area.Width - 2);
        return true;
    }

    private static double Highest(ReadOnlySpan<double> values)
    {
        var highest = 0.0;
        foreach (var value in values)
        {
            highest = value > highest ? value : highest;
        }

        return highest;
    }

    private static void AddMeaning(TextDocument help, string name) =>
        help.Add(2, new(HostileText.Clean(name, 64), Role.Strong), new("  ", Role.Dim), new(KvmCounterGuide.Find(name)?.Meaning ?? "No words for this one: see the kernel's Documentation/virt/kvm.", Role.Text));

    private bool AddHost(KvmStatsView view)
    {
        view.AddHost(_table);
        return true;
    }

    /// <summary>Makes the rows; a new tick goes into the history, the same tick again does not.</summary>
    private void Remember(Snapshot snapshot)
    {
        var isNew = snapshot.Sequence != _sequence || _history.Count == 0;
        _sequence = snapshot.Sequence;
        _rows.Clear();
        _idle = 0;
        var exits = _table.Find("exits")?.PerSecond ?? double.NaN;
        foreach (var row in _table.Rows)
        {
            if (!row.IsPresent || row.Counter.IsHistogram)
            {
                continue;
            }

            if (!_history.TryGetValue(row.Counter.Name, out var history))
            {
                _history.Add(row.Counter.Name, history = new Series());
            }

            var line = new CounterRow(row, exits, history);
            if (isNew)
            {
                history.Add(row.Counter.HasRate ? line.Rate : row.Total);
            }

            if (row.IsIdle && !_showsIdle)
            {
                _idle++;
                continue;
            }

            _rows.Add(line);
        }
    }

    private void DrawMeaning(Pen pen, Rect area)
    {
        if (area.IsEmpty)
        {
            return;
        }

        var document = new TextDocument();
        if (HasSelected)
        {
            AddMeaning(document, Selected!.Name);
        }

        ScrollText.Render(pen.Buffer, area.Inset(1, 0), document, new ScrollTextState(), pen.Unicode);
    }
}
