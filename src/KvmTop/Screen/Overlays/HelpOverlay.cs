using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>A long text over nearly the whole screen, to scroll and to search.</summary>
internal sealed class HelpOverlay(string title, TextDocument text) : IOverlay
{
    private static readonly KeyHint[] s_keys = [new("/", "Search"), new("n", "Next"), new("PgDn", "Scroll"), new("Esc", "Close")];

    private readonly ScrollTextState _scroll = new();
    private readonly TextInputState _input = new(128);
    private bool _typing;
    private bool _found = true;
    private int _searchedFrom;
    private Rect _place;
    private Rect _bottom;

    /// <inheritdoc/>
    public void Render(Buffer buffer, Rect screen, Ui ui)
    {
        // A margin shows that something lies below; a small screen has no room for one.
        _place = screen.Width >= 60 && screen.Height >= 16 ? screen.Inset(2, 1) : screen;
        var inner = Box.Render(buffer, _place, title, ui.Unicode, "Esc closes", Surface.Popup);
        (_bottom, var content) = inner.CutBottom(inner.Height > 2 ? 1 : 0);
        ScrollText.Render(buffer, content.Inset(content.Width > 4 ? 1 : 0, 0), text, _scroll, ui.Unicode, Surface.Popup);
        if (_typing)
        {
            TextInput.Render(buffer, _bottom, " /", _input, ui.Unicode);
        }
        else
        {
            KeyBar.Render(buffer, _bottom, s_keys, ui.Unicode, Surface.Popup);
        }

        if (!_found)
        {
            var words = $" not found: {_scroll.Search} ";
            var style = new Style(Role.Warn, _typing ? Surface.Input : Surface.Popup);
            Table.WriteCell(buffer, _bottom.CutRight(Math.Min(CellWidth.Of(words), _bottom.Width / 2)).Right, words, style, Align.Left, ui.Unicode);
        }
    }

    /// <inheritdoc/>
    public void Handle(InputEvent input, Ui ui)
    {
        if (OverlayKeys.IsClick(input))
        {
            Click(input, ui);
        }
        else if (_typing)
        {
            Type(input);
        }
        else if (OverlayKeys.Closes(input) || input.Key == Key.F1 || input.Is('h') || input.Is('?'))
        {
            ui.Close();
        }
        else if (input.Is('/') || input.Key == Key.F3)
        {
            (_typing, _searchedFrom) = (true, _scroll.Offset);
        }
        else if (input.Is('n'))
        {
            _found = _scroll.Search.Length == 0 || _scroll.FindNext();
        }
        else
        {
            _scroll.Handle(input.Is(' ') ? new InputEvent(Key.PageDown) : input);
        }
    }

    private void Type(InputEvent input)
    {
        if (input.Key is Key.Enter or Key.Escape || input.IsCtrl('C'))
        {
            _typing = false;
            if (input.Key != Key.Enter)
            {
                Search("");
                _input.Text = "";
            }

            _input.Commit();
        }
        else if (!_input.Handle(input))
        {
            _scroll.Handle(input);
        }
        else if (_input.Text != _scroll.Search)
        {
            Search(_input.Text);
        }
    }

    private void Search(string words)
    {
        _scroll.Offset = _searchedFrom;
        _found = _scroll.Find(words) || words.Length == 0;
    }

    private void Click(InputEvent input, Ui ui)
    {
        if (!_place.Contains(input.X, input.Y))
        {
            ui.Close();
            return;
        }

        var key = _typing ? -1 : KeyBar.HitTest(_bottom, s_keys, input.X, input.Y);
        if (key >= 0)
        {
            Handle(key switch { 0 => InputEvent.Of('/'), 1 => InputEvent.Of('n'), 2 => new InputEvent(Key.PageDown), _ => new InputEvent(Key.Escape) }, ui);
        }
    }
}
