using System.Globalization;
using System.Text.Json;
using KvmTop.Actions;
using KvmTop.Batch;
using KvmTop.Configuration;
using KvmTop.Screen.Overlays;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen;

/// <summary>The commands that work in every pane, in one table: keys, footer, help and the <c>:</c> line all read it.</summary>
internal sealed class Commands
{
    private static readonly double[] s_delays = [0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 30, 60];

    // Where the footer is too narrow for all, the keys of every day stay, then those that act on what suffers.
    private const int Acting = 4, Rare = 3;

    private readonly App _app;
    private readonly Ui _ui;
    private readonly Command[] _all;
    private readonly ActionKeys _actions;
    private readonly TextInputState _search = new();
    private readonly TextInputState _filter = new();
    private readonly TextInputState _line = new();
    private readonly TextInputState _delay = new(16);

    public Commands(App app)
    {
        (_app, _ui, _actions) = (app, app.Ui, new ActionKeys(app));
        _all =
        [
            Make("help", "F1 ? h", "this help: keys, and what each column means, from which source, with the thresholds", Help, Key.F1, '?', 'h') with { Hint = new("F1", "Help", 8) },
            Make("setup", "F2", "setup: columns, theme, delay; saved on request", Setup, Key.F2) with { Hint = new("F2", "Setup", 1) },
            Make("search", "F3 /", "search a name; n repeats", Search, Key.F3, '/') with { Hint = new("F3", "Search", 3) },
            Make("next", "n", "next match of the search", () => SearchAgain(next: true), null, 'n'),
            Make("filter", "F4 \\", "filter: a text, or column, operator, value, as rdy>5; joined with 'and', 'or'", Filter, Key.F4, '\\') with { Hint = new("F4", "Filter", 4) },
            Make("sort", "F6", "choose the sort column from all there are", SortMenu, Key.F6) with { Hint = new("F6", "Sort", 2) },
            Make("sortleft", "<", "sort by the column to the left", () => MoveSort(-1), null, '<'),
            Make("sortright", ">", "sort by the column to the right", () => MoveSort(1), null, '>'),
            Make("reverse", "r", "reverse the order", Reverse, null, 'r'),
            Make("mark", "Space", "mark the row under the cursor", Mark, null, ' '),
            Make("unmark", "u", "unmark all", () => _app.CurrentTable?.ClearMarks(), null, 'u'),
            Make("freeze", "f", "freeze the display; reading goes on", Freeze, null, 'f'),
            Make("delay", "d", "seconds from one reading to the next", Delay, null, 'd'),
            Make("faster", "+", "read more often", () => Step(-1), null, '+', '='),
            Make("slower", "-", "read less often", () => Step(1), null, '-'),
            Make("theme", "c", "next theme", NextTheme, null, 'c'),
            Make("scale", "i", "percentages of a VM: of one CPU, or of all its vCPUs together", Scale, null, 'i'),
            Make("write", "w", "write what is known now to a JSON file in the current directory", Write, null, 'w'),
            Make("command", ":", "command line: the name of a command, a pane, or a setting with its value", Line, null, ':'),
            .. ActionKeys.All.Select(a => Make(a.Word, a.Key.ToString(), a.Help, () => _actions.Open(a.Key), null, a.Key) with { Hint = new(a.Key.ToString(), a.Hint, "NPSK".Contains(a.Key, StringComparison.Ordinal) ? Acting : Rare) }),
            Make("undo", "U", "take back what was done, or keep what would be taken back by itself", _actions.OpenUndo, null, 'U') with { Hint = new("U", "Undo", Rare) },
            Make("actions", "F9", "menu of all actions; those that cannot run now say why", _actions.OpenAll, Key.F9) with { Hint = new("F9", "Actions") },
            Make("arm", "!", "actions off (read-only) or on", Arm, null, '!'),
            Make("nextpane", "Tab", "next pane", () => _app.ShowNext(1), Key.Tab),
            Make("previouspane", "Shift-Tab", "previous pane", () => _app.ShowNext(-1), Key.BackTab),
            Make("redraw", "Ctrl-L", "draw everything anew", _app.Redraw, null, '\f'),
            Make("exits", "X", "trace the exits of the VM under the cursor: why, how many, how long", TraceExits, null, 'X') with { Hint = new("X", "Exits") },
            Make("suspend", "Ctrl-Z", "stop, until the shell's fg", _app.Suspend, null, '\x1a'),
            Make("quit", "q F10 Ctrl-C", "quit", () => _ui.Leaving = true, Key.F10, 'q', '\x03') with { Hint = new("F10", "Quit", KeyHint.Always) },
        ];
    }

    /// <summary>Runs the command of a key.</summary>
    public void Handle(InputEvent input)
    {
        foreach (var command in _all)
        {
            if (command.Matches(input))
            {
                command.Run();
                return;
            }
        }

        if (input.Key == Key.Character && _app.Panes.FirstOrDefault(p => input.Is(p.Key)) is { } pane)
        {
            _ = _app.Show(pane.Id);
        }
    }

