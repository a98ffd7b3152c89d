using System.Globalization;
using System.Text.Json;
using KvmTop.Batch;
using KvmTop.Configuration;
using KvmTop.Screen.Overlays;
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
    private readonly CommandPrompt _prompt;
    private readonly TextInputState _delay = new(16);

    public Commands(App app)
    {
        (_app, _ui, _actions) = (app, app.Ui, new ActionKeys(app));
        var table = new TableCommands(app);
        _all =
        [
            Make("help", "F1 ? h", "this help: keys, and what each column means, from which source, with the thresholds", Help, Key.F1, '?', 'h') with { Hint = new("F1", "Help", 8) },
            Make("setup", "F2", "setup: columns, theme, delay; saved on request", Setup, Key.F2) with { Hint = new("F2", "Setup", 1) },
            Make("troubles", "e F7", "every VM in trouble, the most time lost first; Enter goes to it", () => _ui.Open(new TroublesOverlay()), Key.F7, 'e') with { Hint = new("e", "Trouble", 6) },
            Make("search", "F3 /", "search a name; n repeats", table.Search, Key.F3, '/') with { Hint = new("F3", "Search", 3) },
            Make("next", "n", "next match of the search", () => table.SearchAgain(next: true), null, 'n'),
            Make("filter", "F4 \\", "filter: a text, or column, operator, value, as rdy>5; joined with 'and', 'or'", table.Filter, Key.F4, '\\') with { Hint = new("F4", "Filter", 4) },
            Make("sort", "F6", "choose the sort column from all there are", table.SortMenu, Key.F6) with { Hint = new("F6", "Sort", 2) },
            Make("sortleft", "<", "sort by the column to the left", () => table.MoveSort(-1), null, '<'),
            Make("sortright", ">", "sort by the column to the right", () => table.MoveSort(1), null, '>'),
            Make("reverse", "r", "reverse the order", table.Reverse, null, 'r'),
            Make("mark", "Space", "mark the row under the cursor", table.Mark, null, ' '),
            Make("unmark", "u", "unmark all", table.Unmark, null, 'u'),
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
            Make("quit", "q F10 Ctrl-C", "quit", _app.Leave, Key.F10, 'q', '\x03') with { Hint = new("F10", "Quit", KeyHint.Always) },
        ];
        _prompt = new CommandPrompt(app, _all, _actions);
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
    public IEnumerable<KeyHint> Hints(IPane pane) => _all.Where(c => c.Hint is not null && c.Name != "quit" && (c.Name != "exits" || pane.IsAboutVms)).Select(c => c.Hint!)
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
        var selection = _app.Current.Selection;
        if (selection.Vms is [var vm])
        {
            _ui.OpenTrace = (vm, selection.Vcpus is { Count: > 0 } vcpus ? vcpus.First : null);
        }
        else if (selection.Vms.Count > 1)
        {
            _ui.Message = $"{selection.Vms.Count} VMs are marked: exits are traced of one at a time.";
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

    private void Line() => _prompt.Open();
}
