namespace KvmTop.Tui;

/// <summary>A terminal without a terminal: a test scripts the input and looks at the last screen.</summary>
public sealed class TestTerminal : ITerminal
{
    private readonly Queue<InputEvent> _input = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly Lock _lock = new();

    /// <summary>A terminal of this size; everything that can be shown is shown.</summary>
    public TestTerminal(int width = 80, int height = 24, bool unicode = true, int colors = 256)
    {
        Size = (width, height);
        Capabilities = new(colors, unicode);
    }

    /// <inheritdoc />
    public (int Width, int Height) Size { get; private set; }

    /// <inheritdoc />
    public TerminalCapabilities Capabilities { get; }

    /// <summary>A copy of what was drawn last.</summary>
    public Buffer Screen { get; } = new(0, 0);

    /// <summary>The theme it was drawn with.</summary>
    public Theme? Theme { get; private set; }

    /// <summary>How often something was drawn.</summary>
    public int Draws { get; private set; }

    /// <summary>Cells that changed in the last draw.</summary>
    public int ChangedCells { get; private set; }

    /// <summary>How often the terminal was handed back to the shell.</summary>
    public int Suspensions { get; private set; }

    /// <summary>How often a full repaint was asked for.</summary>
    public int Invalidations { get; private set; }

    /// <summary>When set, every wait reports that the terminal has gone.</summary>
    public bool HungUp { get; set; }

    /// <summary>True once disposed.</summary>
    public bool IsDisposed { get; private set; }

    /// <summary>Queues keys and mouse events.</summary>
    public void Press(params ReadOnlySpan<InputEvent> inputs)
    {
        lock (_lock)
        {
            foreach (var input in inputs)
            {
                _input.Enqueue(input);
            }
        }

        _wake.Set();
    }

    /// <summary>Queues a key that is not a character.</summary>
    public void Press(Key key) => Press(new InputEvent(key));

    /// <summary>Queues the characters of a text.</summary>
    public void Type(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            Press(new InputEvent(Key.Character, rune));
        }
    }

    /// <summary>Another size, announced as a terminal does.</summary>
    public void ResizeTo(int width, int height)
    {
        Size = (width, height);
        Press(Key.Resize);
    }

    /// <inheritdoc />
    public void Draw(Buffer buffer, Theme theme)
    {
        var sameShape = Screen.Width == buffer.Width && Screen.Height == buffer.Height;
        ChangedCells = 0;
        for (var y = 0; y < buffer.Height; y++)
        {
            for (var x = 0; x < buffer.Width; x++)
            {
                ChangedCells += sameShape && Screen[x, y] == buffer[x, y] ? 0 : 1;
            }
        }

        Screen.CopyFrom(buffer);
        Theme = theme;
        Draws++;
    }

    /// <inheritdoc />
    public void Invalidate() => Invalidations++;

    /// <inheritdoc />
    public bool TryRead(out InputEvent input)
    {
        lock (_lock)
        {
            return _input.TryDequeue(out input);
        }
    }

    /// <inheritdoc />
    public Wake Wait(TimeSpan timeout)
    {
        if (HungUp)
        {
            return Wake.HangUp;
        }

        if (HasInput())
        {
            return Wake.Input;
        }

        var signalled = _wake.WaitOne(timeout);
        return HungUp ? Wake.HangUp : HasInput() ? Wake.Input : signalled ? Wake.Signal : Wake.None;
    }

    /// <inheritdoc />
    public void WakeUp() => _wake.Set();

    /// <inheritdoc />
    public void Suspend() => Suspensions++;

    /// <inheritdoc />
    public void Dispose()
    {
        IsDisposed = true;
        _wake.Dispose();
    }

    private bool HasInput()
    {
        lock (_lock)
        {
            return _input.Count > 0;
        }
    }
}
