namespace KvmTop.Tui;

/// <summary>A rectangle of cells. Never negative in size: cutting more than there is leaves nothing.</summary>
public readonly record struct Rect
{
    /// <summary>A rectangle; negative sizes become zero.</summary>
    public Rect(int x, int y, int width, int height)
    {
        (X, Y, Width, Height) = (x, y, Math.Max(width, 0), Math.Max(height, 0));
    }

    /// <summary>Leftmost column.</summary>
    public int X { get; }

    /// <summary>Topmost row.</summary>
    public int Y { get; }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>First column to the right of it.</summary>
    public int Right => X + Width;

    /// <summary>First row below it.</summary>
    public int Bottom => Y + Height;

    /// <summary>Holds no cell.</summary>
    public bool IsEmpty => Width == 0 || Height == 0;

    /// <summary>True when the cell lies inside.</summary>
    public bool Contains(int x, int y) => x >= X && x < Right && y >= Y && y < Bottom;

    /// <summary>Its first <paramref name="rows"/> rows, and what is left below.</summary>
    public (Rect Top, Rect Remaining) CutTop(int rows)
    {
        var n = Math.Clamp(rows, 0, Height);
        return (new(X, Y, Width, n), new(X, Y + n, Width, Height - n));
    }

    /// <summary>Its last <paramref name="rows"/> rows, and what is left above.</summary>
    public (Rect Bottom, Rect Remaining) CutBottom(int rows)
    {
        var n = Math.Clamp(rows, 0, Height);
        return (new(X, Bottom - n, Width, n), new(X, Y, Width, Height - n));
    }

    /// <summary>Its first <paramref name="columns"/> columns, and what is left to the right.</summary>
    public (Rect Left, Rect Remaining) CutLeft(int columns)
    {
        var n = Math.Clamp(columns, 0, Width);
        return (new(X, Y, n, Height), new(X + n, Y, Width - n, Height));
    }

    /// <summary>Its last <paramref name="columns"/> columns, and what is left to the left.</summary>
    public (Rect Right, Rect Remaining) CutRight(int columns)
    {
        var n = Math.Clamp(columns, 0, Width);
        return (new(Right - n, Y, n, Height), new(X, Y, Width - n, Height));
    }

    /// <summary>Without a margin on each side.</summary>
    public Rect Inset(int columns, int rows) => new(X + columns, Y + rows, Width - (2 * columns), Height - (2 * rows));

    /// <summary>The part that both cover.</summary>
    public Rect Intersect(Rect other)
    {
        var (x, y) = (Math.Max(X, other.X), Math.Max(Y, other.Y));
        return new(x, y, Math.Min(Right, other.Right) - x, Math.Min(Bottom, other.Bottom) - y);
    }

    /// <summary>A rectangle of at most this size in the middle of this one.</summary>
    public Rect Center(int width, int height)
    {
        var (w, h) = (Math.Min(width, Width), Math.Min(height, Height));
        return new(X + ((Width - w) / 2), Y + ((Height - h) / 2), w, h);
    }
}
