using System.Text;

namespace KvmTop.Tui;

/// <summary>Keys that are not characters.</summary>
public enum Key
{
    /// <summary>A character: see <see cref="InputEvent.Rune"/>.</summary>
    Character,

    /// <summary>Enter or Return.</summary>
    Enter,

    /// <summary>Escape on its own.</summary>
    Escape,

    /// <summary>Tab.</summary>
    Tab,

    /// <summary>Shift and Tab.</summary>
    BackTab,

    /// <summary>Backspace.</summary>
    Backspace,

    /// <summary>Delete.</summary>
    Delete,

    /// <summary>Insert.</summary>
    Insert,

    /// <summary>Arrow up.</summary>
    Up,

    /// <summary>Arrow down.</summary>
    Down,

    /// <summary>Arrow left.</summary>
    Left,

    /// <summary>Arrow right.</summary>
    Right,

    /// <summary>Page up.</summary>
    PageUp,

    /// <summary>Page down.</summary>
    PageDown,

    /// <summary>Home.</summary>
    Home,

    /// <summary>End.</summary>
    End,

    /// <summary>F1; the others follow in order.</summary>
    F1,

    /// <summary>F2.</summary>
    F2,

    /// <summary>F3.</summary>
    F3,

    /// <summary>F4.</summary>
    F4,

    /// <summary>F5.</summary>
    F5,

    /// <summary>F6.</summary>
    F6,

    /// <summary>F7.</summary>
    F7,

    /// <summary>F8.</summary>
    F8,

    /// <summary>F9.</summary>
    F9,

    /// <summary>F10.</summary>
    F10,

    /// <summary>F11.</summary>
    F11,

    /// <summary>F12.</summary>
    F12,

    /// <summary>A mouse button at <see cref="InputEvent.X"/>, <see cref="InputEvent.Y"/>.</summary>
    Click,

    /// <summary>Two clicks in quick succession.</summary>
    DoubleClick,

    /// <summary>The wheel, away from the user.</summary>
    WheelUp,

    /// <summary>The wheel, towards the user.</summary>
    WheelDown,

    /// <summary>The terminal has another size.</summary>
    Resize,
}

/// <summary>One key press, mouse event or resize.</summary>
/// <param name="Key">Which.</param>
/// <param name="Rune">The character, for <see cref="Key.Character"/>; Ctrl-A is U+0001 and so on.</param>
/// <param name="X">Column of a mouse event.</param>
/// <param name="Y">Row of a mouse event.</param>
public readonly record struct InputEvent(Key Key, Rune Rune = default, int X = 0, int Y = 0)
{
    /// <summary>A typed character.</summary>
    public static InputEvent Of(char character) => new(Key.Character, new Rune(character));

    /// <summary>True when this is the given character.</summary>
    public bool Is(char character) => Key == Key.Character && Rune.Value == character;

    /// <summary>True when this is Ctrl with the given letter.</summary>
    public bool IsCtrl(char letter) => Key == Key.Character && Rune.Value == (letter & 0x1f);
}
