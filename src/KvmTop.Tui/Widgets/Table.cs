namespace KvmTop.Tui;

/// <summary>
/// A table with headings, a cursor, marked rows and a scroll bar. Draws nothing that is not on the screen and allocates nothing per cell.
/// </summary>
public static class Table
{
    private const int Gutter = 1;
    private const int Gap = 1;

    /// <summary>Draws the table; the first row of the area is the headings.</summary>
    /// <param name="buffer">Where to draw.</param>
    /// <param name="area">Where in it.</param>
    /// <param name="columns">The columns in order; frozen ones first.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="state">Cursor and scrolling; is corrected to what exists.</param>
    /// <param name="sortColumn">The column by which the rows are sorted, -1 for none.</param>
    /// <param name="descending">Which way.</param>
    /// <param name="unicode">False: ASCII.</param>
    public static void Render(Buffer buffer, Rect area, IReadOnlyList<TableColumn> columns, ITableRows rows, TableState state, int sortColumn, bool descending, bool unicode)
    {
        var (heading, body) = area.CutTop(1);
        var scrolls = rows.Count > body.Height && body.Width > 8;
        var (bar, content) = body.CutRight(scrolls ? 1 : 0);
        state.Arrange(heading, content, rows.Count);
        LayOut(columns, state, area.X + Gutter, content.Right);
        RenderHeading(buffer, heading, columns, state, sortColumn, descending, unicode);
        for (var i = 0; i < content.Height; i++)
        {
            var line = new Rect(content.X, content.Y + i, content.Width, 1);
            var row = state.Offset + i;
            if (row < state.Count)
            {
                RenderRow(buffer, line, row, rows, state, unicode);
            }
            else
            {
                buffer.Fill(line, default);
            }
        }

        if (scrolls)
        {
            RenderScrollBar(buffer, bar, state.Offset, state.Count, unicode);
        }
    }

    /// <summary>Finds out which columns there is room for, and draws nothing: for a table that has no rows to show yet.</summary>
    public static void Choose(Rect area, IReadOnlyList<TableColumn> columns, TableState state) => LayOut(columns, state, area.X + Gutter, area.Right);

    /// <summary>Draws text into a cell at one of its sides, cut with an ellipsis where it does not fit.</summary>
    public static void WriteCell(Buffer buffer, Rect cell, ReadOnlySpan<char> text, Style style, Align align, bool unicode)
    {
        var width = CellWidth.Of(text);
        var x = align == Align.Right && width < cell.Width ? cell.Right - width : cell.X;
        Glyphs.WriteCut(buffer, x, cell.Y, text, style, cell.Right - x, unicode);
    }

    /// <summary>A bar that shows which part of the whole is on the screen.</summary>
    public static void RenderScrollBar(Buffer buffer, Rect area, int offset, int count, bool unicode, Surface surface = Surface.Normal)
    {
        if (area.IsEmpty || count <= 0)
        {
            return;
        }

        var size = Math.Clamp((int)((long)area.Height * area.Height / Math.Max(count, 1)), 1, area.Height);
        var range = Math.Max(count - area.Height, 1);
        var start = (int)Math.Round((double)(area.Height - size) * Math.Clamp(offset, 0, range) / range);
        for (var i = 0; i < area.Height; i++)
        {
            var thumb = i >= start && i < start + size;
            buffer.Set(area.X, area.Y + i, (thumb, unicode) switch { (true, true) => '┃', (true, false) => '#', (false, true) => '│', _ => '|' }, new Style(thumb ? Role.Label : Role.BarEmpty, surface));
        }
    }

    private static int NeedOf(TableColumn column) => Math.Max(Math.Max(column.Width, CellWidth.Of(column.Title)), 1);

    /// <summary>Chooses columns and widths. At the left end columns go by priority; scrolled, they go by place.</summary>
    private static void LayOut(IReadOnlyList<TableColumn> columns, TableState state, int left, int right)
    {
        var layout = state.Layout;
        layout.Clear();
        var scrolling = 0;
        for (var i = 0; i < columns.Count; i++)
        {
            scrolling += columns[i].Frozen ? 0 : 1;
        }

        state.ColumnOffset = Math.Clamp(state.ColumnOffset, 0, Math.Max(scrolling - 1, 0));
        var (skip, need) = (state.ColumnOffset, 0);
        for (var i = 0; i < columns.Count; i++)
        {
            if (columns[i].Frozen || skip-- <= 0)
            {
                layout.Add((i, 0, NeedOf(columns[i])));
                need += NeedOf(columns[i]) + Gap;
            }
        }

        var room = Math.Max(right - left, 0) + Gap;
        state.HidesRight = need > room;
        room -= state.HidesRight ? 1 : 0; // for the mark that there is more
        while (need > room && state.ColumnOffset == 0 && LeastWanted(columns, layout) is >= 0 and var least)
        {
            need -= layout[least].Width + Gap;
            layout.RemoveAt(least);
        }

        while (need > room && layout.Count > 1)
        {
            need -= layout[^1].Width + Gap;
            layout.RemoveAt(layout.Count - 1);
        }

        Flex(columns, layout, room - need);
        var x = left;
        for (var i = 0; i < layout.Count; i++)
        {
            var width = Math.Clamp(right - x, 0, layout[i].Width);
            layout[i] = (layout[i].Column, x, width);
            x += width + Gap;
        }
    }

