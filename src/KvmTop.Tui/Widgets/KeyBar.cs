namespace KvmTop.Tui;

/// <summary>A key and what it does.</summary>
/// <param name="Key">The key as it is written, "F1".</param>
/// <param name="Label">What it does, in a word.</param>
public sealed record KeyHint(string Key, string Label);

/// <summary>The footer: keys and what they do. Those that do not fit are left out from the right.</summary>
public static class KeyBar
{
    /// <summary>Draws into the first row of the area.</summary>
    public static void Render(Buffer buffer, Rect area, ReadOnlySpan<KeyHint> hints, bool unicode, Surface surface = Surface.Footer)
    {
        var row = area.CutTop(1).Top;
        buffer.Fill(row, new Style(Role.KeyLabel, surface));
        var x = row.X;
        foreach (var hint in hints)
        {
            var width = WidthOf(hint);
            if (x + width > row.Right)
            {
                buffer.Set(Math.Min(x, row.Right - 1), row.IsEmpty ? -1 : row.Y, Glyphs.Ellipsis(unicode), new Style(Role.Dim, surface));
                break;
            }

            var end = buffer.Write(x + 1, row.Y, hint.Key, new Style(Role.Key, surface), width);
            buffer.Write(end + 1, row.Y, hint.Label, new Style(Role.KeyLabel, surface), width);
            x += width;
        }
    }

    /// <summary>The hint at a place of the bar that was drawn into this area; -1 for none.</summary>
    public static int HitTest(Rect area, ReadOnlySpan<KeyHint> hints, int x, int y)
    {
        var row = area.CutTop(1).Top;
        var at = row.X;
        for (var i = 0; i < hints.Length && row.Contains(x, y); i++)
        {
            var width = WidthOf(hints[i]);
            if (at + width > row.Right)
            {
                break;
            }

            if (x >= at && x < at + width)
            {
                return i;
            }

            at += width;
        }

        return -1;
    }

    private static int WidthOf(KeyHint hint) => CellWidth.Of(hint.Key) + CellWidth.Of(hint.Label) + 3;
}
