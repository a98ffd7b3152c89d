namespace KvmTop.Tui;

/// <summary>A frame with a title, and a second title on the right.</summary>
public static class Box
{
    /// <summary>Draws the frame, clears what is in it, and returns that. An area too small for a frame gets none.</summary>
    public static Rect Render(Buffer buffer, Rect area, ReadOnlySpan<char> title, bool unicode, ReadOnlySpan<char> rightTitle = default, Surface surface = Surface.Normal)
    {
        buffer.Fill(area, new Style(Role.Text, surface));
        if (area.Width < 2 || area.Height < 2)
        {
            return area;
        }

        var border = new Style(Role.Border, surface);
        var (horizontal, vertical, corners) = unicode ? ('─', '│', "╭╮╰╯") : ('-', '|', "++++");
        for (var x = area.X + 1; x < area.Right - 1; x++)
        {
            buffer.Set(x, area.Y, horizontal, border);
            buffer.Set(x, area.Bottom - 1, horizontal, border);
        }

        for (var y = area.Y + 1; y < area.Bottom - 1; y++)
        {
            buffer.Set(area.X, y, vertical, border);
            buffer.Set(area.Right - 1, y, vertical, border);
        }

        buffer.Set(area.X, area.Y, corners[0], border);
        buffer.Set(area.Right - 1, area.Y, corners[1], border);
        buffer.Set(area.X, area.Bottom - 1, corners[2], border);
        buffer.Set(area.Right - 1, area.Bottom - 1, corners[3], border);

        var room = area.Width - 4;
        var end = area.X + 2;
        if (!title.IsEmpty && room >= 3)
        {
            buffer.Set(end, area.Y, ' ', border);
            end = Glyphs.WriteCut(buffer, end + 1, area.Y, title, new Style(Role.Title, surface), room - 2, unicode);
            buffer.Set(end++, area.Y, ' ', border);
        }

        var width = CellWidth.Of(rightTitle);
        var start = area.Right - 4 - width;
        if (width > 0 && start > end)
        {
            buffer.Set(start, area.Y, ' ', border);
            buffer.Write(start + 1, area.Y, rightTitle, new Style(Role.Dim, surface), width);
            buffer.Set(start + 1 + width, area.Y, ' ', border);
        }

        return area.Inset(1, 1);
    }
}
