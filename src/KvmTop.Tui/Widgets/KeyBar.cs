namespace KvmTop.Tui;

/// <summary>A key and what it does.</summary>
/// <param name="Key">The key as it is written, "F1".</param>
/// <param name="Label">What it does, in a word.</param>
/// <param name="Priority">Where there is no room for all, the lowest go first, and of equals those further to the right.</param>
public readonly record struct KeyHint(string Key, string Label, int Priority = KeyHint.Usual)
{
    /// <summary>For what is useful and can be found in the help too.</summary>
    public const int Usual = 5;

    /// <summary>For what must not go missing.</summary>
    public const int Always = 9;
}

/// <summary>The footer: keys and what they do, as many as there is room for.</summary>
public static class KeyBar
{
    // More than fit on any screen.
    private const int Most = 128;

    /// <summary>Draws into the first row of the area.</summary>
    public static void Render(Buffer buffer, Rect area, ReadOnlySpan<KeyHint> hints, bool unicode, Surface surface = Surface.Footer)
    {
        var row = area.CutTop(1).Top;
        buffer.Fill(row, new Style(Role.KeyLabel, surface));
        Span<int> places = stackalloc int[Math.Min(hints.Length, Most)];
        var x = LayOut(row, hints, places);
        for (var i = 0; i < places.Length; i++)
        {
            if (places[i] >= 0)
            {
                var width = WidthOf(hints[i]);
                var end = buffer.Write(places[i] + 1, row.Y, hints[i].Key, new Style(Role.Key, surface), width);
                buffer.Write(end + 1, row.Y, hints[i].Label, new Style(Role.KeyLabel, surface), width);
            }
        }

        if (places.Contains(-1))
        {
            buffer.Set(Math.Min(x, row.Right - 1), row.IsEmpty ? -1 : row.Y, Glyphs.Ellipsis(unicode), new Style(Role.Dim, surface));
        }
    }

    /// <summary>The hint at a place of the bar that was drawn into this area; -1 for none.</summary>
    public static int HitTest(Rect area, ReadOnlySpan<KeyHint> hints, int x, int y)
    {
        var row = area.CutTop(1).Top;
        Span<int> places = stackalloc int[Math.Min(hints.Length, Most)];
        LayOut(row, hints, places);
        for (var i = 0; i < places.Length && row.Contains(x, y); i++)
        {
            if (places[i] >= 0 && x >= places[i] && x < places[i] + WidthOf(hints[i]))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Where each hint begins, -1 for one that there is no room for; returns where the last ends.</summary>
    private static int LayOut(Rect row, ReadOnlySpan<KeyHint> hints, Span<int> places)
    {
        var need = 0;
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = 0;
            need += WidthOf(hints[i]);
        }

        while (need > Math.Max(row.Width, 0))
        {
            var least = -1;
            for (var i = 0; i < places.Length; i++)
            {
                least = places[i] >= 0 && (least < 0 || hints[i].Priority <= hints[least].Priority) ? i : least;
            }

            need -= WidthOf(hints[least]);
            places[least] = -1;
        }

        var x = row.X;
        for (var i = 0; i < places.Length; i++)
        {
            if (places[i] >= 0)
            {
                places[i] = x;
                x += WidthOf(hints[i]);
            }
        }

        return x;
    }

    private static int WidthOf(KeyHint hint) => CellWidth.Of(hint.Key) + CellWidth.Of(hint.Label) + 3;
}
