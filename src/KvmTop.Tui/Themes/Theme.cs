namespace KvmTop.Tui;

/// <summary>A colour: 24-bit RGB, one of the terminal's 16, or the terminal's own default.</summary>
/// <param name="Value">0xRRGGBB, 0x1000000 + 0..15, or -1 for the terminal's default.</param>
public sealed record Color(int Value)
{
    private const int AnsiFlag = 0x1000000;

    /// <summary>Whatever the terminal has.</summary>
    public static Color Default { get; } = new(-1);

    /// <summary>True for the terminal's own colour.</summary>
    public bool IsDefault => Value < 0;

    /// <summary>One of the 16 colours that the user has set up in the terminal.</summary>
    public static Color Ansi(int index) => new(AnsiFlag | (index & 15));

    /// <summary>True for one of the terminal's 16.</summary>
    public bool IsAnsi => Value >= AnsiFlag;

    /// <summary>Which of the 16.</summary>
    public int AnsiIndex => Value & 15;
}

/// <summary>Attributes beside the colour.</summary>
[Flags]
public enum TextAttributes : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Bold.</summary>
    Bold = 1,

    /// <summary>Faint.</summary>
    Dim = 2,

    /// <summary>Underlined.</summary>
    Underline = 4,

    /// <summary>Foreground and background exchanged.</summary>
    Reverse = 8,

    /// <summary>Italic.</summary>
    Italic = 16,
}

/// <summary>How a style looks.</summary>
/// <param name="Foreground">Text colour.</param>
/// <param name="Background">Colour behind it.</param>
/// <param name="Attributes">Bold and so on.</param>
public sealed record Look(Color Foreground, Color Background, TextAttributes Attributes);

/// <summary>Turns roles, gradients and surfaces into colours. Immutable; loaded from <c>themes/NAME.json</c>.</summary>
public sealed class Theme
{
    private readonly Look[] _roles;
    private readonly Color[][] _gradients;
    private readonly Look[] _surfaces;

    /// <param name="name">File name without the extension.</param>
    /// <param name="roles">One look per <see cref="Role"/>; the background is not used.</param>
    /// <param name="gradients"><see cref="Style.GradientSteps"/> colours per <see cref="Gradient"/>.</param>
    /// <param name="surfaces">One look per <see cref="Surface"/>: background, attributes, and a foreground that replaces the role's unless it is the default.</param>
    public Theme(string name, Look[] roles, Color[][] gradients, Look[] surfaces)
    {
        (Name, _roles, _gradients, _surfaces) = (name, roles, gradients, surfaces);
    }

    /// <summary>The name one chooses it by.</summary>
    public string Name { get; }

    /// <summary>How a style looks in this theme.</summary>
    public Look Resolve(Style style)
    {
        var surface = _surfaces[(int)style.Surface];
        var ink = style.IsGradient ? new Look(_gradients[(int)style.Gradient][style.Step], Color.Default, TextAttributes.None) : _roles[(int)style.Role];
        return new Look(surface.Foreground.IsDefault ? ink.Foreground : surface.Foreground, surface.Background, ink.Attributes | surface.Attributes);
    }
}
