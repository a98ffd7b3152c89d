namespace KvmTop.Tui;

/// <summary>Hands changed cells to ncurses: compares with what was handed over before, run by run, and lets ncurses find the cheapest bytes.</summary>
internal sealed unsafe class NcursesScreen
{
    private const int FirstGradientInk = 40;
    private const int Inks = FirstGradientInk + (8 * Style.GradientSteps);
    private const int Surfaces = 16;

    private readonly nint _window;
    private readonly TerminalCapabilities _capabilities;
    private readonly int _maxPairs;
    private readonly Dictionary<int, int> _pairs = [];
    private readonly Buffer _shown = new(0, 0);
    private readonly Ink[] _inks = new Ink[Inks * Surfaces];
    private int[] _text = new int[256];
    private Theme? _theme;
    private StyleResolver? _resolver;
    private bool _valid;

    internal NcursesScreen(nint window, TerminalCapabilities capabilities, int maxPairs)
    {
        (_window, _capabilities, _maxPairs) = (window, capabilities, maxPairs);
    }

    internal void Invalidate() => _valid = false;

    /// <summary>Draws what of the buffer lies inside the terminal: ncurses would wrap a longer row.</summary>
    internal void Draw(Buffer buffer, Theme theme, int width, int height)
    {
        if (!ReferenceEquals(theme, _theme))
        {
            UseTheme(theme);
        }

        var all = !_valid || buffer.Width != _shown.Width || buffer.Height != _shown.Height;
        if (all)
        {
            _ = Native.werase(_window);
            _ = Native.clearok(_window, true);
        }

        for (var y = 0; y < Math.Min(buffer.Height, height); y++)
        {
            var row = buffer.Row(y)[..Math.Min(buffer.Width, width)];
            if (all)
            {
                Send(row, y, 0, row.Length);
                continue;
            }

            var old = _shown.Row(y)[..row.Length];
            var first = row.CommonPrefixLength(old);
            if (first == row.Length)
            {
                continue;
            }

            var end = row.Length;
            while (row[end - 1] == old[end - 1])
            {
                end--;
            }

            // One more on either side: half of a wide character, and blanks whose look depends on their neighbours.
            Send(row, y, Math.Max(first - 2, 0), Math.Min(end + 2, row.Length));
        }

        _shown.CopyFrom(buffer);
        _valid = true;
        _ = Native.wnoutrefresh(_window);
        _ = Native.doupdate();
    }

    private void UseTheme(Theme theme)
    {
        (_theme, _resolver, _valid) = (theme, new StyleResolver(theme, _capabilities.Colors), false);
        Array.Clear(_inks);
        if (_maxPairs <= 256)
        {
            _pairs.Clear();
        }

        // The background decides what ncurses can clear with one "erase to end of line".
        var ink = InkOf(new Style(Role.Text));
        var cell = stackalloc byte[128];
        var blank = stackalloc int[2] { ' ', 0 };
        var pair = ink.Pair;
        _ = Native.setcchar(cell, blank, 0, 0, &pair);
        Native.wbkgrndset(_window, cell);
    }

    private void Send(ReadOnlySpan<Cell> row, int y, int from, int to)
    {
        if (from > 0 && row[from].Rune == Cell.Continuation)
        {
            from--;
        }

        if (_text.Length < row.Length)
        {
            _text = new int[row.Length];
        }

        var x = from;
        while (x < to)
        {
            var (start, count) = (x, 0);
            var ink = LookOf(row, x);
            do
            {
                _text[count++] = CharacterAt(row, x, out var width);
                x += width;
            }
            while (x < to && LookOf(row, x) == ink);

            fixed (int* text = _text)
            {
                var pair = ink.Pair;
                _ = Native.wattr_set(_window, ink.Attributes, 0, &pair);
                _ = Native.wmove(_window, y, start);
                _ = Native.waddnwstr(_window, text, count);
            }
        }
    }

    /// <summary>What to send for a cell. Half a wide character, drawn over by something else, becomes a blank.</summary>
    private int CharacterAt(ReadOnlySpan<Cell> row, int x, out int width)
    {
        var rune = row[x].Rune;
        width = 1;
        if (rune is >= ' ' and < 127)
        {
            return rune;
        }

        if (rune < 0xa0)
        {
            return ' ';
        }

        if (x + 1 < row.Length && row[x + 1].Rune == Cell.Continuation)
        {
            width = 2;
        }

        if (_capabilities.Unicode && CellWidth.IsKnown(rune) && CellWidth.Of(new System.Text.Rune(rune)) == width)
        {
            return rune;
        }

        width = 1;
        return '?';
    }

    /// <summary>
    /// The look of a cell. A blank between different styles shows nothing of its own ink: with that of ordinary text, it costs no colour change and
    /// ncurses can skip or erase it.
    /// </summary>
    private Ink LookOf(ReadOnlySpan<Cell> row, int x)
    {
        var style = row[x].Style;
        if (row[x].Rune == ' ' && !(x > 0 && x + 1 < row.Length && row[x - 1].Style == style && row[x + 1].Style == style && row[x - 1].Rune != ' ' && row[x + 1].Rune != ' '))
        {
            var blank = InkOf(new Style(Role.Text, style.Surface));
            return (InkOf(style).Attributes & (Native.A_REVERSE | Native.A_UNDERLINE)) == (blank.Attributes & (Native.A_REVERSE | Native.A_UNDERLINE)) ? blank : InkOf(style);
        }

        return InkOf(style);
    }

    private Ink InkOf(Style style)
    {
        var ink = style.IsGradient ? FirstGradientInk + ((int)style.Gradient * Style.GradientSteps) + style.Step : (int)style.Role;
        ref var known = ref _inks[((int)style.Surface * Inks) + ink];
        if (known.Slot == 0)
        {
            known = Make(style);
        }

        return known;
    }

    private Ink Make(Style style)
    {
        var look = _resolver!.Resolve(style);
        var attributes = 0u;
        attributes |= (look.Attributes & TextAttributes.Bold) != 0 ? Native.A_BOLD : 0;
        attributes |= (look.Attributes & TextAttributes.Dim) != 0 ? Native.A_DIM : 0;
        attributes |= (look.Attributes & TextAttributes.Underline) != 0 ? Native.A_UNDERLINE : 0;
        attributes |= (look.Attributes & TextAttributes.Reverse) != 0 ? Native.A_REVERSE : 0;
        attributes |= (look.Attributes & TextAttributes.Italic) != 0 ? Native.A_ITALIC : 0;
        return new(attributes, PairOf(look.Foreground, look.Background));
    }

    /// <summary>Pairs are made as they are needed: an 8-colour terminal has 64, and a theme rarely uses more. Never 0, which ncurses takes for "as the background".</summary>
    private int PairOf(int foreground, int background)
    {
        if (_capabilities.Colors < 8)
        {
            return -1;
        }

        var colors = ((foreground + 1) << 16) | (background + 1);
        if (!_pairs.TryGetValue(colors, out var pair))
        {
            pair = _pairs.Count + 1;
            if (pair >= _maxPairs)
            {
                return 1;
            }

            _ = Native.init_extended_pair(pair, foreground, background);
            _pairs.Add(colors, pair);
        }

        return pair;
    }

    /// <param name="Attributes">ncurses attribute bits.</param>
    /// <param name="Slot">Colour pair, -1 for none; 0 means "not worked out yet".</param>
    private readonly record struct Ink(uint Attributes, int Slot)
    {
        internal int Pair => Math.Max(Slot, 0);
    }
}
