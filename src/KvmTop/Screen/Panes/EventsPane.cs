using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Text;
using KvmTop.Tui;
using KvmTop.Vmm;

namespace KvmTop.Screen.Panes;

/// <summary>How the reading of each source goes, and what has happened, newest first.</summary>
internal sealed class EventsPane : IPane
{
    private const int LongestText = 4096;

    private static readonly TableColumn[] s_columns =
    [
        new("TIME", 8) { Frozen = true },
        new("SEVERITY", 8) { Frozen = true },
        new("SOURCE", 14) { Priority = 2 },
        new("SUBJECT", 16) { Priority = 1 },
        new("WHAT HAPPENED", 20) { Flex = 1 },
    ];

    private readonly TableState _table = new();
    private readonly List<KeptEvent> _shown = [];
    private readonly Rows _rows;
    private Severity _least = Severity.Info;
    private EventList? _listed;
    private long _following = -1;
    private TextDocument? _detail;
    private long _detailOf = -1;

    public EventsPane() => _rows = new Rows(this);

    /// <inheritdoc/>
    public string Id => "events";

    /// <inheritdoc/>
    public string Title => "Events";

    /// <inheritdoc/>
    public char Key => '9';

    /// <inheritdoc/>
    public IReadOnlyCollection<Topic> Needs { get; } = [QmpTopic.Instance, LibvirtTopic.Instance];

    /// <inheritdoc/>
    public IReadOnlyList<KeyHint> Hints { get; } = [new("s", "Severity")];

    /// <inheritdoc/>
    public void Update(Ui ui)
    {
        if (_listed != ui.Snapshot.Events)
        {
            _listed = ui.Snapshot.Events;
            Fill();
        }
    }

    /// <inheritdoc/>
    public void Render(Buffer buffer, Rect area, Ui ui)
    {
        var pen = new Pen(buffer, ui.Unicode);
        var sources = ui.Snapshot.Sources.OrderBy(s => ui.Freshness.IsOld && s.Topic.Title == ui.Freshness.Source ? -1 : Rank(s.Shown)).ThenBy(s => s.Topic.Id, StringComparer.Ordinal).ToList();
        var room = area.Height < 12 ? 0 : Math.Min(Math.Max(sources.Count, 1) + 3, area.Height * 2 / 5);
        var (top, rest) = area.CutTop(room);
        DrawSources(pen, top, sources, ui);
        DrawEvents(pen, rest);
    }

    /// <inheritdoc/>
    public bool Handle(InputEvent input, Ui ui)
    {
        if (input.Is('s'))
        {
            _least = _least == Severity.Critical ? Severity.Info : _least + 1;
            Fill();
            return true;
        }

        if (input.Key is Tui.Key.Click or Tui.Key.DoubleClick)
        {
            var hit = _table.ClickAt(input.X, input.Y);
            Follow();
            return hit.Row >= 0;
        }

        if (!_table.Handle(input))
        {
            return false;
        }

        Follow();
        return true;
    }

    /// <inheritdoc/>
    public void Describe(TextDocument help, Ui ui)
    {
        help.Add("Events", Role.Title)
            .Add("Above, each source that is read now: how its last reading went, how old it is, what it took, and why it says nothing. Below, what happened since kvmtop started, newest first; the selected event is shown in full at the bottom.")
            .Add(9, new("s        ", Role.Key), new("all events, warnings and worse, critical ones only", Role.Text))
            .Add(9, new("ok       ", Role.Good), new("read, and fresh", Role.Text))
            .Add(9, new("measuring ", Role.Dim), new("the first reading: rates come with the second", Role.Text))
            .Add(9, new("partial  ", Role.Warn), new("some of those that it is about say nothing, such as a monitor that another client holds", Role.Text))
            .Add(9, new("stale    ", Role.Critical), new("the reader has not come back in time: the value is old", Role.Text))
            .Add(9, new("hangs    ", Role.Critical), new("it is being read, and nothing else is until that ends", Role.Text))
            .Add(9, new("denied   ", Role.Warn), new("the kernel refuses it to this user: root, or a capability, helps", Role.Text))
            .Add(9, new("unsupported ", Role.Disabled), new("this kernel or machine does not have it", Role.Text))
            .Add(9, new("failed   ", Role.Critical), new("reading went wrong; the reason says how", Role.Text));
    }

