namespace KvmTop.Tui;

/// <summary>What the operator wants of the terminal, on top of what TERM and the locale say.</summary>
public sealed class NcursesOptions
{
    /// <summary>Most colours to use: 256, 16, 8 or 0. Null: what the terminal has, and none when NO_COLOR is set and not empty.</summary>
    public int? MaxColors { get; init; }

    /// <summary>Null: by the locale; false: ASCII only; true: block and braille characters whatever the locale says.</summary>
    public bool? Unicode { get; init; }

    /// <summary>Ask the terminal for mouse events.</summary>
    public bool Mouse { get; init; } = true;

    /// <summary>Terminal type; null: the environment's TERM.</summary>
    public string? Term { get; init; }
}
