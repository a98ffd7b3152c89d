using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>A text in a box that is read and put away.</summary>
internal sealed class MessageOverlay(string title, TextDocument text) : IOverlay
{
    private static readonly string[] s_buttons = ["OK"];

    private readonly ScrollTextState _scroll = new();
    private MessageBoxLayout _layout;

    /// <summary>One paragraph.</summary>
    public MessageOverlay(string title, string text)
        : this(title, new TextDocument().Add(text))
    {
    }

    /// <inheritdoc/>
    public void Render(Buffer buffer, Rect screen, Ui ui)
        => _layout = MessageBox.Render(buffer, screen, title, text, _scroll, s_buttons, 0, withInput: false, ui.Unicode);

    /// <inheritdoc/>
    public void Handle(InputEvent input, Ui ui)
    {
        var pressed = OverlayKeys.IsClick(input)
            ? !_layout.Place.Contains(input.X, input.Y) || MessageBox.HitTest(_layout, s_buttons, input.X, input.Y) >= 0
            : OverlayKeys.Closes(input) || input.Key == Key.Enter || input.Is(' ');
        if (pressed)
        {
            ui.Close();
            return;
        }

        _scroll.Handle(input);
    }
}