    /// <summary>What the footer shows for a pane.</summary>
    public IEnumerable<KeyHint> Hints(IPane pane) => _all.Where(c => c.Hint is not null && c.Name != "quit" && (c.Name != "exits" || pane is IVmSelection)).Select(c => c.Hint!)
        .Concat(pane.Hints)
        .Concat(_all.Where(c => c.Name == "quit").Select(c => c.Hint!));

    /// <summary>Runs what was clicked in the footer.</summary>
    public bool Click(Rect footer, KeyHint[] hints, InputEvent input)
    {
        var index = KeyBar.HitTest(footer, hints, input.X, input.Y);
        if (index < 0)
        {
            return false;
        }

        if (_all.FirstOrDefault(c => c.Hint == hints[index]) is { } command)
        {
            command.Run();
        }
        else if (Enum.TryParse<Key>(hints[index].Key, out var key))
        {
            _ = _app.Current.Handle(new InputEvent(key), _ui);
        }
        else if (hints[index].Key.Length == 1)
        {
            _ = _app.Current.Handle(InputEvent.Of(hints[index].Key[0]), _ui);
        }

        return true;
    }

    private static Command Make(string name, string keys, string help, Action run, Key? key, params char[] characters) =>
        new(name, keys, help, input => (key is { } k && input.Key == k) || (input.Key == Key.Character && Array.Exists(characters, input.Is)), run);

    private void Help()
    {
        var help = new TextDocument();
        help.Add("Keys", Role.Title);
        foreach (var pane in _app.Panes)
        {
            help.Add(16, new TextSpan($"  {pane.Key}".PadRight(16), Role.Key), new TextSpan($"pane {pane.Title}", Role.Text));
        }

        foreach (var command in _all)
        {
            help.Add(16, new TextSpan($"  {command.Keys}".PadRight(16), Role.Key), new TextSpan(command.Help, Role.Text), new TextSpan($"  :{command.Name}", Role.Dim));
        }

        help.Add("");
        help.Add("Lower-case keys and function keys never change the host. A figure that is missing shows as -, with the reason below.", Role.Text);
        help.Add("Memory is in IEC units (1K = 1024), rates are per second, percentages are of one CPU unless said otherwise.", Role.Text);
        help.Add("");
        help.Add(_app.Current.Title, Role.Title);
        _app.Current.Describe(help, _ui);
        _ui.Open(new HelpOverlay($"kvmtop: help on {_app.Current.Title}", help));
    }

    private void Setup() => _ui.Open(new SetupOverlay(new SetupTarget(_app)));

    private void Search()
    {
        if (_app.CurrentTable is not { } table)
        {
            _ui.Message = "Nothing to search in here: / works in tables and in the help.";
            return;
        }

        _search.Text = "";
        _ui.Open(new PromptOverlay(
            "Search", _search, static (_, _) => [], text => table.Search(text, next: false) ? null : "not found", changed: null, _ => SearchAgain(next: false), static () => { }));
    }

    private void SearchAgain(bool next)
    {
        // Enter has put the text into the history.
        var text = _search.Text.Length > 0 ? _search.Text : _search.History.Count > 0 ? _search.History[^1] : "";
        if (_app.CurrentTable is { } table && text.Length > 0 && !table.Search(text, next))
        {
            _ui.Message = $"Not found: {text}";
        }
    }

    private void Filter()
    {
        if (_app.CurrentTable is not { } table)
        {
            _ui.Message = "Nothing to filter here.";
            return;
        }

        var before = table.Filter;
        _filter.Text = before;
        _ui.Open(new PromptOverlay(
            "Filter",
            _filter,
            table.CompleteFilter,
            table.CheckFilter,
            text => _ = table.SetFilter(text),
            text => _ui.Message = table.SetFilter(text),
            () => table.SetFilter(""),
            "a text, or rdy>5, mem>=4G, name~web; Esc shows all"));
    }

    private void SortMenu()
    {
        if (_app.CurrentTable is not { } table)
        {
            _ui.Message = "Nothing to sort here.";
            return;
        }

        var columns = table.AvailableColumns;
        var items = columns.Select(c => new MenuItem(c.Title, c.Id)).ToArray();
        var current = Math.Max(0, columns.ToList().FindIndex(c => c.Id == table.Sort.Column));
        _ui.Open(new MenuOverlay(
            "Sort by",
            items,
            i =>
            {
                table.Sort = new SortSpec(columns[i].Id, Reversed: false);
                _app.Refresh();
            },
            current));
    }

    private void MoveSort(int columns)
    {
        if (_app.CurrentTable is { } table)
        {
            table.MoveSort(columns);
            _app.Refresh();
        }
    }

    private void Reverse()
    {
        if (_app.CurrentTable is { } table)
        {
            table.Sort = table.Sort with { Reversed = !table.Sort.Reversed };
            _app.Refresh();
        }
    }

    private void Mark()
    {
        if (_app.CurrentTable is { } table)
        {
            table.ToggleMark();
            _ = table.Handle(new InputEvent(Key.Down), _ui);
        }
    }

