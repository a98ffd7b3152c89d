using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>Draws a page into an area; rows above it have negative numbers and are cut off. Returns how many rows the page has.</summary>
/// <param name="pen">Where to draw.</param>
/// <param name="page">The page's place: its width, its first row, and as its height that of the area.</param>
internal delegate int PageDrawing(Pen pen, Rect page);

/// <summary>A page that is scrolled as a whole when it is higher than its area.</summary>
internal sealed class ScrolledPage
{
    private readonly Buffer _window = new(0, 0);
    private int _pageHeight;
    private bool _scrolls;

    /// <summary>The first row on the screen.</summary>
    public int Offset { get; set; }

    /// <summary>Draws the part of the page that is in the window.</summary>
    public void Render(Buffer buffer, Rect area, bool unicode, PageDrawing draw)
    {
        if (area.IsEmpty)
        {
            return;
        }

        Draw(area, unicode, draw);
        if (_scrolls != _pageHeight > area.Height || Offset > Highest(area.Height))
        {
            // The bar takes a column, and a page that has shrunk pulls the window up: both are known only now.
            _scrolls = _pageHeight > area.Height;
            Offset = Math.Min(Offset, Highest(area.Height));
            Draw(area, unicode, draw);
        }

        for (var y = 0; y < _window.Height; y++)
        {
            var row = _window.Row(y);
            for (var x = 0; x < row.Length; x++)
            {
                buffer.Set(area.X + x, area.Y + y, row[x].Rune, row[x].Style);
            }
        }

        if (_scrolls)
        {
            Table.RenderScrollBar(buffer, area.CutRight(1).Right, Offset, _pageHeight, unicode);
        }
    }

    /// <summary>Scrolls by a key that scrolls; false for any other.</summary>
    public bool Handle(InputEvent input)
    {
        var step = Math.Max(_window.Height - 2, 1);
        int? target = input.Key switch
        {
            Key.Up => Offset - 1,
            Key.Down => Offset + 1,
            Key.WheelUp => Offset - 3,
            Key.WheelDown => Offset + 3,
            Key.PageUp => Offset - step,
            Key.PageDown => Offset + step,
            Key.Home => 0,
            Key.End => int.MaxValue,
            _ => null,
        };
        if (target is { } to)
        {
            Offset = Math.Clamp(to, 0, Highest(_window.Height));
        }

        return target is not null;
    }

    private int Highest(int visible) => Math.Max(_pageHeight - visible, 0);

    private void Draw(Rect area, bool unicode, PageDrawing draw)
    {
        _window.Resize(area.Width - (_scrolls ? 1 : 0), area.Height);
        _pageHeight = draw(new Pen(_window, unicode), new Rect(0, -Offset, _window.Width, area.Height));
    }
}