    private static int LeastWanted(IReadOnlyList<TableColumn> columns, List<(int Column, int X, int Width)> layout)
    {
        var (least, highest) = (-1, 0);
        for (var i = 0; i < layout.Count; i++)
        {
            var column = columns[layout[i].Column];
            if (!column.Frozen && column.Priority > 0 && column.Priority >= highest)
            {
                (least, highest) = (i, column.Priority);
            }
        }

        return least;
    }

    private static void Flex(IReadOnlyList<TableColumn> columns, List<(int Column, int X, int Width)> layout, int spare)
    {
        var shares = 0;
        foreach (var (column, _, _) in layout)
        {
            shares += Math.Max(columns[column].Flex, 0);
        }

        for (var i = 0; i < layout.Count && spare > 0 && shares > 0; i++)
        {
            var column = columns[layout[i].Column];
            if (column.Flex > 0)
            {
                var more = Math.Clamp(spare * column.Flex / shares, 0, Math.Max(column.MaxWidth - layout[i].Width, 0));
                layout[i] = layout[i] with { Width = layout[i].Width + more };
                (spare, shares) = (spare - more, shares - column.Flex);
            }
        }
    }

    private static void RenderHeading(Buffer buffer, Rect area, IReadOnlyList<TableColumn> columns, TableState state, int sortColumn, bool descending, bool unicode)
    {
        buffer.Fill(area, new Style(Role.Heading, Surface.Heading));
        if (area.IsEmpty)
        {
            return;
        }

        var firstScrolling = area.X;
        foreach (var (index, x, width) in state.Layout)
        {
            var column = columns[index];
            var sorted = index == sortColumn;
            WriteCell(buffer, new Rect(x, area.Y, width, 1), column.Title, new Style(sorted ? Role.HeadingSorted : Role.Heading, Surface.Heading), column.Align, unicode);
            if (sorted)
            {
                var mark = (descending, unicode) switch { (true, true) => '▼', (false, true) => '▲', (true, false) => 'v', _ => '^' };
                var at = column.Align == Align.Right ? x + width : x + Math.Min(CellWidth.Of(column.Title), width);
                if (at < area.Right)
                {
                    buffer.Set(at, area.Y, mark, new Style(Role.HeadingSorted, Surface.Heading));
                }
            }

            firstScrolling = column.Frozen ? x + width : firstScrolling;
        }

        if (state.ColumnOffset > 0 && firstScrolling < area.Right)
        {
            buffer.Set(firstScrolling, area.Y, Glyphs.MoreLeft(unicode), new Style(Role.Accent, Surface.Heading));
        }

        if (state.HidesRight)
        {
            buffer.Set(area.Right - 1, area.Y, Glyphs.MoreRight(unicode), new Style(Role.Accent, Surface.Heading));
        }
    }

    private static void RenderRow(Buffer buffer, Rect line, int row, ITableRows rows, TableState state, bool unicode)
    {
        var marked = rows.IsMarked(row);
        var selected = row == state.Selected;
        var surface = selected ? Surface.Selected : marked ? Surface.Marked : (row & 1) == 1 ? Surface.Alternate : Surface.Normal;
        buffer.Fill(line, new Style(Role.Text, surface));
        if (line.IsEmpty)
        {
            return;
        }

        if (marked || selected)
        {
            var mark = (marked, unicode) switch { (true, true) => '●', (true, false) => '*', (false, true) => '▌', _ => '>' };
            buffer.Set(line.X, line.Y, mark, new Style(Role.Accent, surface));
        }

        foreach (var (column, x, width) in state.Layout)
        {
            if (width > 0)
            {
                rows.DrawCell(buffer, row, column, new Rect(x, line.Y, width, 1), surface);
            }
        }
    }
}
