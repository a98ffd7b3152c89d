using KvmTop.Tui;

namespace KvmTop.Screen;

/// <summary>A state that the operator must see while it holds: what is filtered, marked, shown, or special about the figures.</summary>
/// <param name="Before">What stands before the part that may be cut.</param>
/// <param name="Text">What may be cut where there is no room, and then ends in an ellipsis: a name, an expression; empty for none.</param>
/// <param name="After">What stands behind it and is never cut.</param>
/// <param name="Brief">The whole in the fewest letters; null when there are none fewer, and the text is cut instead.</param>
internal sealed record StateWord(string Before, string Text, string After, string? Brief)
{
    /// <summary>With the text in no more than so many cells.</summary>
    public string At(int cells, bool unicode) => Before + Cut(Text, cells, unicode) + After;

    internal static string Cut(string text, int cells, bool unicode)
    {
        if (CellWidth.Of(text) <= cells)
        {
            return text;
        }

        var end = text.Length;
        while (end > 0 && (CellWidth.Of(text.AsSpan(0, end)) > cells - 1 || char.IsHighSurrogate(text[end - 1])))
        {
            end--;
        }

        return text[..end] + (unicode ? "…" : "~");
    }
}

/// <summary>
/// The line between header and pane: the tabs, and at its right the states that hold. States go before names of tabs: first the names of the other tabs go, then words become
/// shorter, then expressions and names are cut, visibly, and last the row of tabs is scrolled.
/// </summary>
internal sealed class TabLine
{
    // A name that is cut stays a name for so many cells, and the tab that is shown stays on the screen.
    private const int LeastText = 6, LeastTabs = 5;

    private Rect _area;
    private Tab[] _tabs = [];
    private int _active;

    /// <summary>Draws it.</summary>
    public void Render(Buffer buffer, Rect row, IReadOnlyList<IPane> panes, int active, IReadOnlyList<StateWord> states, bool unicode)
    {
        _active = active;
        var (state, tabs) = Choose(row.Width, panes, active, states, unicode);
        _tabs = tabs;
        var taken = state.Length == 0 ? 0 : CellWidth.Of(state) + 2;
        (_area, _) = row.CutLeft(row.Width - taken);
        buffer.Fill(row, new Style(Role.Text, Surface.Heading));
        TabBar.Render(buffer, _area, _tabs, active, unicode, Surface.Heading);
        if (taken > 0)
        {
            buffer.Write(row.Right - taken + 1, row.Y, state, new Style(Role.Accent, Surface.Heading), taken - 1);
        }
    }

    /// <summary>The tab at a place of what was drawn; -1 for none.</summary>
    public int HitTest(int x, int y) => TabBar.HitTest(_area, _tabs, _active, x, y);

    private static (string State, Tab[] Tabs) Choose(int width, IReadOnlyList<IPane> panes, int active, IReadOnlyList<StateWord> states, bool unicode)
    {
        Tab[] full = Tabs(panes, static (_, _) => true), some = Tabs(panes, (i, _) => i == active), keys = Tabs(panes, static (_, _) => false);
        if (states.Count == 0)
        {
            return ("", full);
        }

        var uncut = Join(states, int.MaxValue, brief: false, unicode);
        foreach (var tabs in (Tab[][])[full, some, keys])
        {
            if (Width(tabs) + CellWidth.Of(uncut) + 2 <= width)
            {
                return (uncut, tabs);
            }
        }

        // The same words with their texts cut as far as need be, then in few letters; the tabs as their keys.
        var room = width - Width(keys) - 2;
        foreach (var brief in (bool[])[false, true])
        {
            for (var cells = 40; cells >= LeastText; cells--)
            {
                if (Join(states, cells, brief, unicode) is var text && CellWidth.Of(text) <= room)
                {
                    return (text, keys);
                }
            }
        }

        return (StateWord.Cut(Join(states, LeastText, brief: true, unicode), Math.Max(width - LeastTabs - 2, 1), unicode), keys);
    }

    private static string Join(IReadOnlyList<StateWord> states, int cells, bool brief, bool unicode)
    {
        var text = "";
        foreach (var state in states)
        {
            text += (text.Length == 0 ? "" : brief ? " " : "  ") + (brief && state.Brief is { } few ? few : state.At(cells, unicode));
        }

        return text;
    }

    private static Tab[] Tabs(IReadOnlyList<IPane> panes, Func<int, IPane, bool> named)
    {
        var tabs = new Tab[panes.Count];
        for (var i = 0; i < tabs.Length; i++)
        {
            tabs[i] = new Tab(panes[i].Key.ToString(), named(i, panes[i]) ? panes[i].Title : "");
        }

        return tabs;
    }

    private static int Width(Tab[] tabs)
    {
        var width = 0;
        foreach (var tab in tabs)
        {
            width += TabBar.WidthOf(tab);
        }

        return width;
    }
}
