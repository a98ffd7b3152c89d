namespace KvmTop.Tui;

/// <summary>The characters that widgets draw with.</summary>
internal static class Glyphs
{
    /// <summary>From nothing to full, growing upwards.</summary>
    internal const string LowerBlocks = " ▁▂▃▄▅▆▇█";

    /// <summary>Eight heights without block characters.</summary>
    internal const string AsciiHeights = " _.-:=+*#";

    /// <summary>Ends a text that was cut.</summary>
    internal static char Ellipsis(bool unicode) => unicode ? '…' : '~';

    /// <summary>Something is hidden to the left.</summary>
    internal static char MoreLeft(bool unicode) => unicode ? '‹' : '<';

    /// <summary>Something is hidden to the right.</summary>
    internal static char MoreRight(bool unicode) => unicode ? '›' : '>';

    /// <summary>Braille with so many dots from the bottom (0 to 4) in its left and right column.</summary>
    internal static int Braille(int left, int right) => 0x2800 | LeftColumn(left) | RightColumn(right);

    /// <summary>One braille dot; row 0 is the topmost of 4.</summary>
    internal static int BrailleDot(int column, int row) => column == 0
        ? row switch { 0 => 1, 1 => 2, 2 => 4, _ => 0x40 }
        : row switch { 0 => 8, 1 => 0x10, 2 => 0x20, _ => 0x80 };

    /// <summary>Writes a text, with an ellipsis where it does not fit.</summary>
    internal static int WriteCut(Buffer buffer, int x, int y, ReadOnlySpan<char> text, Style style, int width, bool unicode)
    {
        if (width <= 0)
        {
            return x;
        }

        if (CellWidth.Of(text) <= width)
        {
            return buffer.Write(x, y, text, style, width);
        }

        var end = buffer.Write(x, y, text, style, width - 1);
        buffer.Set(end, y, Ellipsis(unicode), style);
        return end + 1;
    }

    private static int LeftColumn(int dots) => dots switch { 0 => 0, 1 => 0x40, 2 => 0x44, 3 => 0x46, _ => 0x47 };

    private static int RightColumn(int dots) => dots switch { 0 => 0, 1 => 0x80, 2 => 0xa0, 3 => 0xb0, _ => 0xb8 };
}
