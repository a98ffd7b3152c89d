using System.Text;

namespace KvmTop.Tui;

/// <summary>A line being typed: text, cursor, history and completions. Keys as in a shell.</summary>
public sealed class TextInputState
{
    // Each as a text of its own: what one press of Backspace takes away.
    private readonly List<string> _characters = [];
    private readonly List<string> _history = [];
    private readonly int _maxLength;
    private int _historyPlace;
    private string _draft = "";
    private int _completion = -1;
    private string _typed = "";

    /// <summary>An empty line; longer than this it does not get.</summary>
    public TextInputState(int maxLength = 1024)
    {
        _maxLength = maxLength;
    }

    /// <summary>What has been typed.</summary>
    public string Text
    {
        get => string.Concat(_characters);
        set => Replace(value);
    }

    /// <summary>The character under the cursor, counted from 0.</summary>
    public int Cursor { get; private set; }

    /// <summary>Where the cursor stands in <see cref="Text"/>.</summary>
    public int CursorInText => _characters.Take(Cursor).Sum(c => c.Length);

    /// <summary>Earlier lines, oldest first.</summary>
    public IReadOnlyList<string> History => _history;

    /// <summary>What Tab goes through; the application sets it after every change of <see cref="Text"/>.</summary>
    public IReadOnlyList<string> Completions { get; set; } = [];

    /// <summary>The completion that Tab has reached, -1 for none.</summary>
    public int SelectedCompletion => _completion;

    internal IReadOnlyList<string> Characters => _characters;

    /// <summary>Remembers the line in the history and empties it.</summary>
    public string Commit()
    {
        const int MaxHistory = 200;
        var text = Text;
        if (text.Length > 0 && (_history.Count == 0 || _history[^1] != text))
        {
            _history.Add(text);
            _history.RemoveRange(0, Math.Max(_history.Count - MaxHistory, 0));
        }

        Replace("");
        _historyPlace = _history.Count;
        return text;
    }

    /// <summary>Acts on a key that edits; false for any other (Enter, Escape, ..).</summary>
    public bool Handle(InputEvent input)
    {
        if (input.Key is Key.Tab or Key.BackTab)
        {
            return Complete(input.Key == Key.Tab ? 1 : -1);
        }

        var handled = input.Key == Key.Character ? HandleCharacter(input.Rune) : HandleKey(input.Key);
        if (handled)
        {
            _completion = -1;
        }

        return handled;
    }

    private bool HandleKey(Key key)
    {
        switch (key)
        {
            case Key.Left:
                Cursor = Math.Max(Cursor - 1, 0);
                return true;
            case Key.Right:
                Cursor = Math.Min(Cursor + 1, _characters.Count);
                return true;
            case Key.Home:
                Cursor = 0;
                return true;
            case Key.End:
                Cursor = _characters.Count;
                return true;
            case Key.Backspace:
                Remove(Math.Max(Cursor - 1, 0), Cursor);
                return true;
            case Key.Delete:
                Remove(Cursor, Math.Min(Cursor + 1, _characters.Count));
                return true;
            case Key.Up:
                return Recall(-1);
            case Key.Down:
                return Recall(1);
            default:
                return false;
        }
    }

    private bool HandleCharacter(Rune rune)
    {
        switch (rune.Value)
        {
            case 'A' & 0x1f:
                Cursor = 0;
                return true;
            case 'E' & 0x1f:
                Cursor = _characters.Count;
                return true;
            case 'U' & 0x1f:
                Remove(0, Cursor);
                return true;
            case 'K' & 0x1f:
                Remove(Cursor, _characters.Count);
                return true;
            case 'W' & 0x1f:
                Remove(WordStart(), Cursor);
                return true;
            default:
                if (CellWidth.Of(rune) < 0)
                {
                    return false;
                }

                if (_characters.Count < _maxLength)
                {
                    _characters.Insert(Cursor++, rune.ToString());
                }

                return true;
        }
    }

