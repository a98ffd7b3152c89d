using KvmTop.Screen;
using KvmTop.Screen.Overlays;
using KvmTop.Tui;

namespace KvmTop.Tests.App.Overlays;

public sealed class OverlaySizeTests
{
    public static TheoryData<string> Names => new("prompt", "help", "setup", "menu", "message");

    [Theory]
    [MemberData(nameof(Names))]
    public void Overlay_any_size_draws_and_takes_keys_and_clicks(string name)
    {
        foreach (var width in (int[])[0, 1, 2, 3, 5, 8, 13, 21, 40, 61, 80, 130])
        {
            foreach (var height in (int[])[0, 1, 2, 3, 4, 5, 6, 9, 12, 24, 50])
            {
                var screen = OverlayScreen.With(Make(name), width, height, unicode: width % 2 == 0);
                screen.Press(Key.Tab, Key.Down, Key.PageDown, Key.End, Key.Up, Key.Tab, Key.WheelDown, Key.Left).Type("t/x<>");
                screen.ClickAt(width / 2, height / 2).ClickAt(1, 1);
                Assert.Equal(height, screen.Lines().Length);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Overlay_without_unicode_draws_ascii_only(string name)
    {
        var screen = OverlayScreen.With(Make(name), 80, 24).Press(Key.Tab).Type("t");

        Assert.All(screen.Text, character => Assert.True(char.IsAscii(character), $"{(int)character:x}"));
    }

    private static IOverlay Make(string name) => name switch
    {
        "prompt" => new PromptOverlay(
            "Find:", new TextInputState(), (_, cursor) => [new(0, "theme", "colours"), new(Math.Min(cursor, 1), "three", "")], text => text.Length > 2 ? "long" : null, null, _ => { }, () => { }),
        "help" => new HelpOverlay("Help", Text()),
        "setup" => new SetupOverlay(new FakeSetupTarget()),
        "menu" => new MenuOverlay("Menu", [.. Enumerable.Range(0, 40).Select(i => new MenuItem($"entry {i}", "k", i % 3 == 0 ? "a reason" : null))], _ => { }),
        _ => new MessageOverlay("Message", Text()),
    };

    private static TextDocument Text()
    {
        var text = new TextDocument();
        for (var i = 0; i < 50; i++)
        {
            text.Add($"A sentence that is long enough to wrap on a narrow screen, number {i}.", Role.Text, 4);
        }

        return text;
    }
}
