using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Screen.Overlays;
using KvmTop.Text;
using KvmTop.Trace;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>
/// The live trace of one VM's exits: begins when it is opened and ends when it is left. A table by reason; Enter shows the histograms of a reason and what the
/// guest asked for, which on a large screen stand beside the table anyway.
/// </summary>
internal sealed class TracePane : TablePane<ExitReasonReport>, IDisposable
{
    private const int WideScreen = 140;
    private const int TableWidth = 86;

    /// <summary>A view that somebody forgot costs the guest no longer than this.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(10);

    private readonly VmInfo _vm;
    private readonly ScrolledPage _page = new();
    private IExitTrace? _trace;
    private ExitTraceRefusal? _refusal;
    private ExitTraceReport? _report;
    private int? _vcpu;
    private bool _showsDetail;

    /// <param name="vm">Which VM.</param>
    /// <param name="vcpu">The vCPU to look at first; null for all.</param>
    /// <param name="ui">Starts the trace.</param>
    public TracePane(VmInfo vm, int? vcpu, Ui ui)
        : base(ExitMetrics.PerReason, ExitMetrics.Usual, new SortSpec("total_s", Reversed: false))
    {
        (_vm, _vcpu) = (vm, vcpu);
        Start(ui);
    }

    /// <summary>Which VM.</summary>
    public VmKey Vm => _vm.Key;

    /// <inheritdoc/>
    public override string Id => "trace";

    /// <inheritdoc/>
    public override string Title => $"exits of {_vm.Name}";

    /// <summary>None: the view is opened with X.</summary>
    public override char Key => '\0';

    /// <inheritdoc/>
    public override IReadOnlyCollection<Topic> Needs { get; } = [VmsTopic.Instance];

    /// <inheritdoc/>
    public override IReadOnlyList<string> UsualColumns => ExitMetrics.Usual;

    /// <inheritdoc/>
    public override IReadOnlyList<KeyHint> Hints => [new("s", _trace is { IsRunning: true } ? "Stop" : "Start"), new("v", "vCPU"), new("Enter", _showsDetail ? "Table" : "Reason"), new("Esc", "Back")];

    /// <inheritdoc/>
    public override bool Handle(InputEvent input, Ui ui)
    {
        if (input.Key == Tui.Key.Escape)
        {
            var wasDetail = _showsDetail;
            _showsDetail = false;
            return wasDetail;
        }

        if (input.Is('s'))
        {
            Toggle(ui);
            return true;
        }

        if (input.Is('v'))
        {
            ChooseVcpu(ui);
            return true;
        }

        if (input.Is('[') || input.Is(']'))
        {
            StepVcpu(input.Is(']') ? 1 : -1);
            Update(ui);
            return true;
        }

        if (_showsDetail)
        {
            if (input.Key == Tui.Key.Enter)
            {
                _showsDetail = false;
                return true;
            }

            return _page.Handle(input);
        }

        return base.Handle(input, ui);
    }

    /// <inheritdoc/>
    public override void Render(Buffer buffer, Rect area, Ui ui)
    {
        var pen = new Pen(buffer, ui.Unicode);
        var (head, body) = area.CutTop(_report is null ? 0 : 3);
        if (_report is { } report)
        {
            DrawHead(pen, head, report);
        }

        if (_report?.Notes is { Count: > 0 } notes && body.Height > 10 && !_showsDetail)
        {
            var text = new TextDocument();
            foreach (var note in notes)
            {
                text.Add(note, Role.Dim);
            }

            var (bottom, rest) = body.CutBottom(Math.Min(text.Height(body.Width - 2), 4));
            ScrollText.Render(buffer, bottom.Inset(1, 0), text, new ScrollTextState(), ui.Unicode);
            body = rest;
        }

        if (body.Width >= WideScreen && HasSelected)
        {
            var (left, right) = body.CutLeft(TableWidth);
            base.Render(buffer, left, ui);
            _page.Render(buffer, right, ui.Unicode, DrawDetail);
        }
        else if (_showsDetail && HasSelected)
        {
            _page.Render(buffer, body, ui.Unicode, DrawDetail);
        }
        else
        {
            base.Render(buffer, body, ui);
        }
    }

