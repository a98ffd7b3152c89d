using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace KvmTop.Tui;

/// <summary>
/// The terminal on standard input and output, through libncursesw: the library under htop and top. newterm rather than initscr, which ends the
/// process when it fails. One at a time. All members but <see cref="WakeUp"/> and <see cref="Restore"/> belong to the thread that opened it.
/// </summary>
public sealed unsafe class NcursesTerminal : ITerminal
{
    private const int Input = 0;
    private const int Output = 1;

    private readonly NcursesScreen _screen;
    private readonly NcursesInput _keys;
    private readonly TtyGuard _guard;
    private readonly TerminalSignals? _signals;
    private readonly int _wake;
    private bool _resized;
    private bool _gone;
    private int _disposed;

    private NcursesTerminal(nint window, TerminalCapabilities capabilities, int maxPairs, TtyGuard guard, TerminalSignals? signals)
    {
        (_guard, _signals, Capabilities) = (guard, signals, capabilities);
        _screen = new(window, capabilities, maxPairs);
        _keys = new(window);
        _wake = Native.eventfd(0, Native.EFD_CLOEXEC_NONBLOCK);
        Size = ReadSize() ?? (80, 24);
    }

    /// <inheritdoc />
    public (int Width, int Height) Size { get; private set; }

    /// <inheritdoc />
    public TerminalCapabilities Capabilities { get; }

    /// <summary>The signals that asked the process to end so far; after <see cref="Wake.HangUp"/> it says whether it was one, and which.</summary>
    public ReceivedSignals LeaveSignals { get; private set; }

    /// <summary>Opens the terminal, or says in words why not; then nothing has been written to it.</summary>
    public static bool TryOpen(NcursesOptions options, [NotNullWhen(true)] out NcursesTerminal? terminal, [NotNullWhen(false)] out string? error)
    {
        terminal = null;
        if (Native.isatty(Input) == 0 || Native.isatty(Output) == 0)
        {
            error = "standard input and output are not a terminal";
            return false;
        }

        var term = options.Term ?? Environment.GetEnvironmentVariable("TERM");
        if (term is null or "" or "dumb" or "unknown")
        {
            error = term is null or "" ? "TERM is not set" : $"TERM={term} cannot position the cursor";
            return false;
        }

        if (!NativeLibrary.TryLoad(Native.Curses, out var library))
        {
            error = $"{Native.Curses} is missing (Debian: apt install libncursesw6, Fedora: dnf install ncurses-libs)";
            return false;
        }

        // The locale is taken in any case: without it the C library knows the width of no character beyond ASCII.
        var isUtf8 = UseLocale();
        var unicode = options.Unicode ?? (isUtf8 && term != "linux");
        int code;
        if (Native.setupterm(term, Output, &code) != 0 || Native.tigetstr("cup") is 0 or -1)
        {
            error = $"TERM={Printable(term)} is not in the terminfo database, or cannot position the cursor";
            return false;
        }

        var guard = new TtyGuard(Input, Output);

        // Before newterm: ncurses installs its own handlers only where there are none, and they end the process.
        var signals = TerminalSignals.TryInstall();
        var (output, input) = (Native.fdopen(Output, "w"), Native.fdopen(Input, "r"));
        var screen = output == 0 || input == 0 ? 0 : Native.newterm(term, output, input);
        if (screen == 0)
        {
            signals?.Dispose();
            error = $"ncurses cannot use the terminal (TERM={Printable(term)})";
            return false;
        }

        guard.Arm(options.Mouse);
        var window = Variable<nint>(library, "stdscr");
        _ = Native.raw();
        _ = Native.noecho();
        _ = Native.nonl();
        _ = Native.set_escdelay(100);
        _ = Native.keypad(window, true);
        _ = Native.nodelay(window, true);
        _ = Native.leaveok(window, true);
        _ = Native.curs_set(0);
        if (options.Mouse)
        {
            _ = Native.mouseinterval(0);
            _ = Native.mousemask(Native.BUTTON1_PRESSED | Native.BUTTON4_PRESSED | Native.BUTTON5_PRESSED, null);
        }

        var colors = StartColors(library, options.MaxColors);
        terminal = new(window, new(colors, unicode), Variable<int>(library, "COLOR_PAIRS"), guard, signals);
        error = null;
        return true;
    }

