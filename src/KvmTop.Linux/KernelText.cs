using System.Globalization;
using System.Text;

namespace KvmTop.Linux;

/// <summary>Short texts out of kernel files and captured trees, made fit for keeping: valid, of one line, without control and invisible characters, bounded.</summary>
public static class KernelText
{
    internal static string Clean(ReadOnlySpan<byte> text, int longest)
    {
        text = text.Trim(" \t\r\n\0"u8);
        text = text[..Math.Min(text.Length, longest)];
        var decoded = Encoding.UTF8.GetString(text);
        var clean = true;
        foreach (var c in decoded)
            clean &= !IsHarmful(c);

        return clean ? decoded : string.Create(decoded.Length, decoded, static (span, from) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = !IsHarmful(from[i]) ? from[i] : from[i] == '\t' ? ' ' : '?';
        });
    }

    /// <summary>What a terminal obeys, what breaks a line, and what turns or hides the text around it.</summary>
    public static bool IsHarmful(char c) => c >= '\u007f'
        ? CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        : c < ' ';

    /// <summary>A small file as one line of text; null, and the error, when it cannot be read.</summary>
    internal static string? Read(HostRoot host, ReadBuffer buffer, string path, out Errno errno)
    {
        var text = buffer.ReadAll(host, path, out errno);
        return errno == Errno.None ? Clean(text, 256) : null;
    }

    /// <summary>A small file that holds one number; null when it cannot be read or holds something else.</summary>
    internal static long? ReadNumber(HostRoot host, ReadBuffer buffer, string path)
    {
        var fields = new ByteFields(buffer.ReadRecord(host, path, out _));
        return fields.TryInt64(out var n) ? n : null;
    }
}
