using KvmTop.Tui;

namespace KvmTop.Screen.Overlays;

/// <summary>One page of the setup screen: a list with a cursor.</summary>
internal abstract class SetupSection(string title, ISetupTarget target)
{
    /// <summary>Its name on the tab.</summary>
    public string Title { get; } = title;

    /// <summary>Cursor and scrolling.</summary>
    public ListMenuState List { get; } = new();

    /// <summary>What it changes.</summary>
    protected ISetupTarget Target { get; } = target;

    /// <summary>How many entries it has.</summary>
    public abstract int Count { get; }

    /// <summary>Its own keys, for the last line.</summary>
    public abstract IReadOnlyList<KeyHint> Keys { get; }

    /// <summary>What it says when it has no entry.</summary>
    public virtual string Empty => "";

    /// <summary>What an entry means.</summary>
    public abstract string HelpOf(int item);

    /// <summary>Draws the text of an entry into a line that has its background already.</summary>
    public abstract void RenderItem(Buffer buffer, Rect line, int item, Surface surface, bool unicode);

    /// <summary>Draws what stands beside the list and returns the room that is left for it.</summary>
    public virtual Rect RenderBeside(Buffer buffer, Rect area, bool unicode) => area;

    /// <summary>Enter, Space or a click on an entry; a text is said to the operator.</summary>
    public abstract string? Choose(int item, Ui ui);

    /// <summary>&lt; and &gt; on an entry.</summary>
    public virtual void Shift(int item, int direction)
    {
    }

    /// <summary>d: as it comes.</summary>
    public virtual void Reset()
    {
    }

    /// <summary>The cursor has come to an entry.</summary>
    public virtual void Moved(int item)
    {
    }

    /// <summary>Another section, or the end: takes back what was only shown.</summary>
    public virtual void Leave()
    {
    }

    /// <summary>Draws the entries that fit, and a scroll bar when not all do.</summary>
    public void Render(Buffer buffer, Rect area, bool unicode)
    {
        var room = RenderBeside(buffer, area, unicode);
        var scrolls = Count > room.Height && room.Width > 8;
        var (bar, list) = room.CutRight(scrolls ? 1 : 0);
        List.Arrange(list, Count);
        for (var i = 0; i < list.Height && List.Offset + i < Count; i++)
        {
            var item = List.Offset + i;
            var line = new Rect(list.X, list.Y + i, list.Width, 1);
            var surface = item == List.Selected ? Surface.Selected : Surface.Popup;
            buffer.Fill(line, new Style(Role.Text, surface));
            if (item == List.Selected && !line.IsEmpty)
            {
                buffer.Set(line.X, line.Y, unicode ? '▌' : '>', new Style(Role.Accent, surface));
            }

            RenderItem(buffer, line.CutLeft(1).Remaining, item, surface, unicode);
        }

        if (scrolls)
        {
            Table.RenderScrollBar(buffer, bar, List.Offset, Count, unicode, Surface.Popup);
        }

        if (Count == 0)
        {
            Table.WriteCell(buffer, list.CutTop(1).Top.Inset(1, 0), Empty, new Style(Role.Dim, Surface.Popup), Align.Left, unicode);
        }
    }

    /// <summary>Draws "[x]" and returns the rest of the line.</summary>
    protected static Rect RenderCheck(Buffer buffer, Rect line, bool on, Surface surface)
    {
        var x = buffer.Write(line.X, line.Y, "[", new Style(Role.Dim, surface), line.Width);
        x = buffer.Write(x, line.Y, on ? "x" : " ", new Style(Role.Good, surface), line.Right - x);
        buffer.Write(x, line.Y, "]", new Style(Role.Dim, surface), line.Right - x);
        return line.CutLeft(4).Remaining;
    }
}
