using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Collectors.Checks;
using KvmTop.CommandLine.Subcommands;
using KvmTop.Tui;
using KvmTop.Vmm;

namespace KvmTop.Screen.Panes;

/// <summary>Pane 8: what is wrong with this host and its VMs, why it matters, and what to type.</summary>
internal sealed class CheckPane : ListDetailPane<CheckResult>
{
    private static readonly TableColumn[] s_columns =
    [
        new("LEVEL", 8) { Frozen = true },
        new("WHERE", 12),
        new("FINDING", 20) { Flex = 1 },
    ];

    private CheckReport? _report;
    private bool _all;

    /// <inheritdoc/>
    public override string Id => "check";

    /// <inheritdoc/>
    public override string Title => "Check";

    /// <inheritdoc/>
    public override char Key => '8';

    /// <summary>KVM's counters tell who runs guests of its own; all else the checks read themselves.</summary>
    public override IReadOnlyCollection<Topic> Needs { get; } = [KvmStatsTopic.Instance];

    /// <inheritdoc/>
    public override IReadOnlyList<KeyHint> Hints => [.. base.Hints, new KeyHint("a", _all ? "Hide well" : "All")];

    /// <inheritdoc/>
    protected override IReadOnlyList<TableColumn> Columns => s_columns;

    /// <inheritdoc/>
    protected override int ListWidth => 84;

    /// <inheritdoc/>
    public override bool Handle(InputEvent input, Ui ui)
    {
        if (input.Is('a'))
        {
            _all = !_all;
            Update(ui);
            return true;
        }

        return base.Handle(input, ui);
    }

    /// <inheritdoc/>
    public override void Describe(TextDocument help, Ui ui)
    {
        help.Add("Check", Role.Title)
            .Add("What is wrong with this host and its virtual machines, the worst first. Enter shows a finding in full: what it rests on, why it matters, and what to type. Checked again every 10 seconds while shown, else every 5 minutes; the header counts failures and warnings. The same on the shell: kvmtop check.")
            .Add(9, new("failure  ", Role.Critical), new("guests cannot run, or will break", Role.Text))
            .Add(9, new("warning  ", Role.Warn), new("costs performance or safety", Role.Text))
            .Add(9, new("unknown  ", Role.Disabled), new("could not be seen; the finding says why", Role.Text))
            .Add(9, new("info     ", Role.Accent), new("good to know, or a choice that has its price", Role.Text))
            .Add(9, new("a        ", Role.Key), new("also what is well", Role.Text));
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<CheckResult> Source(Ui ui)
    {
        _report = ui.Checks?.Report;
        return _report is null ? [] : _all ? _report.Results : [.. _report.Results.Where(r => r.Finding.Level != CheckLevel.Ok)];
    }

    /// <inheritdoc/>
    protected override string KeyOf(CheckResult row) => row.Check.Id + "/" + row.Finding.Vm + "/" + row.Finding.What;

    /// <inheritdoc/>
    protected override string Heading(CheckResult row) => row.Check.Title;

    /// <inheritdoc/>
    protected override (string Text, Role Role) Empty(Ui ui) =>
        ui.Checks is null ? ("Checks need a host.", Role.Disabled)
        : ui.Checks.Report is null ? (ui.Checks.Overdue is { } time ? Late(time) : "Checking ...", ui.Checks.Overdue is null ? Role.Dim : Role.Critical)
        : ("All is well. Press a for what was looked at.", Role.Good);

    /// <inheritdoc/>
    protected override (string Text, Role Role) Cell(CheckResult row, int column) => column switch
    {
        0 => (CheckText.Word(row.Finding.Level), RoleOf(row.Finding.Level)),
        1 => row.Finding.Vm is { } vm ? (HostileText.Clean(vm, 64), Role.Strong) : ("host", Role.Label),
        _ => (HostileText.Clean(row.Finding.What, 300), row.Finding.Level is CheckLevel.Ok ? Role.Dim : Role.Text),
    };

    /// <inheritdoc/>
    protected override int SummaryHeight(int width, int height, Ui ui) => 1;

    /// <inheritdoc/>
    protected override void DrawSummary(Pen pen, Rect area, Ui ui)
    {
        if (_report is { } report)
        {
            var worst = report.Results.Count > 0 ? report.Results[0].Finding.Level : CheckLevel.Ok;
            var time = report.Time.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
            var x = pen.Text(area.X + 1, area.Y, CheckText.Sum(report), RoleOf(worst), area.Right);
            pen.Text(x + 2, area.Y, $"checked {time}{(Trouble(ui) is { } trouble ? "; " + trouble : "")}", Trouble(ui) is null ? Role.Dim : Role.Critical, area.Right);
        }
    }

    /// <summary>Why these findings are not of now; null when they are.</summary>
    private static string? Trouble(Ui ui) => ui.Checks?.Overdue is { } overdue ? Late(overdue) : ui.Freshness.IsOld ? ui.Freshness.Words : null;

    private static string Late(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"a check has not come back for {time.TotalSeconds:0} s");

    /// <inheritdoc/>
    protected override TextDocument Describe(CheckResult row, Ui ui)
    {
        var finding = row.Finding;
        var text = new TextDocument().Add(0, new(CheckText.Word(finding.Level) + "  ", RoleOf(finding.Level)), new((finding.Vm is { } vm ? HostileText.Clean(vm, 64) + ": " : "") + HostileText.Clean(finding.What, 600), Role.Strong));
        Part("seen", finding.Evidence, Role.Text);
        Part("why", finding.Why, Role.Text);
        Part("fix", finding.Fix, Role.Accent);
        return text;

        void Part(string label, string? value, Role role)
        {
            if (!string.IsNullOrEmpty(value))
            {
                text.Add("").Add(6, new($"{label,-6}", Role.Label), new(HostileText.Clean(value, 1200), role));
            }
        }
    }

    private static Role RoleOf(CheckLevel level) => level switch
    {
        CheckLevel.Failure => Role.Critical,
        CheckLevel.Warning => Role.Warn,
        CheckLevel.Unknown => Role.Disabled,
        CheckLevel.Info => Role.Accent,
        _ => Role.Good,
    };
}