    private static int Rank(ReadingStatus status) => status switch
    {
        ReadingStatus.Failed => 0,
        ReadingStatus.Denied => 1,
        ReadingStatus.Stale => 2,
        ReadingStatus.Partial => 3,
        ReadingStatus.Unsupported => 4,
        ReadingStatus.NoData => 5,
        ReadingStatus.Measuring => 6,
        _ => 7,
    };

    private static (string Word, Role Role) Word(ReadingStatus status) => status switch
    {
        ReadingStatus.Ok => ("ok", Role.Good),
        ReadingStatus.Denied => ("denied", Role.Warn),
        ReadingStatus.Stale => ("stale", Role.Critical),
        ReadingStatus.Partial => ("partial", Role.Warn),
        ReadingStatus.Measuring => ("measuring", Role.Dim),
        ReadingStatus.Failed => ("failed", Role.Critical),
        ReadingStatus.Unsupported => ("unsupported", Role.Disabled),
        _ => ("not read", Role.Disabled),
    };

    private static string Word(Severity severity) => severity switch
    {
        Severity.Critical => "critical",
        Severity.Warning => "warning",
        _ => "info",
    };

    private static void DrawSources(Pen pen, Rect area, List<TopicState> sources, Ui ui)
    {
        var now = ui.Snapshot.Time;
        var late = ui.Freshness is { IsOld: true, Source: not null } ? ui.Freshness : null;
        if (area.Height < 3)
        {
            return;
        }

        int bad = 0, waiting = 0;
        foreach (var source in sources)
        {
            var isNew = source.Shown is ReadingStatus.NoData or ReadingStatus.Measuring;
            waiting += isNew ? 1 : 0;
            bad += isNew || source.Shown is ReadingStatus.Ok ? 0 : 1;
        }

        var inner = pen.Frame(area, "Sources", late is not null ? late.Words : bad > 0 ? FormattableString.Invariant($"{bad} of {sources.Count} not well")
            : waiting > 0 || sources.Count == 0 ? FormattableString.Invariant($"{sources.Count} read, {waiting} not measured yet") : FormattableString.Invariant($"{sources.Count} read, all well"));
        var wide = inner.Width >= 90;
        var (name, status, age, took) = (wide ? 26 : 16, 12, 8, 8);
        var x = inner.X;
        pen.Text(x, inner.Y, "SOURCE", Role.Heading, inner.Right);
        pen.Text(x + name, inner.Y, "STATUS", Role.Heading, inner.Right);
        pen.Text(x + name + status + 4, inner.Y, "AGE", Role.Heading, inner.Right);
        pen.Text(x + name + status + age + 3, inner.Y, "TOOK", Role.Heading, inner.Right);
        pen.Text(x + name + status + age + took + 1, inner.Y, "WHY", Role.Heading, inner.Right);
        for (var i = 0; i < sources.Count && i + 1 < inner.Height; i++)
        {
            var (source, y) = (sources[i], inner.Y + 1 + i);
            if (i + 2 == inner.Height && i + 1 < sources.Count)
            {
                pen.Text(x, y, string.Create(CultureInfo.InvariantCulture, $"and {sources.Count - i} more"), Role.Dim, inner.Right);
                break;
            }

            var hangs = late is not null && late.Source == source.Topic.Title;
            var (word, role) = hangs ? ("hangs", Role.Critical) : Word(source.Shown);
            pen.Text(x, y, wide ? source.Topic.Title : source.Topic.Id, Role.Text, x + name - 1);
            pen.Text(x + name, y, word, role, inner.Right);
            var read = source.Time != default;
            if (x + name + status + age + took <= inner.Right)
            {
                pen.Number(x + name + status + 7, y, read ? Math.Max((now - source.Time).TotalSeconds, 0) + (late?.Age.TotalSeconds ?? 0) : double.NaN, Unit.Seconds, 6, read ? Role.Dim : Role.Disabled);
                pen.Number(x + name + status + age + 7, y, read ? source.Duration.TotalSeconds : double.NaN, Unit.Seconds, 6, read ? Role.Dim : Role.Disabled);
            }

            pen.Text(x + name + status + age + took + 1, y, hangs ? late!.Words : HostileText.Clean(source.Reason ?? "", 400), Role.Text, inner.Right);
        }
    }

