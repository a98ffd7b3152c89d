using KvmTop.Collectors;
using KvmTop.Tui;

namespace KvmTop.Screen.Panes;

/// <summary>A page of the Host pane. What it needs is read only while it is shown.</summary>
internal abstract class HostSection(char key, string title)
{
    /// <summary>The key that goes there.</summary>
    public char Key => key;

    /// <summary>Its name.</summary>
    public string Title => title;

    /// <summary>Where it has been scrolled to.</summary>
    public ScrolledPage Page { get; } = new();

    /// <summary>What must be read while it is shown.</summary>
    public abstract IReadOnlyCollection<Topic> Needs { get; }

    /// <summary>Keys that only this page has.</summary>
    public virtual IReadOnlyList<KeyHint> Hints => [];

    /// <summary>Takes a new snapshot.</summary>
    public abstract void Update(Ui ui);

    /// <summary>There is a head: then both parts leave the last column to the scroll bar, so that one stands above the other.</summary>
    public virtual bool HasHead => false;

    /// <summary>Draws what stays when the rest is scrolled; returns its rows.</summary>
    public virtual int DrawHead(Pen pen, Rect area) => 0;

    /// <summary>Draws the part that is scrolled; returns how many rows it has.</summary>
    public abstract int Draw(Pen pen, Rect page);

    /// <summary>Takes a key of its own; false for any other.</summary>
    public virtual bool Handle(InputEvent input) => false;

    /// <summary>What the help says of it.</summary>
    public abstract void Describe(TextDocument help);

    /// <summary>A row of column headings.</summary>
    protected static void Heading(Pen pen, Rect row) => pen.Buffer.Fill(row, new Style(Role.Heading, Surface.Heading));

    /// <summary>A heading in that row, flush right when <paramref name="width"/> is given, and cut at <paramref name="limit"/>.</summary>
    protected static void Heading(Pen pen, int x, int y, ReadOnlySpan<char> text, int limit, int width = 0)
    {
        var style = new Style(Role.Heading, Surface.Heading);
        if (width > 0)
        {
            pen.Buffer.WriteRight(Math.Min(x + width, limit), y, text, style, width);
        }
        else
        {
            pen.Buffer.Write(x, y, text, style, Math.Max(limit - x, 0));
        }
    }
}
