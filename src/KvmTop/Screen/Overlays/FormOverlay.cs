using KvmTop.Actions;
using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>Values to be typed, one below the other: what an action wants to know before it can be planned.</summary>
internal sealed class FormOverlay : IOverlay
{
    private readonly string _title;
    private readonly IReadOnlyList<ActionField> _fields;
    private readonly Action<IReadOnlyList<string>> _accept;
    private readonly TextInputState[] _states;
    private readonly Rect[] _rows;
    private int _selected;
    private Rect _place;
    private Rect _buttonRow;

    /// <param name="title">What will be done with them.</param>
    /// <param name="fields">What is asked for.</param>
    /// <param name="accept">Called with the values after the form has gone.</param>
    public FormOverlay(string title, IReadOnlyList<ActionField> fields, Action<IReadOnlyList<string>> accept)
    {
        (_title, _fields, _accept) = (title, fields, accept);
        _states = new TextInputState[fields.Count];
        _rows = new Rect[fields.Count];
        for (var i = 0; i < fields.Count; i++)
        {
            _states[i] = new TextInputState { Text = fields[i].Initial, Completions = fields[i].Options };
        }
    }

    /// <inheritdoc/>
    public void Render(Buffer buffer, Rect screen, Ui ui)
    {
        var label = _fields.Max(f => CellWidth.Of(f.Label)) + 2;
        var width = Math.Min(screen.Width, Math.Max(76, label + 40));
        _place = screen.Center(width, Math.Min(screen.Height, _fields.Count + 6));
        var inner = Box.Render(buffer, _place, _title, ui.Unicode, "Enter goes on, Esc leaves", Surface.Popup).Inset(1, 0);
        (var hint, var rest) = inner.CutBottom(2);
        (_buttonRow, hint) = hint.CutBottom(1);

        // Where not all fit, those around the one being typed are shown.
        var room = Math.Max(rest.Height, 1);
        var first = Math.Clamp(_selected - (room / 2), 0, Math.Max(_fields.Count - room, 0));
        Array.Clear(_rows);
        for (var i = first; i < _fields.Count && i - first < room; i++)
        {
            var row = new Rect(rest.X, rest.Y + i - first, rest.Width, 1);
            _rows[i] = row;
            if (i == _selected)
            {
                TextInput.Render(buffer, row, _fields[i].Label.PadRight(label), _states[i], ui.Unicode);
            }
            else
            {
                buffer.Write(row.X, row.Y, _fields[i].Label, new Style(Role.Label, Surface.Popup), label);
                buffer.Write(row.X + label, row.Y, _states[i].Text, new Style(Role.Text, Surface.Popup), Math.Max(row.Width - label, 0));
            }
        }

        buffer.Write(hint.X, hint.Y, Hint(), new Style(Role.Dim, Surface.Popup), hint.Width);
        buffer.Write(_buttonRow.X, _buttonRow.Y, "Tab next   Enter OK   Esc cancel", new Style(Role.Key, Surface.Popup), _buttonRow.Width);
    }

    /// <inheritdoc/>
    public void Handle(InputEvent input, Ui ui)
    {
        if (OverlayKeys.IsClick(input))
        {
            var hit = Array.FindIndex(_rows, r => r.Contains(input.X, input.Y));
            if (hit >= 0)
            {
                _selected = hit;
            }
            else if (!_place.Contains(input.X, input.Y))
            {
                ui.Close();
            }
        }
        else if (input.Key is Key.Escape or Key.F10 || input.IsCtrl('C'))
        {
            ui.Close();
        }
        else if (input.Key == Key.Enter)
        {
            ui.Close();
            _accept([.. _states.Select(s => s.Text.Trim())]);
        }
        else if (input.Key is Key.Down or Key.Tab && _fields.Count > 1)
        {
            _selected = (_selected + 1) % _fields.Count;
        }
        else if (input.Key is Key.Up or Key.BackTab && _fields.Count > 1)
        {
            _selected = (_selected + _fields.Count - 1) % _fields.Count;
        }
        else
        {
            _ = _states[_selected].Handle(input);
        }
    }

    private string Hint()
    {
        var field = _fields[_selected];
        return field.Options.Count == 0 ? field.Hint : $"{field.Hint}: {string.Join(", ", field.Options)}";
    }
}
