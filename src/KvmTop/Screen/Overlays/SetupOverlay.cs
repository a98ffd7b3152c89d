using KvmTop.Configuration;
using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>Columns, theme and settings. What is changed shows at once and lasts for this session; s saves it.</summary>
internal sealed class SetupOverlay : IOverlay
{
    private const int HelpRows = 2;

    private static readonly KeyHint[] s_keys = [new("Tab", "Next"), new("s", "Save"), new("Esc", "Leave")];

    private readonly ISetupTarget _target;
    private readonly GeneralSection _general;
    private readonly SetupSection[] _sections;
    private readonly Tab[] _tabs;
    private int _active;
    private string? _message;
    private bool _failed;
    private Rect _place;
    private Rect _tabRow;
    private Rect _keyRow;

    /// <summary>Works on the screen as it is now.</summary>
    public SetupOverlay(ISetupTarget target)
    {
        _target = target;
        _general = new GeneralSection(target);
        _sections = [new ColumnsSection(target), new ThemeSection(target), _general];
        _tabs = [new("1", "Columns of " + target.TableTitle), new("2", "Theme"), new("3", "General")];
        _active = target.Columns.Count > 0 ? 0 : 1;
    }

    private SetupSection Section => _sections[_active];

    private KeyHint[] Keys => [.. Section.Keys, .. s_keys];

    /// <inheritdoc/>
    public void Render(Buffer buffer, Rect screen, Ui ui)
    {
        _place = screen.Width >= 60 && screen.Height >= 16 ? screen.Inset(2, 1).Center(100, 30) : screen;
        var inner = Box.Render(buffer, _place, "Setup", ui.Unicode, "Esc leaves", Surface.Popup);
        (_tabRow, var rest) = inner.CutTop(inner.Height > 1 ? 1 : 0);
        TabBar.Render(buffer, _tabRow, _tabs, _active, ui.Unicode, Surface.Popup);
        (_keyRow, rest) = rest.CutBottom(rest.Height > 4 ? 1 : 0);
        KeyBar.Render(buffer, _keyRow, Keys, ui.Unicode, Surface.Popup);

        var framed = rest.Height > 8;
        rest = framed ? rest.CutTop(1).Remaining : rest;
        (var help, rest) = rest.CutBottom(rest.Height > 4 ? HelpRows : 0);
        if (framed)
        {
            (var rule, rest) = rest.CutBottom(1);
            buffer.Fill(rule, new Style(Role.Border, Surface.Popup), ui.Unicode ? '─' : '-');
        }

        Section.Render(buffer, rest, ui.Unicode);
        RenderHelp(buffer, help.Inset(1, 0), ui.Unicode);
    }

    /// <inheritdoc/>
    public void Handle(InputEvent input, Ui ui)
    {
        (_message, _failed) = (null, false);
        var before = Section.List.Selected;
        if (OverlayKeys.IsClick(input))
        {
            Click(input, ui);
        }
        else if (OverlayKeys.Closes(input) || input.Key == Key.F2)
        {
            Leave(ui);
        }
        else if (input.Key is Key.Tab or Key.Right)
        {
            Go(_active + 1);
        }
        else if (input.Key is Key.BackTab or Key.Left)
        {
            Go(_active - 1);
        }
        else if (Section.List.Handle(input))
        {
            Moved(before);
        }
        else if (input.Key == Key.Enter || input.Is(' '))
        {
            Choose(ui);
        }
        else if (input.Key == Key.Character)
        {
            Type(input, ui);
        }
    }

    private void Type(InputEvent input, Ui ui)
    {
        switch (input.Rune.Value)
        {
            case '1' or '2' or '3':
                Go(input.Rune.Value - '1');
                break;
            case '<' or '-' when Section.Count > 0:
                Section.Shift(Section.List.Selected, -1);
                break;
            case '>' or '+' when Section.Count > 0:
                Section.Shift(Section.List.Selected, 1);
                break;
            case 'd':
                Section.Reset();
                break;
            case 's':
                Save(ui);
                break;
            default:
                break;
        }
    }

    private void Go(int section)
    {
        Section.Leave();
        _active = (section + _sections.Length) % _sections.Length;
    }

    private void Leave(Ui ui)
    {
        Section.Leave();
        ui.Close();
    }

    private void Moved(int before)
    {
        if (Section.List.Selected != before && Section.Count > 0)
        {
            Section.Moved(Section.List.Selected);
        }
    }

    private void Choose(Ui ui)
    {
        if (Section.Count > 0)
        {
            _message = Section.Choose(Section.List.Selected, ui);
        }
    }

    private void Click(InputEvent input, Ui ui)
    {
        if (!_place.Contains(input.X, input.Y))
        {
            Leave(ui);
        }
        else if (TabBar.HitTest(_tabRow, _tabs, _active, input.X, input.Y) is >= 0 and var tab)
        {
            Go(tab);
        }
        else if (KeyBar.HitTest(_keyRow, Keys, input.X, input.Y) is >= 0 and var key)
        {
            Handle(Pressed(Keys[key].Key), ui);
        }
        else
        {
            ClickItem(input, ui);
        }
    }

    // The first click goes there, as in the tables; another one, or one on the check mark, switches.
    private void ClickItem(InputEvent input, Ui ui)
    {
        var before = Section.List.Selected;
        if (Section.List.ClickAt(input.X, input.Y) < 0)
        {
            return;
        }

        Moved(before);
        if (Section.List.Selected == before || input.Key == Key.DoubleClick || input.X <= _place.X + 5)
        {
            Choose(ui);
        }
    }

    private static InputEvent Pressed(string key) => key switch
    {
        "Enter" => new(Key.Enter),
        "Space" => InputEvent.Of(' '),
        "Tab" => new(Key.Tab),
        "Esc" => new(Key.Escape),
        _ => InputEvent.Of(key[0]),
    };

    private void RenderHelp(Buffer buffer, Rect area, bool unicode)
    {
        if (_message is { } message)
        {
            var style = _failed ? Role.Critical : Role.Good;
            ScrollText.Render(buffer, area, new TextDocument().Add(message, style), new ScrollTextState(), unicode, Surface.Popup);
        }
        else if (Section.Count > 0)
        {
            ScrollText.Render(buffer, area, new TextDocument().Add(Section.HelpOf(Section.List.Selected), Role.Label), new ScrollTextState(), unicode, Surface.Popup);
        }
    }

    private void Save(Ui ui)
    {
        // What the screen shows is what is saved, a theme that was only looked at included.
        if (Section is ThemeSection)
        {
            Choose(ui);
        }

        _failed = true;
        if (ui.Files.Writable is not { } path)
        {
            _message = "Not saved: there is no home directory for a configuration file; give one with --config.";
            return;
        }

        var usual = _target.ChosenColumns.SequenceEqual(_target.UsualColumns);
        var options = _target.Options with { Theme = _target.Theme, Columns = usual ? [] : _target.ChosenColumns };

        // Switches that were not touched here may come from the environment or this run's command line: they are not the user's lasting wish.
        var settings = new List<Setting>(_general.Changed) { Settings.Of("theme"), Settings.Of("delay") };
        if (_target.SavesColumns && _target.Columns.Count > 0)
        {
            settings.Add(Settings.Of("columns"));
        }

        var problem = ConfigurationWriter.Save(path, options, settings);
        _failed = problem is not null;
        _message = problem is null ? $"Saved to {path}." : $"Not saved: {problem}";
    }
}