    private void DrawEvents(Pen pen, Rect area)
    {
        var filter = _least switch { Severity.Info => "all", Severity.Warning => "warnings and worse", _ => "critical only" };
        var total = _listed?.Total ?? 0;
        var right = string.Create(CultureInfo.InvariantCulture, $"{filter}{pen.Dot}{_shown.Count} of {total}");
        var inner = area.Height >= 5 ? pen.Frame(area, "Events", right) : area;
        if (_shown.Count == 0)
        {
            pen.Text(inner.X, inner.Y, total == 0 ? "Nothing has happened yet." : $"Nothing of this severity ({filter}): press s for the others.", Role.Dim, inner.Right);
            return;
        }

        // The whole text of the selected event stands below the list, in as many rows as it takes.
        var detail = inner.Height >= 8 ? Detail() : null;
        var rows = detail is null ? 0 : Math.Clamp(detail.Height(Math.Max(inner.Width, 1)), 1, Math.Max(inner.Height / 3, 1)) + 1;
        var (bottom, list) = inner.CutBottom(rows);
        if (_following >= 0 && _shown.FindIndex(s => s.Number == _following) is >= 0 and var place)
        {
            _table.Selected = place;
        }

        Table.Render(pen.Buffer, list, s_columns, _rows, _table, -1, false, pen.Unicode);
        if (detail is not null)
        {
            var (rule, text) = bottom.CutTop(1);
            pen.Buffer.Fill(rule, Role.Border, pen.Unicode ? '─' : '-');
            ScrollText.Render(pen.Buffer, text, detail, new ScrollTextState(), pen.Unicode);
        }
    }

    private TextDocument? Detail()
    {
        var selected = Math.Clamp(_table.Selected, 0, _shown.Count - 1);
        var (number, e, times) = _shown[selected];
        if (_detailOf != number)
        {
            _detailOf = number;
            _detail = new TextDocument().Add(
                0,
                new($"{Time(e)} ", Role.Dim),
                new(Word(e.Severity), Pen.RoleOf(e.Severity)),
                new($" {HostileText.Clean(e.Source, 64)} ", Role.Label),
                new(e.Subject is null ? "" : HostileText.Clean(e.Subject, 512) + ": ", Role.Strong),
                new(HostileText.Clean(e.Text, LongestText), Role.Text),
                new(Often(times), Role.Dim));
        }

        return _detail;
    }

    private static string Time(HostEvent e) => e.Time.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    private void Fill()
    {
        _shown.Clear();
        _detailOf = -1;
        if (_listed is not { } events)
        {
            return;
        }

        foreach (var kept in events.Kept)
        {
            if (kept.Event.Severity >= _least)
                _shown.Add(kept);
        }

        _shown.Reverse();
    }

    // At the top the cursor stays on the newest; elsewhere it stays on its event while newer ones push it down.
    private void Follow() => _following = _table.Selected > 0 && _table.Selected < _shown.Count ? _shown[_table.Selected].Number : -1;

    private static string Often(int times) => times > 1 ? string.Create(CultureInfo.InvariantCulture, $" ({times} times)") : "";

    private sealed class Rows(EventsPane pane) : ITableRows
    {
        public int Count => pane._shown.Count;

        public bool IsMarked(int row) => false;

        public void DrawCell(Buffer buffer, int row, int column, Rect cell, Surface surface)
        {
            var (_, e, times) = pane._shown[row];
            var (text, role) = column switch
            {
                0 => (Time(e), Role.Dim),
                1 => (Word(e.Severity), e.Severity == Severity.Info ? Role.Dim : Pen.RoleOf(e.Severity)),
                2 => (HostileText.Clean(e.Source, 32), Role.Label),
                3 => (HostileText.Clean(e.Subject ?? "", 64), Role.Strong),
                _ => (HostileText.Clean(e.Text, 480) + Often(times), Role.Text),
            };
            Span<char> target = stackalloc char[512];
            var n = FigureFormat.Format(target, Figure.Of(text), Unit.Text, Math.Min(cell.Width, 256));
            buffer.Write(cell.X, cell.Y, target[..n], new Style(role, surface), cell.Width);
        }
    }
}