    /// <inheritdoc/>
    public override void Describe(TextDocument help, Ui ui)
    {
        help.Add("Why the vCPUs of one VM leave the guest, how long each time, and what for. Perf events on its vCPU threads say it: they cost the guest about half a microsecond each, and change nothing on the host. The trace ends when this view is left, after ten minutes, and with the VM.")
            .Add(9, new("s        ", Role.Key), new("stop, so that the figures stand still; start again from zero", Role.Text))
            .Add(9, new("v [ ]    ", Role.Key), new("choose a vCPU; the one before, the next; all", Role.Text))
            .Add(9, new("Enter    ", Role.Key), new("histograms of a reason and what the guest asked for; bars are as long as the logarithm of the count, so that rare slow exits are seen", Role.Text))
            .Add(9, new("Esc      ", Role.Key), new("back; from the table: stop and leave", Role.Text));
        base.Describe(help, ui);
    }

    /// <inheritdoc/>
    public void Dispose() => _trace?.Dispose();

    /// <inheritdoc/>
    protected override IEnumerable<ExitReasonReport> Source(Ui ui)
    {
        _report = _trace?.Report(_vcpu);
        return _report?.Reasons ?? [];
    }

    /// <inheritdoc/>
    protected override object KeyOf(ExitReasonReport row) => row.Reason;

    /// <inheritdoc/>
    protected override string SearchText(ExitReasonReport row) => row.Name;

    /// <inheritdoc/>
    protected override void Open(ExitReasonReport row, Ui ui)
    {
        _showsDetail = true;
        _page.Offset = 0;
    }

    /// <inheritdoc/>
    protected override bool RenderEmpty(Buffer buffer, Rect area, Ui ui)
    {
        var text = new TextDocument();
        if (_refusal is { } refusal)
        {
            text.Add($"{_vm.Name} cannot be traced.", Role.Strong).Add("").Add($"{refusal.Reason}.", Role.Warn);
            if (refusal.Remedy is { } remedy)
            {
                text.Add($"{remedy}.", Role.Text);
            }

            text.Add("").Add("s tries again, Esc goes back.", Role.Dim);
        }
        else if (Rows.All > 0)
        {
            text.Add($"No reason matches the filter {Filter}", Role.Warn);
        }
        else
        {
            text.Add(_trace is { IsRunning: true } ? "No exit yet: the guest sleeps, or computes without needing anybody." : "No exit was seen.", Role.Dim);
        }

        ScrollText.Render(buffer, area.Inset(2, 1), text, new ScrollTextState(), ui.Unicode);
        return true;
    }

    private void Start(Ui ui)
    {
        _trace?.Dispose();
        (_trace, _refusal) = ui.StartTrace(_vm, s_longest);
        _report = null;
        if (_trace is not null)
        {
            ui.Message = "Tracing costs the guest about 0.5 us per event; nothing is changed. s stops.";
        }
    }

    private void Toggle(Ui ui)
    {
        if (_trace is { IsRunning: true })
        {
            _trace.Stop();
        }
        else
        {
            Start(ui);
        }

        Update(ui);
    }

    private void ChooseVcpu(Ui ui)
    {
        if (_trace is not { } trace)
        {
            return;
        }

        MenuItem[] items = [new("all vCPUs", "-"), .. trace.Vcpus.Select(v => new MenuItem(string.Create(CultureInfo.InvariantCulture, $"vCPU {v}"), ""))];
        ui.Open(new MenuOverlay("Exits of", items, i => _vcpu = i == 0 ? null : trace.Vcpus[i - 1], _vcpu is { } n ? trace.Vcpus.ToList().IndexOf(n) + 1 : 0));
    }

