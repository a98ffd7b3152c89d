using System.Text;
using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>A list to choose one thing from: a sort column, a theme, an action. What cannot be chosen now says why.</summary>
internal sealed class MenuOverlay : IOverlay
{
    private readonly string _title;
    private readonly MenuItem[] _items;
    private readonly Action<int> _chosen;
    private readonly Action<int>? _moved;
    private readonly Action? _cancelled;
    private readonly ListMenuState _state = new();
    private Rect _place;

    /// <param name="title">Title of the box.</param>
    /// <param name="items">The entries.</param>
    /// <param name="chosen">Called with the entry after the menu has gone.</param>
    /// <param name="selected">Where the cursor begins.</param>
    /// <param name="moved">Called with each entry that the cursor comes to, for a preview.</param>
    /// <param name="cancelled">Called when nothing was chosen: takes a preview back.</param>
    public MenuOverlay(string title, IReadOnlyList<MenuItem> items, Action<int> chosen, int selected = 0, Action<int>? moved = null, Action? cancelled = null)
    {
        (_title, _items, _chosen, _moved, _cancelled) = (title, [.. items], chosen, moved, cancelled);
        _state.Selected = selected;
        _state.Arrange(default, _items.Length);
    }

    /// <inheritdoc/>
    public void Render(Buffer buffer, Rect screen, Ui ui) => _place = ListMenu.Render(buffer, screen, _title, _items, _state, ui.Unicode);

    /// <inheritdoc/>
    public void Handle(InputEvent input, Ui ui)
    {
        var before = _state.Selected;
        if (OverlayKeys.IsClick(input))
        {
            Click(input, ui);
        }
        else if (OverlayKeys.Closes(input))
        {
            Cancel(ui);
        }
        else if (input.Key == Key.Enter || input.Is(' '))
        {
            Choose(ui);
        }
        else if (_state.Handle(input) || Jump(input))
        {
            Moved(before);
        }
    }

    private void Click(InputEvent input, Ui ui)
    {
        if (!_place.Contains(input.X, input.Y))
        {
            Cancel(ui);
        }
        else if (_state.ClickAt(input.X, input.Y) >= 0)
        {
            Choose(ui);
        }
    }

    private void Choose(Ui ui)
    {
        if (_items.Length > 0 && _items[_state.Selected].IsEnabled)
        {
            ui.Close();
            _chosen(_state.Selected);
        }
    }

    private void Cancel(Ui ui)
    {
        ui.Close();
        _cancelled?.Invoke();
    }

    private void Moved(int before)
    {
        if (_state.Selected != before)
        {
            _moved?.Invoke(_state.Selected);
        }
    }

    // First by the key that stands on the right, which tells s from S; then by how the entry begins, one after the other.
    private bool Jump(InputEvent input)
    {
        if (input.Key != Key.Character)
        {
            return false;
        }

        var key = input.Rune.ToString();
        for (var i = 0; i < _items.Length; i++)
        {
            if (_items[i].Detail == key)
            {
                _state.Selected = i;
                return true;
            }
        }

        var letter = Rune.ToLowerInvariant(input.Rune);
        for (var i = 1; i <= _items.Length; i++)
        {
            var at = (_state.Selected + i) % _items.Length;
            if (Rune.TryGetRuneAt(_items[at].Text.Length > 0 ? _items[at].Text : " ", 0, out var first) && Rune.ToLowerInvariant(first) == letter)
            {
                _state.Selected = at;
                return true;
            }
        }

        return false;
    }
}
