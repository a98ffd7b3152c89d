using KvmTop.Configuration;
using KvmTop.Screen;
using KvmTop.Tui;
using Buffer = KvmTop.Tui.Buffer;

namespace KvmTop.Tests.App.Overlays;

/// <summary>A screen with overlays on it, for tests to press keys on and to read.</summary>
internal sealed class OverlayScreen(int width = 60, int height = 16, bool unicode = false, string? configuration = null)
{
    public Ui Ui { get; } = new(new Options(), new ConfigurationFiles("/nowhere/kvmtop.json", configuration), unicode);

    public Buffer Buffer { get; } = new(width, height);

    public bool IsOpen => Ui.Overlay is not null;

    public string Text => string.Join('\n', Lines());

    public static OverlayScreen With(IOverlay overlay, int width = 60, int height = 16, bool unicode = false, string? configuration = null)
    {
        var screen = new OverlayScreen(width, height, unicode, configuration);
        screen.Ui.Open(overlay);
        screen.Lines();
        return screen;
    }

    public string[] Lines()
    {
        Buffer.Fill(Buffer.Area, default, '.');
        foreach (var overlay in Ui.Overlays)
        {
            overlay.Render(Buffer, Buffer.Area, Ui);
        }

        return Buffer.ToLines();
    }

    public OverlayScreen Press(params Key[] keys)
    {
        foreach (var key in keys)
        {
            Send(new InputEvent(key));
        }

        return this;
    }

    public OverlayScreen Type(string text)
    {
        foreach (var character in text)
        {
            Send(InputEvent.Of(character));
        }

        return this;
    }

    /// <summary>Clicks on the first place where the text stands.</summary>
    public OverlayScreen ClickOn(string text)
    {
        var lines = Lines();
        var y = Array.FindIndex(lines, line => line.Contains(text, StringComparison.Ordinal));
        Assert.True(y >= 0, $"\"{text}\" is not on the screen:\n{string.Join('\n', lines)}");
        return ClickAt(lines[y].IndexOf(text, StringComparison.Ordinal), y);
    }

    public OverlayScreen ClickAt(int x, int y)
    {
        Send(new InputEvent(Key.Click, default, x, y));
        return this;
    }

    /// <summary>What lies behind the first place where the text stands.</summary>
    public Style StyleOf(string text)
    {
        var lines = Lines();
        var y = Array.FindIndex(lines, line => line.Contains(text, StringComparison.Ordinal));
        return Buffer[lines[y].IndexOf(text, StringComparison.Ordinal), y].Style;
    }

    private void Send(InputEvent input)
    {
        Ui.Overlay?.Handle(input, Ui);
        Lines();
    }
}
