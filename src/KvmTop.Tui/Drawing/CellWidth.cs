using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace KvmTop.Tui;

/// <summary>How many cells a character takes, by the C library's tables: the same that terminals' libraries use.</summary>
public static partial class CellWidth
{
    /// <summary>0 for combining marks, 1, 2 for wide characters, -1 for what cannot be printed.</summary>
    public static int Of(Rune rune)
    {
        if (rune.Value is >= ' ' and < 127)
        {
            return 1;
        }

        // Formatting characters (bidi overrides, zero-width joiners) reorder or hide text: a name must not contain them.
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.OtherNotAssigned
                or UnicodeCategory.PrivateUse or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => -1,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark => 0,
            _ => rune.Value < 0x300 ? 1 : WideOrNarrow(rune.Value),
        };
    }

    /// <summary>The width of a text as <see cref="Buffer.Write"/> draws it.</summary>
    public static int Of(ReadOnlySpan<char> text)
    {
        var width = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var w = Of(rune);
            width += w < 0 ? 1 : w;
        }

        return width;
    }

    /// <summary>False for a character that .NET knows and the C library (and so, likely, the terminal) does not: its width there is a guess.</summary>
    internal static bool IsKnown(int rune) => rune < 0x300 || wcwidth(rune) >= 0;

    private static int WideOrNarrow(int rune)
    {
        // wcwidth knows nothing beyond ASCII in the C locale; a printable character is then taken as one cell wide.
        var width = wcwidth(rune);
        return width < 0 ? 1 : width;
    }

    [LibraryImport("libc")]
    private static partial int wcwidth(int character);
}
