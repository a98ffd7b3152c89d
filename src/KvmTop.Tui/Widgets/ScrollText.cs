namespace KvmTop.Tui;

/// <summary>A run of text in one style.</summary>
/// <param name="Text">The text.</param>
/// <param name="Style">How it looks; the surface is the widget's.</param>
public sealed record TextSpan(string Text, Style Style);

/// <summary>Paragraphs of styled text, for help, plans and messages. Build it once; wrapping is remembered until the width changes.</summary>
public sealed class TextDocument
{
    private readonly List<Paragraph> _paragraphs = [];
    private readonly List<Line> _lines = [];
    private int _wrappedAt = -1;

    /// <summary>Number of paragraphs.</summary>
    public int Count => _paragraphs.Count;

    /// <summary>Adds a paragraph in one style; lines after the first begin at the indent.</summary>
    public TextDocument Add(string text, Style style = default, int indent = 0) => Add(indent, new TextSpan(text, style));

    /// <summary>Adds a paragraph of several styles; lines after the first begin at the indent.</summary>
    public TextDocument Add(int indent, params TextSpan[] spans)
    {
        _paragraphs.Add(new Paragraph(spans, Math.Max(indent, 0)));
        _wrappedAt = -1;
        return this;
    }

    /// <summary>The number of lines at a width.</summary>
    public int Height(int width) => Wrap(width).Count;

    internal string TextOf(int paragraph) => string.Concat(_paragraphs[paragraph].Spans.Select(span => span.Text));

    internal TextSpan[] SpansOf(int paragraph) => _paragraphs[paragraph].Spans;

    internal List<Line> Wrap(int width)
    {
        width = Math.Max(width, 1);
        if (_wrappedAt == width)
        {
            return _lines;
        }

        _wrappedAt = width;
        _lines.Clear();
        for (var i = 0; i < _paragraphs.Count; i++)
        {
            Wrap(i, width);
        }

        return _lines;
    }

    private void Wrap(int paragraph, int width)
    {
        var text = TextOf(paragraph);
        var hanging = Math.Min(_paragraphs[paragraph].Indent, width / 2);
        var (start, indent) = (0, 0);
        do
        {
            var end = LineEnd(text, start, width - indent);
            _lines.Add(new Line(paragraph, start, end, indent));
            start = end;
            while (start < text.Length && text[start] == ' ')
            {
                start++;
            }

            indent = hanging;
        }
        while (start < text.Length);
    }

    /// <summary>Where a line that starts here ends: after the last word that fits, or within a word that is longer than the line.</summary>
    private static int LineEnd(string text, int start, int width)
    {
        var (at, used, lastBreak) = (start, 0, -1);
        foreach (var rune in text.AsSpan(start).EnumerateRunes())
        {
            var w = CellWidth.Of(rune);
            used += w < 0 ? 1 : w;
            if (used > width && rune.Value != ' ')
            {
                return lastBreak > start ? lastBreak : Math.Max(at, start + rune.Utf16SequenceLength);
            }

            if (rune.Value == ' ')
            {
                lastBreak = at;
            }

            at += rune.Utf16SequenceLength;
        }

        return text.Length;
    }

    private sealed record Paragraph(TextSpan[] Spans, int Indent);

    /// <param name="Paragraph">Its paragraph.</param>
    /// <param name="Start">First character in it.</param>
    /// <param name="End">Character after the last.</param>
    /// <param name="Indent">Cells before it.</param>
    internal sealed record Line(int Paragraph, int Start, int End, int Indent);
}

/// <summary>Where a scrolled text stands, and what is searched for in it.</summary>
public sealed class ScrollTextState
{
    private TextDocument? _document;
    private int _width = 1;
    private int _height;

    /// <summary>The first line on the screen.</summary>
    public int Offset { get; set; }

    /// <summary>What is highlighted; empty for nothing. Case does not matter.</summary>
    public string Search { get; private set; } = "";

