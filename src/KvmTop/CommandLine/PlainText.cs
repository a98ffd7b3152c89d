using System.Buffers;

namespace KvmTop.CommandLine;

/// <summary>
/// UTF-8 without what a terminal obeys or hides: control characters other than tab and line feed, those of C1, and marks of direction and of no width become '?'. The last
/// sieve before the standard streams, for whoever forgot to clean: a name that somebody typed, the words of a library's error.
/// </summary>
internal static class PlainText
{
    private const byte Placeholder = (byte)'?';

    // Controls, and the bytes that begin U+0080-U+00BF, U+2000-U+2FFF and U+F000-U+FFFF.
    private static readonly SearchValues<byte> s_suspects = SearchValues.Create(
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 0x7F, 0xC2, 0xE2, 0xEF,
    ]);

    /// <summary>The same bytes when there is nothing to hide, else a copy.</summary>
    public static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> text)
    {
        var at = text.IndexOfAny(s_suspects);
        if (at < 0)
            return text;
        byte[]? clean = null;
        var length = 0;
        var from = 0;
        while (at < text.Length)
        {
            var hidden = Hidden(text[at..]);
            if (hidden > 0)
            {
                clean ??= new byte[text.Length];
                text[from..at].CopyTo(clean.AsSpan(length));
                length += at - from;
                clean[length++] = Placeholder;
                from = at + hidden;
            }

            at += Math.Max(hidden, 1);
            var next = text[at..].IndexOfAny(s_suspects);
            at = next < 0 ? text.Length : at + next;
        }

        if (clean is null)
            return text;
        text[from..].CopyTo(clean.AsSpan(length));
        return clean.AsSpan(0, length + text.Length - from);
    }

    /// <summary>How many bytes at the beginning are a character that is not to be seen; 0 for one that is.</summary>
    private static int Hidden(ReadOnlySpan<byte> text) => text switch
    {
        [< 0x20 and not ((byte)'\n' or (byte)'\t') or 0x7F, ..] => 1,
        [0xC2, >= 0x80 and <= 0x9F, ..] => 2,

        // U+200B..U+200F, U+2028..U+202E, U+2060..U+206F, U+FEFF.
        [0xE2, 0x80, (>= 0x8B and <= 0x8F) or (>= 0xA8 and <= 0xAE), ..] => 3,
        [0xE2, 0x81, >= 0xA0 and <= 0xAF, ..] => 3,
        [0xEF, 0xBB, 0xBF, ..] => 3,
        _ => 0,
    };
}