    private int WordStart()
    {
        var at = Cursor;
        while (at > 0 && string.IsNullOrWhiteSpace(_characters[at - 1]))
        {
            at--;
        }

        while (at > 0 && !string.IsNullOrWhiteSpace(_characters[at - 1]))
        {
            at--;
        }

        return at;
    }

    private void Remove(int from, int to)
    {
        _characters.RemoveRange(from, to - from);
        Cursor = from;
    }

    private bool Recall(int direction)
    {
        var place = Math.Clamp(_historyPlace + direction, 0, _history.Count);
        if (place == _historyPlace)
        {
            return _history.Count > 0;
        }

        if (_historyPlace == _history.Count)
        {
            _draft = Text;
        }

        _historyPlace = place;
        Replace(place == _history.Count ? _draft : _history[place]);
        return true;
    }

    private bool Complete(int direction)
    {
        if (Completions.Count == 0)
        {
            return false;
        }

        if (_completion < 0)
        {
            _typed = Text;
        }

        // One place more than there are completions: what was typed comes round again.
        var places = Completions.Count + 1;
        var next = (((_completion + 1 + direction) % places) + places) % places;
        Replace(next == 0 ? _typed : Completions[next - 1]);
        _completion = next - 1;
        return true;
    }

    private void Replace(string text)
    {
        _characters.Clear();
        foreach (var rune in text.EnumerateRunes())
        {
            if (_characters.Count < _maxLength && CellWidth.Of(rune) >= 0)
            {
                _characters.Add(rune.ToString());
            }
        }

        Cursor = _characters.Count;
        _completion = -1;
    }
}

/// <summary>Draws a <see cref="TextInputState"/>: a prompt and the part of the text around the cursor, which is shown reversed.</summary>
public static class TextInput
{
    /// <summary>Draws into the first row of the area; the completions, when there are any, into the rows below.</summary>
    public static void Render(Buffer buffer, Rect area, ReadOnlySpan<char> prompt, TextInputState state, bool unicode)
    {
        var (row, below) = area.CutTop(1);
        buffer.Fill(row, new Style(Role.Text, Surface.Input));
        if (row.IsEmpty)
        {
            return;
        }

        var start = buffer.Write(row.X, row.Y, prompt, new Style(Role.Key, Surface.Input), row.Width);
        var room = row.Right - start;
        var first = FirstVisible(state, room);
        var x = start;
        for (var i = first; i < state.Characters.Count && x < row.Right; i++)
        {
            x = buffer.Write(x, row.Y, state.Characters[i], new Style(Role.Text, i == state.Cursor ? Surface.Selected : Surface.Input), row.Right - x);
        }

        if (state.Cursor == state.Characters.Count && x < row.Right)
        {
            buffer.Set(x, row.Y, ' ', new Style(Role.Text, Surface.Selected));
        }

        if (first > 0 && start < row.Right)
        {
            buffer.Set(start, row.Y, Glyphs.MoreLeft(unicode), new Style(Role.Accent, Surface.Input));
        }

        RenderCompletions(buffer, below, state);
    }

    private static void RenderCompletions(Buffer buffer, Rect area, TextInputState state)
    {
        // The one that Tab has reached stays on the screen.
        var first = Math.Max(state.SelectedCompletion - area.Height + 1, 0);
        for (var i = 0; i < area.Height && first + i < state.Completions.Count; i++)
        {
            var line = new Rect(area.X, area.Y + i, area.Width, 1);
            var surface = first + i == state.SelectedCompletion ? Surface.Selected : Surface.Popup;
            buffer.Fill(line, new Style(Role.Text, surface));
            buffer.Write(line.X + 1, line.Y, state.Completions[first + i], new Style(Role.Text, surface), Math.Max(line.Width - 2, 0));
        }
    }

    /// <summary>The first character to draw, so that the cursor is on the screen.</summary>
    private static int FirstVisible(TextInputState state, int room)
    {
        var (first, used) = (state.Cursor, 1);
        while (first > 0)
        {
            used += Math.Max(CellWidth.Of(state.Characters[first - 1]), 0);
            if (used > room)
            {
                // The mark that there is more takes the place of this one.
                return first;
            }

            first--;
        }

        return 0;
    }
}
