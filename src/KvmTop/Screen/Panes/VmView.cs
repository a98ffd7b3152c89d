using System.Globalization;
using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Diagnosis;
using KvmTop.Tui;
using KvmTop.Vmm;

namespace KvmTop.Screen.Panes;

/// <summary>One VM in full: what it is, what it suffers from, its history, its vCPUs and other threads, its devices, its command line.</summary>
internal sealed class VmView(VmKey key) : IPane
{
    private readonly ScrolledPage _page = new();
    private readonly VmViewCharts _charts = new();
    private IReadOnlyList<Finding> _findings = [];
    private Gaps _gaps = Gaps.None;
    private VmRow? _row;
    private string? _reason = "not read yet";
    private DateTimeOffset? _gone;
    private bool _showsCommand;
    private int _commandAt;

    /// <summary>Which VM.</summary>
    public VmKey Vm => key;

    /// <inheritdoc/>
    public string Id => "vm";

    /// <inheritdoc/>
    public string Title => _row?.Vm.Info.Name ?? string.Create(CultureInfo.InvariantCulture, $"pid {key.Pid}");

    /// <summary>None: the view is opened from a row.</summary>
    public char Key => '\0';

    /// <inheritdoc/>
    public IReadOnlyCollection<Topic> Needs { get; } =
    [
        VmsTopic.Instance, VcpuTimesTopic.Instance, VcpuPlacementTopic.Instance, KvmStatsTopic.Instance, MachineTopic.Instance, HostTopic.Instance, VmMemoryTopic.Instance, LibvirtTopic.Instance,
    ];

    /// <inheritdoc/>
    public IReadOnlyList<KeyHint> Hints { get; } = [new("l", "Command line"), new("Esc", "Back")];

    /// <inheritdoc/>
    public ActionSelection Selection => _row is { } row ? new ActionSelection([row.Vm.Info]) : ActionSelection.Nothing;

    /// <inheritdoc/>
    public bool IsAboutVms => true;

    /// <inheritdoc/>
    public void Update(Ui ui)
    {
        var reading = ui.Snapshot.Get(VmsTopic.Instance);
        if (reading.Value is not { } vms)
        {
            _reason = reading.Reason ?? "not read yet";
            return;
        }

        _reason = null;
        if (vms.Find(key) is not { } vm)
        {
            _gone ??= ui.Snapshot.Time;
            return;
        }

        _gone = null;
        _row = new VmRow(ui.Snapshot, vm);
        _findings = VmFindings.Of(_row);
        _gaps = Judge.Vm(_row, []);
        _charts.Update(_row, ui.History);
    }

    /// <inheritdoc/>
    public void Render(Buffer buffer, Rect area, Ui ui) => _page.Render(buffer, area, ui.Unicode, Draw);

    /// <inheritdoc/>
    public bool Handle(InputEvent input, Ui ui)
    {
        if (input.Key == Tui.Key.Escape)
        {
            ui.OpenVm = null;
            return true;
        }

        if (input.Is('l'))
        {
            _showsCommand = !_showsCommand;
            _page.Offset = _showsCommand ? _commandAt : 0;
            return true;
        }

        return _page.Handle(input);
    }

    /// <inheritdoc/>
    public void Describe(TextDocument help, Ui ui)
    {
        help.Add("One VM", Role.Title)
            .Add("Everything known about one VM on a page that scrolls: arrows, PgUp, PgDn, Home, End and the wheel. Esc goes back to the list.")
            .Add(9, new("l        ", Role.Key), new("show or hide the command line, one option per line", Role.Text))
            .Add(9, new("Findings ", Role.Strong), new("what stands out, in words, with the figures it rests on; the thresholds are those of the columns", Role.Text))
            .Add(9, new("Charts   ", Role.Strong), new("CPU of all its threads in percent of one CPU; ready time of the vCPU that waits most; exits a second (pane 3 has them by kind); bytes read from and written to storage. One dot a tick, the newest on the right.", Role.Text))
            .Add(9, new("vCPUs    ", Role.Strong), new("the bar is a vCPU's time: in the guest, in the VMM's own code (emulation), in the host's kernel, and waiting for a CPU (ready)", Role.Text))
            .Add(9, new("Threads  ", Role.Strong), new("all others, the busiest first: a thread near 100 % can do no more, one that is ready for long makes devices late", Role.Text));
        foreach (var metric in VmViewVcpus.Metrics)
        {
            help.Add(9, new($"{metric.Title,-8} ", Role.Label), new($"{metric.Help} {metric.Source}.", Role.Text));
        }
    }

