namespace KvmTop.Tui;

/// <summary>Where the parts of a message box are.</summary>
/// <param name="Place">All of it.</param>
/// <param name="Input">The row for a text that must be typed; empty when none was asked for.</param>
/// <param name="Buttons">The row of the buttons.</param>
public readonly record struct MessageBoxLayout(Rect Place, Rect Input, Rect Buttons);

/// <summary>A text with buttons over the pane: a message, a plan to confirm.</summary>
public static class MessageBox
{
    private const int PreferredWidth = 72;

    /// <summary>Draws the box in the middle of the area, as high as its text needs.</summary>
    /// <param name="buffer">Where to draw.</param>
    /// <param name="area">Where in it.</param>
    /// <param name="title">Its title.</param>
    /// <param name="text">What it says; scrolls when it is longer than the screen.</param>
    /// <param name="scroll">Where the text stands.</param>
    /// <param name="buttons">From left to right.</param>
    /// <param name="selected">The button that Enter presses, -1 for none.</param>
    /// <param name="withInput">Leaves a row above the buttons, to be drawn by the caller.</param>
    /// <param name="unicode">False: ASCII.</param>
    /// <param name="preferred">As wide as this where there is room.</param>
    public static MessageBoxLayout Render(
        Buffer buffer, Rect area, ReadOnlySpan<char> title, TextDocument text, ScrollTextState scroll, ReadOnlySpan<string> buttons, int selected, bool withInput, bool unicode,
        int preferred = PreferredWidth)
    {
        var buttonsWidth = 0;
        foreach (var button in buttons)
        {
            buttonsWidth += ButtonWidth(button);
        }

        var width = Math.Min(Math.Max(preferred, buttonsWidth + 4), area.Width);
        var extra = (buttons.IsEmpty ? 0 : 2) + (withInput ? 2 : 0);
        var place = area.Center(width, text.Height(width - 4) + extra + 2);
        var inner = Box.Render(buffer, place, title, unicode, default, Surface.Popup).Inset(1, 0);
        var (buttonRow, above) = inner.CutBottom(buttons.IsEmpty ? 0 : 1);
        above = above.CutBottom(buttons.IsEmpty ? 0 : 1).Remaining;
        var (inputRow, rest) = above.CutBottom(withInput ? 1 : 0);
        ScrollText.Render(buffer, rest.CutBottom(withInput ? 1 : 0).Remaining, text, scroll, unicode, Surface.Popup);

        var x = buttonRow.X;
        for (var i = 0; i < buttons.Length && !buttonRow.IsEmpty; i++)
        {
            var on = i == selected ? Surface.Selected : Surface.Popup;
            x = buffer.Write(x, buttonRow.Y, i == selected ? "[ " : "  ", new Style(Role.Key, on), Math.Max(buttonRow.Right - x, 0));
            x = buffer.Write(x, buttonRow.Y, buttons[i], new Style(i == selected ? Role.Strong : Role.Text, on), Math.Max(buttonRow.Right - x, 0));
            x = buffer.Write(x, buttonRow.Y, i == selected ? " ]" : "  ", new Style(Role.Key, on), Math.Max(buttonRow.Right - x, 0)) + 1;
        }

        return new(place, inputRow, buttonRow);
    }

    /// <summary>The button at a place; -1 for none.</summary>
    public static int HitTest(MessageBoxLayout layout, ReadOnlySpan<string> buttons, int x, int y)
    {
        var at = layout.Buttons.X;
        for (var i = 0; i < buttons.Length && layout.Buttons.Contains(x, y); i++)
        {
            var width = ButtonWidth(buttons[i]);
            if (x >= at && x < at + width - 1)
            {
                return i;
            }

            at += width;
        }

        return -1;
    }

    private static int ButtonWidth(string button) => CellWidth.Of(button) + 5;
}
