using KvmTop.Tui;
using Buffer = KvmTop.Tui.Buffer;

namespace KvmTop.Tests.Tui;

public sealed class TableTests
{
    private static readonly TableColumn[] Columns =
    [
        new("NAME", 6) { Frozen = true, Flex = 1, MaxWidth = 10 },
        new("CPU%", 5, Align.Right),
        new("HUGE", 4, Align.Right) { Priority = 2 },
        new("LAT", 4, Align.Right) { Priority = 1 },
        new("SWAP", 4, Align.Right),
    ];

    [Fact]
    public void Render_headings_sort_mark_cursor_and_mark()
    {
        var buffer = new Buffer(40, 4);
        Table.Render(buffer, buffer.Area, Columns, new Rows(3, marked: 2), new TableState { Selected = 1 }, 1, descending: true, unicode: true);
        Assert.Equal(
            [
                " NAME        CPU%▼HUGE  LAT SWAP",
                " r0           0.1  0.2  0.3  0.4",
                "▌r1           1.1  1.2  1.3  1.4",
                "●r2           2.1  2.2  2.3  2.4",
            ],
            buffer.ToLines());
        Assert.Equal(Surface.Selected, buffer[20, 2].Style.Surface);
        Assert.Equal(Surface.Marked, buffer[20, 3].Style.Surface);
    }

    [Fact]
    public void Render_narrow_drops_the_least_wanted_column_and_says_so()
    {
        var buffer = new Buffer(25, 2);
        Table.Render(buffer, buffer.Area, Columns, new Rows(1), new TableState(), -1, descending: false, unicode: true);
        Assert.Equal(" NAME     CPU%  LAT SWAP›", buffer.ToLines()[0]);
    }

    [Fact]
    public void Render_scrolled_keeps_frozen_columns_and_reaches_the_dropped()
    {
        var buffer = new Buffer(18, 2);
        var state = new TableState();
        Table.Render(buffer, buffer.Area, Columns, new Rows(1), state, -1, descending: false, unicode: false);
        state.ScrollRight();
        Table.Render(buffer, buffer.Area, Columns, new Rows(1), state, -1, descending: false, unicode: false);
        Assert.Equal(" NAME  <HUGE  LAT>", buffer.ToLines()[0]);
        Assert.True(state.HidesRight);
        state.ScrollRight();
        state.ScrollRight();
        Table.Render(buffer, buffer.Area, Columns, new Rows(1), state, -1, descending: false, unicode: false);
        Assert.Contains("SWAP", buffer.ToLines()[0], StringComparison.Ordinal);
        Assert.False(state.HidesRight);
    }

    [Fact]
    public void State_moves_page_and_end_keep_the_cursor_on_the_screen()
    {
        var buffer = new Buffer(40, 6);
        var state = new TableState();
        var rows = new Rows(100);
        void Draw() => Table.Render(buffer, buffer.Area, Columns, rows, state, -1, descending: false, unicode: true);
        Draw();
        state.PageDown();
        Draw();
        Assert.Equal((4, 0), (state.Selected, state.Offset));
        state.PageDown();
        Draw();
        Assert.Equal((8, 4), (state.Selected, state.Offset));
        state.End();
        Draw();
        Assert.Equal((99, 95), (state.Selected, state.Offset));
        state.MoveDown();
        Assert.Equal(99, state.Selected);
        state.Home();
        Draw();
        Assert.Equal((0, 0), (state.Selected, state.Offset));
    }

    [Fact]
    public void State_rows_that_vanish_move_the_cursor_to_what_is_left()
    {
        var buffer = new Buffer(40, 6);
        var state = new TableState { Selected = 80, Offset = 78 };
        Table.Render(buffer, buffer.Area, Columns, new Rows(3), state, -1, descending: false, unicode: true);
        Assert.Equal((2, 0), (state.Selected, state.Offset));
        Table.Render(buffer, buffer.Area, Columns, new Rows(0), state, -1, descending: false, unicode: true);
        Assert.Equal(-1, state.Selected);
        Table.Render(buffer, buffer.Area, Columns, new Rows(3), state, -1, descending: false, unicode: true);
        Assert.Equal(0, state.Selected);
    }

    [Fact]
    public void ClickAt_row_selects_and_heading_is_named()
    {
        var buffer = new Buffer(40, 6);
        var state = new TableState();
        Table.Render(buffer, new Rect(0, 1, 40, 5), Columns, new Rows(3), state, -1, descending: false, unicode: true);
        Assert.Equal(new TableHit(1, -1), state.ClickAt(5, 3));
        Assert.Equal(1, state.Selected);
        Assert.Equal(new TableHit(-1, 1), state.ClickAt(14, 1));
        Assert.Equal(TableHit.Nothing, state.ClickAt(5, 5));
        Assert.Equal(TableHit.Nothing, state.ClickAt(5, 0));
    }

    [Fact]
    public void Render_asks_only_for_cells_on_the_screen()
    {
        var buffer = new Buffer(40, 11);
        var rows = new Rows(1_000_000);
        Table.Render(buffer, buffer.Area, Columns, rows, new TableState(), -1, descending: false, unicode: true);
        Assert.Equal(10 * Columns.Length, rows.Drawn);
    }

    [Fact]
    public void Render_steady_state_allocates_nothing()
    {
        var buffer = new Buffer(120, 40);
        var rows = new Rows(1000, silent: true);
        var state = new TableState();
        void Draw() => Table.Render(buffer, buffer.Area, Columns, rows, state, 1, descending: true, unicode: true);
        Draw();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Draw();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    internal static void DrawRandom(Buffer buffer, Rect area, Random random, bool unicode)
        => Table.Render(
            buffer, area, Columns, new Rows(random.Next(0, 40), random.Next(-1, 40)),
            new TableState { Selected = random.Next(-3, 50), Offset = random.Next(-3, 50), ColumnOffset = random.Next(-2, 9) }, random.Next(-1, 5), random.Next(2) == 0, unicode);

    private sealed class Rows(int count, int marked = -1, bool silent = false) : ITableRows
    {
        public int Count => count;

        public int Drawn { get; private set; }

        public bool IsMarked(int row) => row == marked;

        public void DrawCell(Buffer buffer, int row, int column, Rect cell, Surface surface)
        {
            Drawn++;
            Table.WriteCell(buffer, cell, silent ? "1" : column == 0 ? $"r{row}" : $"{row}.{column}", new Style(Role.Text, surface), Columns[column].Align, unicode: true);
        }
    }
}
