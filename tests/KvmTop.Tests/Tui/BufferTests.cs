using KvmTop.Tui;
using Buffer = KvmTop.Tui.Buffer;

namespace KvmTop.Tests.Tui;

public sealed class BufferTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("\u001b[31mred\u0007", "?[31mred?")]
    [InlineData("a\u202eb\u200bc", "a?b?c")]
    [InlineData("e\u0301x", "ex")]
    [InlineData("\u6f22\u5b57!", "\u6f22\u5b57!")]
    [InlineData("a\u009bb\u00adc", "a?b?c")]
    public void Write_hostile_text_is_harmless(string text, string expected)
    {
        var buffer = new Buffer(12, 1);
        var end = buffer.Write(0, 0, text, Role.Text);
        Assert.Equal(expected, buffer.ToLines()[0]);
        Assert.Equal(CellWidth.Of(text), end);
    }

    [Fact]
    public void Write_lone_surrogate_is_replaced()
    {
        var buffer = new Buffer(5, 1);
        buffer.Write(0, 0, ['x', '\ud800', 'y'], Role.Text);
        Assert.Equal("x\ufffdy", buffer.ToLines()[0]);
    }

    [Fact]
    public void Write_wide_character_at_the_edge_is_left_out()
    {
        var buffer = new Buffer(5, 1);
        Assert.Equal(4, buffer.Write(0, 0, "\u6f22\u5b57\u6f22", Role.Text));
        Assert.Equal(' ', buffer[4, 0].Rune);
        Assert.Equal(Cell.Continuation, buffer[1, 0].Rune);
    }

    [Fact]
    public void Write_outside_is_clipped()
    {
        var buffer = new Buffer(3, 1);
        buffer.Write(-2, 0, "abcdef", Role.Text);
        buffer.Write(0, 7, "x", Role.Text);
        Assert.Equal("cde", buffer.ToLines()[0]);
    }

    [Fact]
    public void WriteRight_ends_before_the_column()
    {
        var buffer = new Buffer(6, 1);
        buffer.WriteRight(6, 0, "42", Role.Text);
        Assert.Equal("    42", buffer.ToLines()[0]);
    }

    [Fact]
    public void TestTerminal_counts_what_changed_and_plays_its_script()
    {
        using var terminal = new TestTerminal(10, 2);
        var buffer = new Buffer(10, 2);
        terminal.Draw(buffer, ThemeCatalog.Default);
        buffer.Write(0, 0, "abc", Role.Text);
        terminal.Draw(buffer, ThemeCatalog.Default);
        Assert.Equal((2, 3), (terminal.Draws, terminal.ChangedCells));
        terminal.Type("q");
        Assert.Equal(Wake.Input, terminal.Wait(TimeSpan.Zero));
        Assert.True(terminal.TryRead(out var input) && input.Is('q'));
        terminal.ResizeTo(5, 1);
        Assert.True(terminal.TryRead(out input) && input.Key == Key.Resize);
        Assert.Equal((5, 1), terminal.Size);
        terminal.WakeUp();
        Assert.Equal(Wake.Signal, terminal.Wait(TimeSpan.FromSeconds(5)) | terminal.Wait(TimeSpan.Zero));
    }
}