    private void Freeze()
    {
        _ui.Frozen = !_ui.Frozen;
        _ui.Message = _ui.Frozen ? "Frozen: f goes on." : null;
    }

    private void Delay()
    {
        var setting = Settings.Of("delay");
        _delay.Text = setting.Format(_ui.Options);
        _ui.Open(new PromptOverlay(
            "Delay in seconds",
            _delay,
            static (_, _) => [],
            text => setting.TryApply(_ui.Options, text, out _, out var problem) ? null : problem,
            changed: null,
            text =>
            {
                if (setting.TryApply(_ui.Options, text, out var options, out var problem))
                {
                    _app.Apply(options);
                }
                else
                {
                    _ui.Message = problem;
                }
            },
            static () => { }));
    }

    private void Step(int direction)
    {
        var now = _ui.Options.Delay.TotalSeconds;
        var next = direction > 0 ? s_delays.FirstOrDefault(d => d > now + 0.001, s_delays[^1]) : s_delays.LastOrDefault(d => d < now - 0.001, s_delays[0]);
        _app.SetDelay(TimeSpan.FromSeconds(next));
        _ui.Message = string.Create(CultureInfo.InvariantCulture, $"Reading every {next} s.");
    }

    private void NextTheme()
    {
        var names = _app.ThemeSet.Names;
        var at = names.ToList().IndexOf(_ui.Options.Theme);
        string? broken = null;
        for (var i = 1; i <= names.Count; i++)
        {
            // One that cannot be read is told and passed over: the themes behind it stay within reach.
            var name = names[(at + i) % names.Count];
            if (_app.ThemeSet.TryUse(name, out var problem))
            {
                _app.Apply(_ui.Options with { Theme = name });
                _ui.Message = broken ?? $"Theme {name}: F2 saves it.";
                return;
            }

            broken ??= problem;
        }

        _ui.Message = broken;
    }

    private void Scale()
    {
        _ui.WholeVm = !_ui.WholeVm;
        _app.Refresh();
    }

    private void TraceExits()
    {
        if ((_app.Current as IVmSelection)?.SelectedVm is { } selected)
        {
            _ui.OpenTrace = selected;
        }
        else
        {
            _ui.Message = "No VM under the cursor: X traces one in the panes VMs and vCPUs and in a VM's view.";
        }
    }

    private void Arm()
    {
        _ui.ReadOnly = !_ui.ReadOnly;
        _ui.Message = _ui.ReadOnly ? "Read-only: no action will change the host." : "Actions are armed; each still shows its plan and asks first.";
    }

    private void Write()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"kvmtop-{_ui.Snapshot.Time:yyyyMMdd-HHmmss}.json");
        try
        {
            // A new file or none: what stands under that name is never touched, nor followed if it is a link.
            using var file = new FileStream(name, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
            using var writer = new Utf8JsonWriter(file);
            RecordJson.Write(writer, _ui.Snapshot);
            _ui.Message = $"Written: {Path.GetFullPath(name)}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _ui.Message = $"Not written: {e.Message}";
        }
    }

    private void Line()
    {
        _line.Text = "";
        IReadOnlyList<Candidate> commands =
        [
            .. ActionCatalog.All.Select(a => a.Name.Split(' ')[0]).Distinct().Select(w => new Candidate(0, w, "action: kvmtop " + w)),
            .. _all.Select(c => new Candidate(0, c.Name, c.Help)),
            .. _app.Panes.Select(p => new Candidate(0, p.Id, $"pane {p.Title}")),
            .. Settings.All.Where(s => s.InSetup).Select(s => new Candidate(0, s.Id, s.Help)),
        ];
        var values = new Dictionary<string, IReadOnlyList<string>> { ["theme"] = _app.ThemeSet.Names };
        _ui.Open(new PromptOverlay(
            ":", _line, (text, cursor) => Completion.ForCommand(text, cursor, commands, values, ActionKeys.After), text => Try(text, run: false), changed: null, text => _ui.Message = Try(text, run: true) ?? _ui.Message, static () => { }));
    }

    /// <summary>Understands a command line, and carries it out when asked to; returns what is wrong with it, or null.</summary>
    private string? Try(string text, bool run)
    {
        var line = text.Trim();
        if (line.Length == 0)
        {
            return null;
        }

        if (_all.FirstOrDefault(c => c.Name == line) is { } command)
        {
            if (run)
            {
                command.Run();
            }

            return null;
        }

        if (_app.Panes.FirstOrDefault(p => p.Id == line) is { } pane)
        {
            if (run)
            {
                _ = _app.Show(pane.Id);
            }

            return null;
        }

        if (ShellWords.Split(line) is { Count: > 0 } words && (ActionCatalog.Find(words, out _) is not null || words is ["undo", _]))
        {
            if (run)
            {
                _actions.Run(words);
            }

            return null;
        }

        if (!SettingCommand.TryApply(line, _ui.Options, out var options, out var problem))
        {
            return $"no command, pane or setting: {line}";
        }

        if (problem.Length == 0 && run)
        {
            _app.Apply(options);
        }

        return problem.Length == 0 ? null : problem;
    }
}
