namespace KvmTop.Tui;

/// <summary>What a style comes to on one terminal.</summary>
/// <param name="Foreground">Colour number, -1 for the terminal's own.</param>
/// <param name="Background">Colour number, -1 for the terminal's own.</param>
/// <param name="Attributes">Bold and so on.</param>
public readonly record struct TerminalLook(int Foreground, int Background, TextAttributes Attributes);

/// <summary>Brings a theme down to the colours that a terminal has, and keeps text readable and the selection visible on the way.</summary>
public sealed class StyleResolver
{
    private readonly Theme _theme;
    private readonly int _colors;

    /// <param name="theme">The theme; without colours the "monochrome" theme stands in for it.</param>
    /// <param name="colors">How many colours the terminal has: 0, 8, 16, 256 or more.</param>
    public StyleResolver(Theme theme, int colors)
    {
        (_theme, _colors) = (colors < 8 ? ThemeCatalog.Monochrome : theme, colors);
    }

    /// <summary>The colours and attributes to send for a style.</summary>
    public TerminalLook Resolve(Style style)
    {
        var look = _theme.Resolve(style);
        if (_colors < 8)
        {
            return new(-1, -1, look.Attributes);
        }

        var (foreground, background) = (Palette.Nearest(look.Foreground, _colors), Palette.Nearest(look.Background, _colors));
        var attributes = look.Attributes;
        if (_colors <= 16)
        {
            // Surfaces that differ by a shade fall together here; the cursor must not get lost with them.
            var normal = _theme.Resolve(new Style(Role.Text));
            if (style.Surface is Surface.Selected or Surface.Tab or Surface.Input && look.Background != normal.Background
                && background == Palette.Nearest(normal.Background, _colors) && (attributes & TextAttributes.Reverse) == 0)
            {
                return new(Palette.Nearest(normal.Foreground, _colors), background, attributes | TextAttributes.Reverse);
            }
        }

        if (_colors == 8 && look.Foreground is { IsAnsi: true, AnsiIndex: >= 8 })
        {
            // The bright eight are the bold eight there; bright black would be black.
            attributes |= look.Foreground.AnsiIndex == 8 ? TextAttributes.Dim : TextAttributes.Bold;
            foreground = look.Foreground.AnsiIndex == 8 ? 7 : foreground;
        }

        if (foreground == background && foreground >= 0 && look.Foreground != look.Background)
        {
            foreground = Palette.Luminance(Palette.Rgb(background)) < 0.2 ? (_colors >= 16 ? 8 : 7) : 0;
            attributes |= _colors == 8 && foreground == 7 ? TextAttributes.Dim : TextAttributes.None;
        }

        return new(foreground, background, attributes);
    }
}
