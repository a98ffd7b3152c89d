using KvmTop.Screen.Overlays;
using KvmTop.Tui;

namespace KvmTop.Tests.App.Overlays;

public sealed class MessageOverlayTests
{
    [Fact]
    public void Render_message_is_a_box_with_a_button()
    {
        var lines = OverlayScreen.With(new MessageOverlay("Saved", "Twelve VMs."), 24, 7).Lines();

        Assert.Equal(["........................", "+- Saved --------------+", "| Twelve VMs.          |", "|                      |", "| [ OK ]               |", "+----------------------+", "........................"], lines);
    }

    [Fact]
    public void Handle_enter_closes() => Assert.False(Open().Press(Key.Enter).IsOpen);

    [Fact]
    public void Handle_click_on_ok_closes() => Assert.False(Open().ClickOn("OK").IsOpen);

    [Fact]
    public void Handle_click_outside_closes() => Assert.False(Open().ClickAt(0, 0).IsOpen);

    [Fact]
    public void Handle_click_on_the_text_stays() => Assert.True(Open().ClickOn("Twelve").IsOpen);

    private static OverlayScreen Open() => OverlayScreen.With(new MessageOverlay("Saved", "Twelve VMs."));
}
