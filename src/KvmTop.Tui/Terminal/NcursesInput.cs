using System.Text;

namespace KvmTop.Tui;

/// <summary>Turns what ncurses reads into <see cref="InputEvent"/>s.</summary>
internal sealed unsafe class NcursesInput(nint window)
{
    private const long DoubleClickMilliseconds = 400;
    private const int MaxEscapeLength = 64;

    private InputEvent _held;
    private bool _hasHeld;
    private long _clickTime = long.MinValue / 2;
    private (int X, int Y) _clickPlace;

    /// <summary>The next event; false when nothing has been typed. A resize that ncurses noticed comes as <see cref="Key.Resize"/>.</summary>
    internal bool TryRead(out InputEvent input)
    {
        if (_hasHeld)
        {
            (input, _hasHeld) = (_held, false);
            return true;
        }

        while (true)
        {
            int character;
            var kind = Native.wget_wch(window, &character);
            if (kind == Native.Err)
            {
                input = default;
                return false;
            }

            if (kind == Native.KeyCodeYes ? TryKey(character, out input) : TryCharacter(character, out input))
            {
                return true;
            }
        }
    }

    private bool TryKey(int code, out InputEvent input)
    {
        if (code == 0x199) // KEY_MOUSE
        {
            return TryMouse(out input);
        }

        Key? key = code switch
        {
            0x102 => Key.Down,
            0x103 => Key.Up,
            0x104 => Key.Left,
            0x105 => Key.Right,
            0x106 or 0x16a => Key.Home, // KEY_HOME, KEY_FIND of old terminals
            0x107 => Key.Backspace,
            > 0x108 and <= 0x108 + 12 => Key.F1 + (code - 0x109),
            0x14a => Key.Delete,
            0x14b => Key.Insert,
            0x151 => Key.WheelDown, // KEY_SF and KEY_SR: shifted arrows and wheels without mouse support
            0x150 => Key.WheelUp,
            0x152 => Key.PageDown,
            0x153 => Key.PageUp,
            0x157 => Key.Enter,
            0x161 => Key.BackTab,
            0x168 or 0x181 => Key.End,
            0x19a => Key.Resize,
            _ => null,
        };
        input = new(key ?? default);
        return key is not null;
    }

    private bool TryCharacter(int character, out InputEvent input)
    {
        switch (character)
        {
            case '\r' or '\n':
                input = new(Key.Enter);
                return true;
            case '\t':
                input = new(Key.Tab);
                return true;
            case 8 or 127:
                input = new(Key.Backspace);
                return true;
            case 27:
                return TryEscape(out input);
            default:
                var valid = Rune.IsValid(character);
                input = valid ? new(Key.Character, new Rune(character)) : default;
                return valid;
        }
    }

    /// <summary>Escape on its own, or a sequence that terminfo does not know: that is swallowed, or its rest would act as keys.</summary>
    private bool TryEscape(out InputEvent input)
    {
        input = new(Key.Escape);
        int next;
        var kind = Native.wget_wch(window, &next);
        if (kind == Native.Err)
        {
            return true;
        }

        if (kind == Native.KeyCodeYes)
        {
            _hasHeld = TryKey(next, out _held);
            return true;
        }

        if (next is not ('[' or 'O'))
        {
            _hasHeld = TryCharacter(next, out _held);
            return true;
        }

        for (var i = 0; i < MaxEscapeLength && Native.wget_wch(window, &next) == 0; i++)
        {
            if (next is >= '@' and <= '~' and not '[')
            {
                break;
            }
        }

        return false;
    }

    private bool TryMouse(out InputEvent input)
    {
        // struct { short id; int x, y, z; mmask_t bstate; }, with room for builds whose mmask_t is a long.
        var raw = stackalloc byte[64];
        input = default;
        if (Native.getmouse(raw) == Native.Err)
        {
            return false;
        }

        var (x, y, buttons) = (((int*)raw)[1], ((int*)raw)[2], ((uint*)raw)[4]);
        if ((buttons & Native.BUTTON4_PRESSED) != 0)
        {
            input = new(Key.WheelUp, default, x, y);
        }
        else if ((buttons & Native.BUTTON5_PRESSED) != 0)
        {
            input = new(Key.WheelDown, default, x, y);
        }
        else if ((buttons & Native.BUTTON1_PRESSED) != 0)
        {
            // ncurses would hold every click back to see whether a second follows: it is told not to, and the pair is found here.
            var now = Environment.TickCount64;
            var twice = now - _clickTime < DoubleClickMilliseconds && _clickPlace == (x, y);
            (_clickTime, _clickPlace) = (twice ? long.MinValue / 2 : now, (x, y));
            input = new(twice ? Key.DoubleClick : Key.Click, default, x, y);
        }
        else
        {
            return false;
        }

        return true;
    }
}
