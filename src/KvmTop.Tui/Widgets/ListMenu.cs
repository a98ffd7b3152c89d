namespace KvmTop.Tui;

/// <summary>An entry of a <see cref="ListMenu"/>.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Detail">What stands on the right: a key, a value.</param>
/// <param name="DisabledReason">Why it cannot be chosen now; null when it can.</param>
public sealed record MenuItem(string Text, string? Detail = null, string? DisabledReason = null)
{
    /// <summary>Can be chosen.</summary>
    public bool IsEnabled => DisabledReason is null;
}

/// <summary>Where a menu stands.</summary>
public sealed class ListMenuState
{
    private Rect _items;
    private int _count;

    /// <summary>The entry under the cursor, also one that cannot be chosen: its reason is shown.</summary>
    public int Selected { get; set; }

    /// <summary>The first entry on the screen.</summary>
    public int Offset { get; private set; }

    /// <summary>Moves by a key that moves; false for any other.</summary>
    public bool Handle(InputEvent input)
    {
        var page = Math.Max(_items.Height - 1, 1);
        int? target = input.Key switch
        {
            Key.Up => Selected == 0 ? _count - 1 : Selected - 1,
            Key.Down => Selected == _count - 1 ? 0 : Selected + 1,
            Key.WheelUp => Selected - 1,
            Key.WheelDown => Selected + 1,
            Key.PageUp => Selected - page,
            Key.PageDown => Selected + page,
            Key.Home => 0,
            Key.End => _count - 1,
            _ => null,
        };
        if (target is { } place)
        {
            Selected = Math.Clamp(place, 0, Math.Max(_count - 1, 0));
        }

        return target is not null;
    }

    /// <summary>Moves the cursor to the entry at a place and returns it; -1 when there is none.</summary>
    public int ClickAt(int x, int y)
    {
        var item = Offset + y - _items.Y;
        if (!_items.Contains(x, y) || item >= _count)
        {
            return -1;
        }

        return Selected = item;
    }

    /// <summary>Tells where the entries are drawn and how many there are; corrects cursor and scrolling. For lists that draw themselves.</summary>
    public void Arrange(Rect items, int count)
    {
        (_items, _count) = (items, count);
        Selected = Math.Clamp(Selected, 0, Math.Max(count - 1, 0));
        // The cursor is on the screen, and no row stays empty while there are entries above.
        var height = Math.Max(items.Height, 1);
        var least = Math.Max(Selected - height + 1, 0);
        Offset = Math.Clamp(Offset, least, Math.Max(Math.Min(Selected, count - height), least));
    }
}

/// <summary>A list in a box to choose from. What cannot be chosen is greyed out, and the last line says why.</summary>
public static class ListMenu
{
    private const int MaxWidth = 76;

    /// <summary>Draws the menu in the middle of the area, as large as it needs to be, and returns where.</summary>
    public static Rect Render(Buffer buffer, Rect area, ReadOnlySpan<char> title, ReadOnlySpan<MenuItem> items, ListMenuState state, bool unicode)
    {
        var (width, reasons) = (CellWidth.Of(title) + 6, false);
        foreach (var item in items)
        {
            width = Math.Max(width, CellWidth.Of(item.Text) + (item.Detail is null ? 0 : CellWidth.Of(item.Detail) + 2) + 6);
            width = Math.Max(width, Math.Min(CellWidth.Of(item.DisabledReason) + 4, MaxWidth));
            reasons |= !item.IsEnabled;
        }

        var place = area.Center(width, items.Length + 2 + (reasons ? 1 : 0));
        var inner = Box.Render(buffer, place, title, unicode, default, Surface.Popup);
        var (footer, list) = inner.CutBottom(reasons && inner.Height > 1 ? 1 : 0);
        state.Arrange(list, items.Length);
        for (var i = 0; i < list.Height && state.Offset + i < items.Length; i++)
        {
            RenderItem(buffer, new Rect(list.X, list.Y + i, list.Width, 1), items[state.Offset + i], state.Offset + i == state.Selected, unicode);
        }

        if (items.Length > list.Height)
        {
            Table.RenderScrollBar(buffer, list.CutRight(1).Right, state.Offset, items.Length, unicode, Surface.Popup);
        }

        if (!footer.IsEmpty && items.Length > 0 && items[state.Selected].DisabledReason is { } reason)
        {
            Glyphs.WriteCut(buffer, footer.X + 1, footer.Y, reason, new Style(Role.Warn, Surface.Popup), footer.Width - 2, unicode);
        }

        return place;
    }

    private static void RenderItem(Buffer buffer, Rect line, MenuItem item, bool selected, bool unicode)
    {
        var surface = selected ? Surface.Selected : Surface.Popup;
        buffer.Fill(line, new Style(Role.Text, surface));
        if (selected && !line.IsEmpty)
        {
            buffer.Set(line.X, line.Y, unicode ? '▌' : '>', new Style(Role.Accent, surface));
        }

        var text = line.Inset(1, 0);
        var detail = item.Detail is null ? 0 : CellWidth.Of(item.Detail) + 2;
        detail = detail < text.Width / 2 + 1 ? detail : 0;
        Glyphs.WriteCut(buffer, text.X + 1, line.Y, item.Text, new Style(item.IsEnabled ? Role.Text : Role.Disabled, surface), text.Width - detail - 1, unicode);
        if (detail > 0)
        {
            buffer.WriteRight(text.Right - 1, line.Y, item.Detail, new Style(item.IsEnabled ? Role.Key : Role.Disabled, surface), detail);
        }
    }
}
