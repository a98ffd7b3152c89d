using System.Globalization;
using System.Text;

namespace KvmTop.Vmm;

/// <summary>Makes text that comes from a machine, a process or a file fit for a terminal: valid, of one line, without anything that a terminal obeys.</summary>
public static class HostileText
{
    private const char Placeholder = '·';
    private const char Ellipsis = '…';

    /// <summary>
    /// Decodes UTF-8 and cleans it. Control characters and private ones become '·'; invisible ones (formats, bidirectional marks, joiners) go;
    /// a base character keeps at most two combining marks; more than <paramref name="maxLength"/> UTF-16 units are cut with '…'.
    /// Input that leaves nothing is "?"; empty input is empty.
    /// </summary>
    public static string Clean(ReadOnlySpan<byte> utf8, int maxLength)
    {
        // A rune takes at most 4 bytes, and dropped characters are the exception: what lies far beyond the limit cannot be shown.
        var limit = Math.Max((long)maxLength * 16, 64);
        var cut = utf8.Length > limit;
        if (cut)
            utf8 = utf8[..(int)limit];
        return CleanRunes(Encoding.UTF8.GetString(utf8), maxLength, cut);
    }

    /// <inheritdoc cref="Clean(ReadOnlySpan{byte}, int)"/>
    public static string Clean(string text, int maxLength)
    {
        var limit = Math.Max((long)maxLength * 16, 64);
        return text.Length > limit ? CleanRunes(text.AsSpan(0, (int)limit), maxLength, true) : CleanRunes(text, maxLength, false);
    }

    private static string CleanRunes(ReadOnlySpan<char> text, int maxLength, bool cut)
    {
        if (text.IsEmpty || maxLength <= 0)
            return "";

        var clean = new StringBuilder(Math.Min(text.Length, maxLength));
        var marks = 0;
        Span<char> units = stackalloc char[2];
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length > maxLength)
                break;

            switch (Rune.GetUnicodeCategory(rune))
            {
                case UnicodeCategory.Control:
                case UnicodeCategory.PrivateUse:
                case UnicodeCategory.OtherNotAssigned:
                case UnicodeCategory.Surrogate:
                    clean.Append(Placeholder);
                    marks = 0;
                    break;
                case UnicodeCategory.Format:
                case UnicodeCategory.EnclosingMark:
                    break;
                case UnicodeCategory.LineSeparator:
                case UnicodeCategory.ParagraphSeparator:
                case UnicodeCategory.SpaceSeparator:
                    clean.Append(' ');
                    marks = 0;
                    break;
                case UnicodeCategory.NonSpacingMark:
                case UnicodeCategory.SpacingCombiningMark:
                    if (clean.Length > 0 && ++marks <= 2)
                        Append(clean, rune, units);
                    break;
                default:
                    Append(clean, rune, units);
                    marks = 0;
                    break;
            }
        }

        if (clean.Length > maxLength || (cut && clean.Length == maxLength))
        {
            var end = maxLength - 1;
            if (end > 0 && char.IsHighSurrogate(clean[end - 1]))
                end--;
            clean.Length = end;
            clean.Append(Ellipsis);
        }
        else if (cut)
        {
            clean.Append(Ellipsis);
        }

        var blank = true;
        for (var i = 0; i < clean.Length && blank; i++)
            blank = clean[i] == ' ';
        return blank ? "?" : clean.ToString();
    }

    private static void Append(StringBuilder clean, Rune rune, Span<char> units) => clean.Append(units[..rune.EncodeToUtf16(units)]);
}