    /// <inheritdoc />
    public void Draw(Buffer buffer, Theme theme)
    {
        if (!_gone && _disposed == 0)
        {
            _screen.Draw(buffer, theme, Size.Width, Size.Height);
        }
    }

    /// <inheritdoc />
    public void Invalidate() => _screen.Invalidate();

    /// <inheritdoc />
    public bool TryRead(out InputEvent input)
    {
        HandleSignals();
        if (_gone || _disposed != 0)
        {
            input = default;
            return false;
        }

        if (!_resized)
        {
            if (!_keys.TryRead(out input))
            {
                return false;
            }

            if (input.Key != Key.Resize)
            {
                return true;
            }
        }

        _resized = false;
        TakeSize();
        input = new(Key.Resize);
        return true;
    }

    /// <inheritdoc />
    /// <remarks>SIGTERM, SIGINT and SIGHUP count as <see cref="Wake.HangUp"/>: leave. <see cref="LeaveSignals"/> says which it was.</remarks>
    public Wake Wait(TimeSpan timeout)
    {
        _signals?.Rearm();
        if (HandleSignals())
        {
            return Wake.HangUp;
        }

        if (_resized)
        {
            return Wake.Input;
        }

        var milliseconds = timeout < TimeSpan.Zero ? -1 : (int)Math.Min(Math.Ceiling(timeout.TotalMilliseconds), int.MaxValue);
        var fds = stackalloc Native.PollFd[3];
        fds[0] = new() { Fd = Input, Events = Native.POLLIN };
        fds[1] = new() { Fd = _wake, Events = Native.POLLIN };
        fds[2] = new() { Fd = _signals?.Descriptor ?? -1, Events = Native.POLLIN };
        _ = Native.poll(fds, 3, milliseconds);

        var wake = Wake.None;
        if ((fds[1].Revents & Native.POLLIN) != 0)
        {
            long count;
            _ = Native.read(_wake, (byte*)&count, sizeof(long));
            wake |= Wake.Signal;
        }

        _gone |= (fds[0].Revents & Native.POLLGONE) != 0;
        if (HandleSignals())
        {
            return wake | Wake.HangUp;
        }

        return (fds[0].Revents & Native.POLLIN) != 0 || _resized ? wake | Wake.Input : wake;
    }

    /// <inheritdoc />
    public void WakeUp()
    {
        long one = 1;
        _ = _disposed != 0 ? 0 : Native.write(_wake, (byte*)&one, sizeof(long));
    }

    /// <inheritdoc />
    public void Suspend()
    {
        if (_gone || _disposed != 0)
        {
            return;
        }

        _ = Native.endwin();
        _guard.RestoreLine();
        _signals?.Rearm();
        StopUntilForeground();
        TakeBack();
    }

    /// <summary>
    /// Puts the terminal back and leaves everything else as it is. For the way out of a crash: any thread, any time, more than once. Nothing may be
    /// drawn afterwards.
    /// </summary>
    public void Restore()
    {
        _gone = true;
        _guard.Restore();
    }

    /// <summary>Whether a signal has asked the process to end since the last look. Until the terminal is disposed such signals end nothing, after <see cref="Restore"/> too.</summary>
    public bool TakeLeave() => ((_signals?.Take() ?? ReceivedSignals.None) & ReceivedSignals.Leave) != 0;

