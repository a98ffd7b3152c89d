using System.Text;

namespace KvmTop.Tui;

/// <summary>One cell of the screen.</summary>
/// <param name="Rune">The character; the cell to the right of a wide character holds <see cref="Continuation"/>.</param>
/// <param name="Style">Role and surface.</param>
public readonly record struct Cell(int Rune, Style Style)
{
    /// <summary>Stands in the second cell of a character two cells wide.</summary>
    public const int Continuation = 0;

    /// <summary>An empty cell.</summary>
    public static readonly Cell Blank = new(' ', default);
}

/// <summary>
/// A screen in memory. Widgets draw into it, a terminal sends it, a test compares it with lines of text. Drawing outside is clipped, never an error.
/// </summary>
public sealed class Buffer
{
    private Cell[] _cells;

    /// <summary>A blank screen.</summary>
    public Buffer(int width, int height)
    {
        (Width, Height) = (Math.Max(width, 0), Math.Max(height, 0));
        _cells = new Cell[Width * Height];
        Clear();
    }

    /// <summary>Columns.</summary>
    public int Width { get; private set; }

    /// <summary>Rows.</summary>
    public int Height { get; private set; }

    /// <summary>All of it.</summary>
    public Rect Area => new(0, 0, Width, Height);

    /// <summary>The cell at a place; blank outside.</summary>
    public Cell this[int x, int y] => Area.Contains(x, y) ? _cells[(y * Width) + x] : Cell.Blank;

    /// <summary>A row, for a terminal that compares.</summary>
    public ReadOnlySpan<Cell> Row(int y) => _cells.AsSpan(y * Width, Width);

    /// <summary>Blanks everything.</summary>
    public void Clear() => _cells.AsSpan().Fill(Cell.Blank);

    /// <summary>Another size; the content is lost.</summary>
    public void Resize(int width, int height)
    {
        (Width, Height) = (Math.Max(width, 0), Math.Max(height, 0));
        if (_cells.Length != Width * Height)
        {
            _cells = new Cell[Width * Height];
        }

        Clear();
    }

    /// <summary>Takes over size and content of another buffer.</summary>
    public void CopyFrom(Buffer other)
    {
        if (_cells.Length != other._cells.Length)
        {
            _cells = new Cell[other._cells.Length];
        }

        (Width, Height) = (other.Width, other.Height);
        other._cells.CopyTo(_cells, 0);
    }

    /// <summary>Fills a rectangle with one character.</summary>
    public void Fill(Rect area, Style style, char character = ' ')
    {
        var inside = area.Intersect(Area);
        for (var y = inside.Y; y < inside.Bottom && inside.Width > 0; y++)
        {
            _cells.AsSpan((y * Width) + inside.X, inside.Width).Fill(new Cell(character, style));
        }
    }

    /// <summary>Changes what lies behind a rectangle and leaves the text.</summary>
    public void SetSurface(Rect area, Surface surface)
    {
        var inside = area.Intersect(Area);
        for (var y = inside.Y; y < inside.Bottom && inside.Width > 0; y++)
        {
            foreach (ref var cell in _cells.AsSpan((y * Width) + inside.X, inside.Width))
            {
                cell = cell with { Style = cell.Style.On(surface) };
            }
        }
    }

    /// <summary>Sets one cell to a character that is one cell wide.</summary>
    public void Set(int x, int y, int rune, Style style)
    {
        if (Area.Contains(x, y))
        {
            _cells[(y * Width) + x] = new Cell(rune, style);
        }
    }

    /// <summary>
    /// Writes text from (x, y) to the right, at most <paramref name="maxWidth"/> cells, and returns the column after the last. Control
    /// characters and other unprintable ones become "?" here at the latest: nothing that a VM is named reaches the terminal as an escape.
    /// </summary>
    public int Write(int x, int y, ReadOnlySpan<char> text, Style style, int maxWidth = int.MaxValue)
    {
        if (y < 0 || y >= Height)
        {
            return x;
        }

        var limit = (int)Math.Min(Width, (long)x + maxWidth);
        foreach (var rune in text.EnumerateRunes())
        {
            var (value, width) = Printable(rune);
            if (width == 0)
            {
                continue;
            }

            if (x + width > limit)
            {
                break;
            }

            Set(x, y, value, style);
            if (width == 2)
            {
                Set(x + 1, y, Cell.Continuation, style);
            }

            x += width;
        }

        return x;
    }

    /// <summary>Writes text so that it ends before column <paramref name="right"/>.</summary>
    public void WriteRight(int right, int y, ReadOnlySpan<char> text, Style style, int maxWidth = int.MaxValue)
    {
        var width = Math.Min(CellWidth.Of(text), maxWidth);
        Write(right - width, y, text, style, width);
    }

    /// <summary>The screen as text, one string a row, without trailing blanks.</summary>
    public string[] ToLines()
    {
        var lines = new string[Height];
        var line = new StringBuilder();
        for (var y = 0; y < Height; y++)
        {
            line.Clear();
            foreach (var cell in Row(y))
            {
                if (cell.Rune != Cell.Continuation)
                {
                    line.Append(new Rune(cell.Rune).ToString());
                }
            }

            lines[y] = line.ToString().TrimEnd();
        }

        return lines;
    }

    private static (int Rune, int Width) Printable(Rune rune)
    {
        if (rune.Value is >= ' ' and < 127)
        {
            return (rune.Value, 1);
        }

        var width = CellWidth.Of(rune);
        return width < 0 ? ('?', 1) : (rune.Value, width);
    }
}