    /// <summary>Scrolls by a key that scrolls; false for any other.</summary>
    public bool Handle(InputEvent input)
    {
        int? target = input.Key switch
        {
            Key.Up => Offset - 1,
            Key.Down => Offset + 1,
            Key.WheelUp => Offset - 3,
            Key.WheelDown => Offset + 3,
            Key.PageUp => Offset - Math.Max(_height - 1, 1),
            Key.PageDown => Offset + Math.Max(_height - 1, 1),
            Key.Home => 0,
            Key.End => int.MaxValue,
            _ => null,
        };
        Offset = target ?? Offset;
        Clamp();
        return target is not null;
    }

    /// <summary>Highlights a text and scrolls to its first occurrence from the line on the top; false when there is none.</summary>
    public bool Find(string text)
    {
        Search = text;
        return FindFrom(Offset);
    }

    /// <summary>Scrolls to the next occurrence, beginning again at the top.</summary>
    public bool FindNext()
    {
        // At the end everything that follows is on the screen already: looking there again would stay there for ever.
        var atEnd = _document is not null && Offset >= _document.Height(_width) - _height;
        return FindFrom(atEnd ? 0 : Offset + 1);
    }

    internal void Arrange(TextDocument document, int width, int height)
    {
        (_document, _width, _height) = (document, width, height);
        Clamp();
    }

    private void Clamp() => Offset = Math.Clamp(Offset, 0, Math.Max((_document?.Height(_width) ?? 0) - _height, 0));

    private bool FindFrom(int line)
    {
        if (_document is null || Search.Length == 0)
        {
            return false;
        }

        var lines = _document.Wrap(_width);
        for (var i = 0; i < lines.Count; i++)
        {
            var at = (line + i) % lines.Count;
            var (paragraph, start, end, _) = lines[at];
            if (_document.TextOf(paragraph).AsSpan(start, end - start).Contains(Search, StringComparison.OrdinalIgnoreCase))
            {
                Offset = at;
                Clamp();
                return true;
            }
        }

        return false;
    }
}

/// <summary>Draws a <see cref="TextDocument"/>, wrapped, with a scroll bar when it is longer than the area.</summary>
public static class ScrollText
{
    /// <summary>Draws the part that the state says.</summary>
    public static void Render(Buffer buffer, Rect area, TextDocument document, ScrollTextState state, bool unicode, Surface surface = Surface.Normal)
    {
        buffer.Fill(area, new Style(Role.Text, surface));
        if (area.IsEmpty)
        {
            return;
        }

        var scrolls = document.Height(area.Width) > area.Height && area.Width > 8;
        var (bar, content) = area.CutRight(scrolls ? 2 : 0);
        state.Arrange(document, content.Width, content.Height);
        var lines = document.Wrap(content.Width);
        for (var i = 0; i < content.Height && state.Offset + i < lines.Count; i++)
        {
            RenderLine(buffer, content, content.Y + i, document, lines[state.Offset + i], state.Search, surface);
        }

        if (scrolls)
        {
            Table.RenderScrollBar(buffer, bar.CutRight(1).Right, state.Offset, lines.Count, unicode, surface);
        }
    }

    private static void RenderLine(Buffer buffer, Rect area, int y, TextDocument document, TextDocument.Line line, string search, Surface surface)
    {
        var x = area.X + line.Indent;
        var at = 0;
        foreach (var span in document.SpansOf(line.Paragraph))
        {
            var (from, to) = (Math.Max(line.Start, at), Math.Min(line.End, at + span.Text.Length));
            if (from < to)
            {
                x = buffer.Write(x, y, span.Text.AsSpan(from - at, to - from), span.Style.On(surface), area.Right - x);
            }

            at += span.Text.Length;
        }

        if (search.Length == 0)
        {
            return;
        }

        var text = document.TextOf(line.Paragraph).AsSpan(line.Start, line.End - line.Start);
        var start = 0;
        while (text[start..].IndexOf(search, StringComparison.OrdinalIgnoreCase) is >= 0 and var found)
        {
            var before = CellWidth.Of(text[..(start + found)]);
            var place = new Rect(area.X + line.Indent + before, y, CellWidth.Of(text.Slice(start + found, search.Length)), 1);
            buffer.SetSurface(place.Intersect(area), Surface.Selected);
            start += found + search.Length;
        }
    }
}
