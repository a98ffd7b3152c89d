using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>
/// A line to type into at the bottom of the screen: search, filter, command line. What is wrong with the text is said while it is typed, and
/// what could come next stands in a box above.
/// </summary>
internal sealed class PromptOverlay : IOverlay
{
    private static readonly KeyHint[] s_keys = [new("Enter", "OK"), new("Tab", "Complete"), new("Up", "Earlier"), new("Esc", "Cancel")];

    private readonly string _label;
    private readonly TextInputState _state;
    private readonly Func<string, int, IReadOnlyList<Candidate>> _complete;
    private readonly Func<string, string?> _check;
    private readonly Action<string>? _changed;
    private readonly Action<string> _accept;
    private readonly Action _cancel;
    private readonly string? _hint;
    private readonly CandidateList _list = new();
    private string? _problem;
    private bool _refused;
    private Rect _place;
    private Rect _footer;

    /// <param name="label">What is asked for.</param>
    /// <param name="state">The text to begin with, and the history of this kind of line; belongs to the caller.</param>
    /// <param name="complete">What could be typed at an index of a text.</param>
    /// <param name="check">What is wrong with a text, or null.</param>
    /// <param name="changed">Called with each text, right or wrong, while it is typed; null when nothing happens before Enter.</param>
    /// <param name="accept">Called with the text after the prompt has gone.</param>
    /// <param name="cancel">Called instead when it was left: takes back what <paramref name="changed"/> did.</param>
    /// <param name="hint">What may be typed, for as long as nothing is wrong.</param>
    public PromptOverlay(
        string label,
        TextInputState state,
        Func<string, int, IReadOnlyList<Candidate>> complete,
        Func<string, string?> check,
        Action<string>? changed,
        Action<string> accept,
        Action cancel,
        string? hint = null)
    {
        (_label, _state, _complete, _check, _changed, _accept, _cancel, _hint) = (label, state, complete, check, changed, accept, cancel, hint);
        Suggest();
    }

    /// <inheritdoc/>
    public void Render(Buffer buffer, Rect screen, Ui ui)
    {
        (_footer, var above) = screen.CutBottom(screen.Height > 1 ? 1 : 0);
        (var row, above) = above.CutBottom(1);
        KeyBar.Render(buffer, _footer, s_keys, ui.Unicode);
        TextInput.Render(buffer, row, $" {_label} ", _state, ui.Unicode);
        _place = row;

        if ((_problem ?? _list.HelpOf(_state.SelectedCompletion) ?? _hint) is { } words && above.Height > 0)
        {
            (var line, above) = above.CutBottom(1);
            var style = new Style(_problem is null ? Role.Dim : _refused ? Role.Critical : Role.Warn, Surface.Popup);
            buffer.Fill(line, style);
            Table.WriteCell(buffer, line.Inset(1, 0), _problem is null ? words : "! " + words, style, Align.Left, ui.Unicode);
            _place = new Rect(line.X, line.Y, line.Width, line.Height + row.Height);
        }

        _list.Render(buffer, above, row.X + CellWidth.Of(_label) + 1, _state, ui.Unicode);
    }

    /// <inheritdoc/>
    public void Handle(InputEvent input, Ui ui)
    {
        if (OverlayKeys.IsClick(input))
        {
            Click(input, ui);
        }
        else if (input.Key == Key.Enter)
        {
            Accept(ui);
        }
        else if (input.Key is Key.Escape or Key.F10 || input.IsCtrl('C') || input.IsCtrl('G'))
        {
            Cancel(ui);
        }
        else
        {
            Edit(input);
        }
    }

    private void Edit(InputEvent input)
    {
        var before = _state.Text;
        if (!_state.Handle(input))
        {
            return;
        }

        if (_state.SelectedCompletion < 0 && input.Key is not (Key.Tab or Key.BackTab))
        {
            Suggest();
        }

        Changed(before);
    }

    private void Changed(string before)
    {
        var text = _state.Text;
        if (text != before)
        {
            // An empty line is a beginning, not a mistake: that is said when it is accepted.
            (_problem, _refused) = (text.Length == 0 ? null : _check(text), false);
            _changed?.Invoke(text);
        }
    }

    private void Suggest()
    {
        var (text, cursor) = (_state.Text, _state.CursorInText);

        _list.Show(_complete(text, cursor), text, cursor);
        _state.Completions = _list.Texts;
    }

    private void Click(InputEvent input, Ui ui)
    {
        var key = KeyBar.HitTest(_footer, s_keys, input.X, input.Y);
        if (key >= 0)
        {
            Handle(new InputEvent(key switch { 0 => Key.Enter, 1 => Key.Tab, 2 => Key.Up, _ => Key.Escape }), ui);
            return;
        }

        if (_list.CandidateAt(input.X, input.Y) is >= 0 and var candidate)
        {
            var before = _state.Text;
            _state.Text = _list.Texts[candidate];
            Suggest();
            Changed(before);
        }
        else if (!_place.Contains(input.X, input.Y) && !_list.Place.Contains(input.X, input.Y))
        {
            Cancel(ui);
        }
    }

    private void Accept(Ui ui)
    {
        _problem = _check(_state.Text);
        if (_problem is not null)
        {
            _refused = true;
            return;
        }

        _state.Completions = [];
        var text = _state.Commit();
        ui.Close();
        _accept(text);
    }

    private void Cancel(Ui ui)
    {
        // Emptied before it is committed: what was not accepted is no history.
        _state.Completions = [];
        _state.Text = "";
        _state.Commit();
        ui.Close();
        _cancel();
    }
}
