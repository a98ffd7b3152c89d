namespace KvmTop.Tui;

/// <summary>The colours that terminals have by number: 0-15 (the user's own; here as xterm shows them), 16-231 a cube, 232-255 greys.</summary>
public static class Palette
{
    private static readonly int[] Ansi =
    [
        0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
        0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
    ];

    /// <summary>0xRRGGBB of a colour of the 256.</summary>
    public static int Rgb(int index)
    {
        if (index < 16)
        {
            return Ansi[Math.Max(index, 0)];
        }

        if (index >= 232)
        {
            return (8 + ((index - 232) * 10)) * 0x010101;
        }

        var cube = index - 16;
        return (Level(cube / 36) << 16) | (Level(cube / 6 % 6) << 8) | Level(cube % 6);

        static int Level(int step) => step == 0 ? 0 : 55 + (step * 40);
    }

    /// <summary>The number of the nearest colour on a terminal with so many of them; -1 (the terminal's own) for <see cref="Color.Default"/> and without colours.</summary>
    public static int Nearest(Color color, int colors)
    {
        if (color.IsDefault || colors < 8)
        {
            return -1;
        }

        if (color.IsAnsi)
        {
            return colors >= 16 ? color.AnsiIndex : color.AnsiIndex & 7;
        }

        // Direct colour: below 8 the numbers are the ANSI colours still.
        return colors > 256 ? Math.Max(color.Value, 8) : colors >= 256 ? NearestOf256(color.Value) : NearestOfFew(color.Value, colors);
    }

    /// <summary>Relative luminance by WCAG, from 0 (black) to 1 (white).</summary>
    public static double Luminance(int rgb)
    {
        return (0.2126 * Linear(rgb >> 16)) + (0.7152 * Linear(rgb >> 8)) + (0.0722 * Linear(rgb));

        static double Linear(int channel)
        {
            var c = (channel & 0xff) / 255.0;
            return c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4);
        }
    }

    /// <summary>Contrast by WCAG, from 1 to 21.</summary>
    public static double Contrast(int rgb, int other)
    {
        var (a, b) = (Luminance(rgb), Luminance(other));
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    private static int NearestOf256(int rgb)
    {
        var (best, bestDistance) = (16, int.MaxValue);
        for (var i = 16; i < 256; i++)
        {
            var distance = Distance(rgb, Rgb(i));
            if (distance < bestDistance)
            {
                (best, bestDistance) = (i, distance);
            }
        }

        return best;
    }

    /// <summary>
    /// By hue rather than by distance: a pastel green is nearer to grey than to the terminal's green, yet green is what it means.
    /// </summary>
    private static int NearestOfFew(int rgb, int colors)
    {
        var (r, g, b) = ((rgb >> 16) & 0xff, (rgb >> 8) & 0xff, rgb & 0xff);
        var (max, min) = (Math.Max(r, Math.Max(g, b)), Math.Min(r, Math.Min(g, b)));
        var chroma = max - min;
        if (chroma < 40 || chroma * 4 < max)
        {
            return (max, colors) switch
            {
                ( < 0x48, _) => 0,
                ( < 0x98, >= 16) => 8,
                ( < 0xe8, _) => 7,
                (_, >= 16) => 15,
                _ => 7,
            };
        }

        if (max < 0x48)
        {
            return 0;
        }

        var third = min + (chroma * 45 / 100);
        var index = (r > third ? 1 : 0) | (g > third ? 2 : 0) | (b > third ? 4 : 0);
        return colors >= 16 && max >= 0xe0 ? index + 8 : index;
    }

    private static int Distance(int a, int b)
    {
        // Weighted by how much the eye sees of each; the mean of the reds tilts the weights ("redmean").
        var red = ((a >> 16) + (b >> 16)) / 2;
        var (dr, dg, db) = ((a >> 16) - (b >> 16), ((a >> 8) & 0xff) - ((b >> 8) & 0xff), (a & 0xff) - (b & 0xff));
        return (((512 + red) * dr * dr) >> 8) + (4 * dg * dg) + (((767 - red) * db * db) >> 8);
    }
}