    private void StepVcpu(int step)
    {
        if (_trace is not { } trace)
        {
            return;
        }

        var places = trace.Vcpus.Count + 1;
        var at = _vcpu is { } n ? trace.Vcpus.ToList().IndexOf(n) + 1 : 0;
        at = (at + step + places) % places;
        _vcpu = at == 0 ? null : trace.Vcpus[at - 1];
    }

    private void DrawHead(Pen pen, Rect area, ExitTraceReport report)
    {
        var (state, role) = report.State switch
        {
            ExitTraceState.VmGone => ("the VM has ended", Role.Warn),
            _ when _trace is { IsRunning: true } => ("tracing", Role.Good),
            _ => ("stopped", Role.Warn),
        };
        var x = pen.Text(area.X + 1, area.Y, $"Exits of {_vm.Name}", Role.Title, area.Right);
        x = pen.Text(x + 2, area.Y, _vcpu is { } n ? string.Create(CultureInfo.InvariantCulture, $"vCPU {n}") : report.Vcpus.Count == 1 ? "1 vCPU" : string.Create(CultureInfo.InvariantCulture, $"all {report.Vcpus.Count} vCPUs"), Role.Accent, area.Right);
        x = pen.Text(x + 2, area.Y, pen.Unicode ? $"● {state}" : $"* {state}", role, area.Right);
        pen.Text(x + 2, area.Y, string.Create(CultureInfo.InvariantCulture, $"{report.Elapsed.TotalSeconds:0} s"), Role.Dim, area.Right);

        var seconds = Math.Max(report.Elapsed.TotalSeconds, 1e-9);
        x = pen.Pair(area.X + 1, area.Y + 1, "exits", $"{FigureFormat.ToText(Figure.Of(report.Exits / seconds), Unit.PerSecond)}/s", Role.Strong, area.Right);
        x = pen.Pair(x + 2, area.Y + 1, "total", FigureFormat.ToText(Figure.Of(report.Exits), Unit.Count), Role.Text, area.Right);
        x = pen.Pair(x + 2, area.Y + 1, "events", FigureFormat.ToText(Figure.Of(report.Events), Unit.Count), Role.Text, area.Right);
        pen.Text(x + 2, area.Y + 1, ExitsText.LostText(report), report.Lost > 0 ? Role.Critical : Role.Dim, area.Right);
        DrawShares(pen, new Rect(area.X + 1, area.Y + 2, Math.Min(area.Width - 2, 110), 1), report);
    }

    /// <summary>The vCPUs' time as a bar: what of it exits took in the VMM and in the kernel, and what the guest slept: a halt is an exit too, but the guest's own wish.</summary>
    private static void DrawShares(Pen pen, Rect row, ExitTraceReport report)
    {
        var all = report.Elapsed.TotalSeconds * report.Vcpus.Count * 1e9;
        double vmm = 0, kernel = 0, halted = 0;
        foreach (var reason in report.Reasons)
        {
            vmm += reason.Statistics.Vmm.SumNanoseconds;
            (reason.IsHalt ? ref halted : ref kernel) += reason.Statistics.Kernel.SumNanoseconds;
        }

        if (all <= 0)
        {
            return;
        }

        ReadOnlySpan<GaugeSegment> segments = [new(vmm / all, Role.BarUser), new(kernel / all, Role.BarSystem), new(halted / all, Role.BarCache)];
        Gauge.Render(pen.Buffer, row, "vCPU time", segments, string.Create(CultureInfo.InvariantCulture, $"VMM {100 * vmm / all:0.0}%  kernel {100 * kernel / all:0.0}%  halted {100 * halted / all:0.0}%"), pen.Unicode);
    }

    private int DrawDetail(Pen pen, Rect page) => TraceDetail.Draw(pen, page, Selected!);
}