    private int Draw(Pen pen, Rect page)
    {
        if (_row is not { } row)
        {
            pen.Text(page.X + 1, page.Y, _gone is null ? $"Virtual machines: {_reason}" : string.Create(CultureInfo.InvariantCulture, $"There is no VM with pid {key.Pid} any more. Esc goes back."), Role.Disabled, page.Right);
            return 1;
        }

        var y = page.Y;
        if (_gone is { } gone)
        {
            var when = row.Snapshot.Time.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
            pen.Text(page.X + 1, y++, $"This VM has gone: these are its last figures, of {when}. Esc goes back.", Role.Warn, page.Right);
        }
        else if (_reason is { } reason)
        {
            pen.Text(page.X + 1, y++, $"Virtual machines: {reason}. These are the last figures.", Role.Warn, page.Right);
        }

        y += VmViewFacts.Draw(pen, page, y, row);
        y += DrawFindings(pen, new Rect(page.X, y, page.Width, page.Height));
        y += page.Width >= 116 ? DrawWide(pen, page, y, row) : DrawNarrow(pen, page, y, row);
        y += DrawReasons(pen, page, y, row);
        _commandAt = y - page.Y;
        return y + VmViewCommand.Draw(pen, page, y, row.Vm.Info.Arguments, _showsCommand) - page.Y;
    }

    private int DrawFindings(Pen pen, Rect page)
    {
        var framed = page.Height >= 24;
        var document = new TextDocument();
        foreach (var finding in _findings)
        {
            document.Add(2, new TextSpan(pen.Unicode ? "● " : finding.Severity == Severity.Info ? "- " : "! ", Pen.RoleOf(finding.Severity)), new TextSpan(finding.Text, Role.Text));
        }

        if (_findings.Count == 0)
        {
            // Only what was measured can be well.
            document.Add(2, new TextSpan(pen.Unicode ? (_gaps.IsKnown ? "● " : "○ ") : "- ", _gaps.IsKnown ? Role.Good : Role.Dim), new TextSpan(_gaps.Measuring ? "measuring .." : "nothing stands out", Role.Dim));
        }

        if (!_gaps.Measuring && _gaps.Reason is { } unknown)
        {
            document.Add(2, new TextSpan(pen.Unicode ? "○ " : "- ", Role.Disabled), new TextSpan($"not known: {HostileText.Clean(unknown, 300)}", Role.Disabled));
        }

        var width = page.Width - (framed ? 4 : 2);
        var rows = document.Height(width);
        var area = new Rect(page.X, page.Y, page.Width, rows + (framed ? 2 : 0));
        var inner = framed ? pen.Frame(area, "Findings") : new Rect(page.X + 2, page.Y, page.Width - 2, rows);
        ScrollText.Render(pen.Buffer, inner, document, new ScrollTextState(), pen.Unicode);
        return area.Height;
    }

    private int DrawNarrow(Pen pen, Rect page, int y, VmRow row)
    {
        var top = y;
        var height = page.Height >= 24 ? 7 : 5;
        var half = page.Width / 2;
        _charts.Draw(pen, new Rect(page.X, y, half, height), SeriesKind.Cpu);
        _charts.Draw(pen, new Rect(page.X + half, y, page.Width - half, height), SeriesKind.Ready);
        y += height;
        y += VmViewVcpus.Draw(pen, page, y, row);
        y += VmViewThreads.Draw(pen, page, y, row);
        _charts.Draw(pen, new Rect(page.X, y, half, height), SeriesKind.Read);
        _charts.Draw(pen, new Rect(page.X + half, y, page.Width - half, height), SeriesKind.Write);
        y += height;
        _charts.Draw(pen, new Rect(page.X, y, page.Width, height), SeriesKind.Exits);
        y += height;
        y += VmViewDevices.Draw(pen, page, y, row.Vm.Info.Description);
        return y - top;
    }

    private int DrawWide(Pen pen, Rect page, int y, VmRow row)
    {
        var left = Math.Clamp(page.Width * 2 / 5, 40, page.Width - 76);
        var right = new Rect(page.X + left, page.Y, page.Width - left, page.Height);
        var tables = VmViewVcpus.Draw(pen, right, y, row);
        tables += VmViewThreads.Draw(pen, right, y + tables, row);
        tables += VmViewDevices.Draw(pen, right, y + tables, row.Vm.Info.Description);

        // The charts are as high as the tables beside them or, on a high screen, as what it has left, within what is good to look at.
        var room = page.Height - (y - page.Y) - 2;
        var all = Math.Max(tables, room);
        var height = Math.Clamp(all / 5, 5, 10);
        var spare = Math.Clamp(all - (5 * height), 0, 4);
        var at = y;
        foreach (var (kind, i) in new[] { (SeriesKind.Cpu, 0), (SeriesKind.Ready, 1), (SeriesKind.Exits, 2), (SeriesKind.Read, 3), (SeriesKind.Write, 4) })
        {
            var rows = height + (i < spare ? 1 : 0);
            _charts.Draw(pen, new Rect(page.X, at, left, rows), kind);
            at += rows;
        }

        return Math.Max(tables, at - y);
    }

    private static int DrawReasons(Pen pen, Rect page, int y, VmRow row)
    {
        var reasons = VmViewFacts.Missing(row).Concat(VmViewVcpus.Missing(row)).Distinct().Take(8).ToList();
        if (reasons.Count == 0)
        {
            return 0;
        }

        var document = new TextDocument();
        foreach (var reason in reasons)
        {
            document.Add(HostileText.Clean(reason, 300), Role.Disabled, 4);
        }

        var rows = document.Height(page.Width - 2);
        ScrollText.Render(pen.Buffer, new Rect(page.X + 2, y, page.Width - 2, rows), document, new ScrollTextState(), pen.Unicode);
        return rows;
    }
}
