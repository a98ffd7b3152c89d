using System.Runtime.InteropServices;
using System.Text;

namespace KvmTop.Tui;

/// <summary>
/// Puts the terminal back without ncurses: remembers the line settings of before and the bytes that undo what was switched on. Unlike endwin
/// it may be called by any thread at any time, it never waits for a terminal that does not take bytes, and never stops a process in the background.
/// </summary>
internal sealed unsafe class TtyGuard
{
    private readonly byte[] _termios = new byte[256];
    private readonly bool _known;
    private readonly int _input;
    private readonly int _output;
    private byte[] _reset = [];
    private int _armed;

    internal TtyGuard(int input, int output)
    {
        (_input, _output) = (input, output);
        fixed (byte* termios = _termios)
        {
            _known = Native.tcgetattr(input, termios) == 0;
        }
    }

    /// <summary>False when another job has the terminal; writing to it or setting it would stop this process.</summary>
    internal bool IsForeground
    {
        get
        {
            var group = Native.tcgetpgrp(_input);
            return group < 0 || group == Native.getpgrp();
        }
    }

    /// <summary>From here on <see cref="Restore"/> has something to do. Reads the terminal's reset strings, so ncurses must know the terminal.</summary>
    internal void Arm(bool mouse)
    {
        var reset = new MemoryStream();
        if (mouse)
        {
            reset.Write("\e[?1000l\e[?1006l"u8);
        }

        foreach (var capability in (ReadOnlySpan<string>)["sgr0", "op", "cnorm", "rmkx", "rmcup"])
        {
            reset.Write(WithoutPadding(Capability(capability)));
        }

        reset.Write("\r"u8);
        _reset = reset.ToArray();
        Volatile.Write(ref _armed, 1);
    }

    /// <summary>ncurses has done it already.</summary>
    internal void Disarm() => Volatile.Write(ref _armed, 0);

    /// <summary>Writes the reset bytes and the line settings of before, once.</summary>
    internal void Restore()
    {
        if (Interlocked.Exchange(ref _armed, 0) == 0 || !IsForeground)
        {
            return;
        }

        var poll = new Native.PollFd { Fd = _output, Events = Native.POLLOUT };
        if (Native.poll(&poll, 1, 0) == 1 && (poll.Revents & Native.POLLOUT) != 0 && (poll.Revents & Native.POLLGONE) == 0)
        {
            fixed (byte* reset = _reset)
            {
                _ = Native.write(_output, reset, _reset.Length);
            }
        }

        RestoreLine();
    }

    /// <summary>The line settings only.</summary>
    internal void RestoreLine()
    {
        if (_known && IsForeground)
        {
            fixed (byte* termios = _termios)
            {
                _ = Native.tcsetattr(_input, Native.TCSANOW, termios);
            }
        }
    }

    private static byte[] Capability(string name)
    {
        var text = Native.tigetstr(name);
        return text is 0 or -1 ? [] : Encoding.Latin1.GetBytes(Marshal.PtrToStringAnsi(text) ?? "");
    }

    /// <summary>Drops terminfo's delays ("$&lt;100/&gt;"), which are for tputs.</summary>
    private static byte[] WithoutPadding(byte[] text)
    {
        var start = text.AsSpan().IndexOf("$<"u8);
        return start < 0 ? text : text[..start];
    }
}