    /// <summary>Puts the terminal back. Does not wait for a terminal that has gone or that does not take bytes.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        // The guard rather than endwin: that waits for the output to drain, for ever if need be, and stops a process in the background.
        _guard.Restore();
        _signals?.Dispose();
        _ = Native.close(_wake);
    }

    /// <summary>Acts on the signals that concern the terminal; true when it is time to leave.</summary>
    private bool HandleSignals()
    {
        var received = _signals?.Take() ?? ReceivedSignals.None;
        LeaveSignals |= received & ReceivedSignals.Leave;
        _gone |= (received & ReceivedSignals.HangUp) != 0;
        if (_gone || LeaveSignals != 0)
        {
            return true;
        }

        _resized |= (received & ReceivedSignals.Resize) != 0;
        if ((received & ReceivedSignals.Stop) != 0)
        {
            Suspend();
        }
        else if ((received & ReceivedSignals.Continue) != 0)
        {
            // Somebody stopped and continued this process without asking: the shell has had the terminal meanwhile.
            if (!_guard.IsForeground)
            {
                StopUntilForeground();
            }

            _ = Native.endwin();
            TakeBack();
        }

        return false;
    }

    /// <summary>Stops; and again when continued in the background, as the terminal driver does with a job that wants the terminal.</summary>
    private void StopUntilForeground()
    {
        do
        {
            _ = Native.kill(Native.getpid(), Native.SIGSTOP);
        }
        while (!_guard.IsForeground);

        // The SIGCONT of this is no news.
        var received = _signals?.Take() ?? ReceivedSignals.None;
        LeaveSignals |= received & ReceivedSignals.Leave;
    }

    /// <summary>After endwin: raw mode at once, the screen with the next drawing. The terminal may have another size by now.</summary>
    private void TakeBack()
    {
        TakeSize();
        _screen.Invalidate();
        _ = Native.reset_prog_mode();
        _resized = true;
    }

    private void TakeSize()
    {
        if (ReadSize() is { } size)
        {
            if (size != Size)
            {
                _screen.Invalidate();
            }

            Size = size;
            _ = Native.resize_term(size.Height, size.Width);
        }
    }

    private static (int Width, int Height)? ReadSize()
    {
        var size = stackalloc ushort[4];
        return Native.ioctl(Output, Native.TIOCGWINSZ, size) == 0 && size[0] > 0 && size[1] > 0 ? (size[1], size[0]) : null;
    }

    private static int StartColors(nint library, int? wanted)
    {
        var most = wanted ?? (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) ? int.MaxValue : 0);
        if (most < 8 || !Native.has_colors() || Native.start_color() == Native.Err)
        {
            return 0;
        }

        _ = Native.use_default_colors();
        return Math.Min(Variable<int>(library, "COLORS"), most) switch
        {
            < 8 => 0,
            < 16 => 8,
            < 256 => 16,
            <= 256 => 256,
            var direct => direct >= 0x1000000 ? direct : 256,
        };
    }

    /// <summary>
    /// Takes the user's locale; true when it is UTF-8. A host without the locale that ssh brought along, or a session without any, gets C.UTF-8.
    /// </summary>
    private static bool UseLocale()
    {
        var named = ((ReadOnlySpan<string>)["LC_ALL", "LC_CTYPE", "LANG"]).ToArray().Select(Environment.GetEnvironmentVariable).FirstOrDefault(value => !string.IsNullOrEmpty(value));
        var found = Native.setlocale(Native.LC_ALL, "") != 0;
        if (!found || named is null)
        {
            found = Native.setlocale(Native.LC_ALL, "C.UTF-8") != 0;
        }

        return found && Marshal.PtrToStringAnsi(Native.nl_langinfo(Native.CODESET)) == "UTF-8";
    }

    private static T Variable<T>(nint library, string name)
        where T : unmanaged
        => NativeLibrary.TryGetExport(library, name, out var address) ? *(T*)address : default;

    private static string Printable(string text)
    {
        var clean = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            clean.Append(CellWidth.Of(rune) < 0 ? "?" : rune.ToString());
        }

        return clean.ToString();
    }
}
