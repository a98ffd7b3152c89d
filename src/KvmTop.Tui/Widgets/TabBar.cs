namespace KvmTop.Tui;

/// <summary>A tab.</summary>
/// <param name="Key">The key that goes there, "1".</param>
/// <param name="Title">Its name.</param>
public sealed record Tab(string Key, string Title);

/// <summary>A row of tabs. When not all fit, those around the active one stay, and ‹ › say that there are more.</summary>
public static class TabBar
{
    /// <summary>Draws into the first row of the area.</summary>
    public static void Render(Buffer buffer, Rect area, ReadOnlySpan<Tab> tabs, int active, bool unicode, Surface surface = Surface.Normal)
    {
        var row = area.CutTop(1).Top;
        buffer.Fill(row, new Style(Role.Text, surface));
        if (row.IsEmpty)
        {
            return;
        }

        var first = First(row.Width, tabs, active);
        var x = row.X + (first > 0 ? 1 : 0);
        var i = first;
        for (; i < tabs.Length; i++)
        {
            var width = WidthOf(tabs[i]);
            var rest = i == tabs.Length - 1 ? 0 : 1;
            if (x + width + rest > row.Right && i > first)
            {
                break;
            }

            var on = i == active ? Surface.Tab : surface;
            buffer.Fill(new Rect(x, row.Y, Math.Min(width, row.Right - x), 1), new Style(Role.Text, on));
            var end = buffer.Write(x + 1, row.Y, tabs[i].Key, new Style(Role.Key, on), row.Right - x - 1);
            buffer.Write(end + 1, row.Y, tabs[i].Title, new Style(i == active ? Role.Strong : Role.KeyLabel, on), row.Right - end - 1);
            x += width;
        }

        if (first > 0)
        {
            buffer.Set(row.X, row.Y, Glyphs.MoreLeft(unicode), new Style(Role.Accent, surface));
        }

        if (i < tabs.Length)
        {
            buffer.Set(row.Right - 1, row.Y, Glyphs.MoreRight(unicode), new Style(Role.Accent, surface));
        }
    }

    /// <summary>The tab at a place of the bar that was drawn into this area; -1 for none.</summary>
    public static int HitTest(Rect area, ReadOnlySpan<Tab> tabs, int active, int x, int y)
    {
        var row = area.CutTop(1).Top;
        if (!row.Contains(x, y))
        {
            return -1;
        }

        var first = First(row.Width, tabs, active);
        var at = row.X + (first > 0 ? 1 : 0);
        for (var i = first; i < tabs.Length; i++)
        {
            var width = WidthOf(tabs[i]);
            if (at + width + (i == tabs.Length - 1 ? 0 : 1) > row.Right && i > first)
            {
                break;
            }

            if (x >= at && x < at + width)
            {
                return i;
            }

            at += width;
        }

        return -1;
    }

    /// <summary>Cells that a tab takes; one without a name is its key alone.</summary>
    public static int WidthOf(Tab tab) => CellWidth.Of(tab.Key) + (tab.Title.Length == 0 ? 2 : CellWidth.Of(tab.Title) + 3);

    /// <summary>The first tab to draw, so that the active one is on the screen.</summary>
    private static int First(int width, ReadOnlySpan<Tab> tabs, int active)
    {
        var total = 0;
        foreach (var tab in tabs)
        {
            total += WidthOf(tab);
        }

        if (total <= width)
        {
            return 0;
        }

        var first = Math.Clamp(active, 0, Math.Max(tabs.Length - 1, 0));
        
        // Besides the tabs there is room for the marks that there are more.
        var used = tabs.IsEmpty ? 0 : WidthOf(tabs[first]) + (first == tabs.Length - 1 ? 1 : 2);
        while (first > 0 && used + WidthOf(tabs[first - 1]) <= width)
        {
            used += WidthOf(tabs[--first]);
        }

        return first;
    }
}
