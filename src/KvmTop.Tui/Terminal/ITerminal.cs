namespace KvmTop.Tui;

/// <summary>What a terminal can show.</summary>
/// <param name="Colors">Colours: 256, 16, 8 or 0.</param>
/// <param name="Unicode">True when block and braille characters can be drawn; false for <c>--ascii</c> and for a locale that is not UTF-8.</param>
public readonly record struct TerminalCapabilities(int Colors, bool Unicode);

/// <summary>What ended a wait.</summary>
[Flags]
public enum Wake
{
    /// <summary>The time was up.</summary>
    None = 0,

    /// <summary>There is input to read.</summary>
    Input = 1,

    /// <summary>Another thread called <see cref="ITerminal.WakeUp"/>.</summary>
    Signal = 2,

    /// <summary>The terminal has gone (hang-up): leave.</summary>
    HangUp = 4,
}

/// <summary>A screen and a keyboard. All members but <see cref="WakeUp"/> belong to the one UI thread.</summary>
public interface ITerminal : IDisposable
{
    /// <summary>Columns and rows, as of the latest resize that was read.</summary>
    (int Width, int Height) Size { get; }

    /// <summary>What can be shown.</summary>
    TerminalCapabilities Capabilities { get; }

    /// <summary>Shows a buffer, sending only what differs from what is on the screen.</summary>
    void Draw(Buffer buffer, Theme theme);

    /// <summary>Repaints everything at the next <see cref="Draw"/>: something else has written to the terminal.</summary>
    void Invalidate();

    /// <summary>Takes the next key, mouse event or resize without waiting; false when there is none.</summary>
    bool TryRead(out InputEvent input);

    /// <summary>Waits until there is input, another thread calls <see cref="WakeUp"/>, or the time is up.</summary>
    Wake Wait(TimeSpan timeout);

    /// <summary>Ends the current or next <see cref="Wait"/>. May be called from any thread.</summary>
    void WakeUp();

    /// <summary>Hands the terminal back to the shell, stops this process, and takes the terminal again when it is continued.</summary>
    void Suspend();
}
