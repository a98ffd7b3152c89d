namespace KvmTop.Tui;

/// <summary>Where a table stands: the selected row, the first row and column on the screen, and how it was laid out last.</summary>
public sealed class TableState
{
    private readonly List<(int Column, int X, int Width)> _layout = [];
    private Rect _headingArea;
    private Rect _rowsArea;

    /// <summary>The row under the cursor; -1 while there are none.</summary>
    public int Selected { get; set; }

    /// <summary>The first row on the screen.</summary>
    public int Offset { get; set; }

    /// <summary>How many of the columns that scroll are hidden on the left.</summary>
    public int ColumnOffset { get; set; }

    /// <summary>How many rows there were at the last drawing.</summary>
    public int Count { get; private set; }

    /// <summary>How many rows fitted at the last drawing.</summary>
    public int PageSize => _rowsArea.Height;

    /// <summary>True when columns are hidden on the right.</summary>
    public bool HidesRight { get; internal set; }

    /// <summary>True before the first drawing: then nobody knows which columns there is room for.</summary>
    public bool IsNew => _layout.Count == 0;

    /// <summary>True when a column was on the screen at the last drawing.</summary>
    public bool Shows(int column)
    {
        foreach (var (index, _, width) in _layout)
        {
            if (index == column)
            {
                return width > 0;
            }
        }

        return false;
    }

    /// <summary>The columns on the screen with place and width, from left to right.</summary>
    internal List<(int Column, int X, int Width)> Layout => _layout;

    /// <summary>One row up.</summary>
    public void MoveUp(int rows = 1) => MoveTo(Selected - rows);

    /// <summary>One row down.</summary>
    public void MoveDown(int rows = 1) => MoveTo(Selected + rows);

    /// <summary>One screen up.</summary>
    public void PageUp() => MoveUp(Math.Max(PageSize - 1, 1));

    /// <summary>One screen down.</summary>
    public void PageDown() => MoveDown(Math.Max(PageSize - 1, 1));

    /// <summary>To the first row.</summary>
    public void Home() => MoveTo(0);

    /// <summary>To the last row.</summary>
    public void End() => MoveTo(Count - 1);

    /// <summary>Columns to the left.</summary>
    public void ScrollLeft() => ColumnOffset = Math.Max(ColumnOffset - 1, 0);

    /// <summary>Columns to the right, while some are hidden there.</summary>
    public void ScrollRight() => ColumnOffset += HidesRight ? 1 : 0;

    /// <summary>To a row, or to the nearest that exists.</summary>
    public void MoveTo(int row) => Selected = Count == 0 ? -1 : Math.Clamp(row, 0, Count - 1);

    /// <summary>Moves by a key that moves; false for any other.</summary>
    public bool Handle(InputEvent input)
    {
        switch (input.Key)
        {
            case Key.Up:
                MoveUp();
                return true;
            case Key.Down:
                MoveDown();
                return true;
            case Key.PageUp:
                PageUp();
                return true;
            case Key.PageDown:
                PageDown();
                return true;
            case Key.Home:
                Home();
                return true;
            case Key.End:
                End();
                return true;
            case Key.Left:
                ScrollLeft();
                return true;
            case Key.Right:
                ScrollRight();
                return true;
            case Key.WheelUp:
                MoveUp(3);
                return true;
            case Key.WheelDown:
                MoveDown(3);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Which row or heading is at a place of the screen, as last drawn.</summary>
    public TableHit HitTest(int x, int y)
    {
        if (_rowsArea.Contains(x, y))
        {
            var row = Offset + y - _rowsArea.Y;
            return row < Count ? new(row, -1) : TableHit.Nothing;
        }

        if (_headingArea.Contains(x, y))
        {
            foreach (var (column, start, width) in _layout)
            {
                // With the gap behind it, where the sort mark stands.
                if (x >= start && x <= start + width)
                {
                    return new(-1, column);
                }
            }
        }

        return TableHit.Nothing;
    }

    /// <summary>Selects the row at a place, if there is one, and says what was hit.</summary>
    public TableHit ClickAt(int x, int y)
    {
        var hit = HitTest(x, y);
        if (hit.Row >= 0)
        {
            Selected = hit.Row;
        }

        return hit;
    }

    /// <summary>Takes over areas and row count, and brings the selected row onto the screen.</summary>
    internal void Arrange(Rect heading, Rect rows, int count)
    {
        (_headingArea, _rowsArea, Count) = (heading, rows, Math.Max(count, 0));
        Selected = Count == 0 ? -1 : Math.Clamp(Selected, 0, Count - 1);
        var page = Math.Max(rows.Height, 1);
        if (Selected >= 0)
        {
            Offset = Math.Clamp(Offset, Selected - page + 1, Selected);
        }

        Offset = Math.Clamp(Offset, 0, Math.Max(Count - page, 0));
    }
}
