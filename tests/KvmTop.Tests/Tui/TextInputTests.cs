using KvmTop.Tui;
using Buffer = KvmTop.Tui.Buffer;

namespace KvmTop.Tests.Tui;

public sealed class TextInputTests
{
    [Theory]
    [InlineData('A', "Xpin db1 0")]
    [InlineData('E', "pin db1 0X")]
    [InlineData('W', "pin db1 X")]
    [InlineData('U', "X")]
    public void Handle_control_keys_edit_like_a_shell(char ctrl, string expected)
    {
        var state = new TextInputState { Text = "pin db1 0" };
        Assert.True(state.Handle(Ctrl(ctrl)));
        state.Handle(InputEvent.Of('X'));
        Assert.Equal(expected, state.Text);
    }

    [Fact]
    public void Handle_ctrl_k_cuts_to_the_end()
    {
        var state = new TextInputState { Text = "abcd" };
        state.Handle(new(Key.Left));
        state.Handle(new(Key.Left));
        state.Handle(Ctrl('K'));
        Assert.Equal("ab", state.Text);
    }

    [Fact]
    public void Handle_keys_of_the_application_are_left_to_it()
    {
        var state = new TextInputState();
        Assert.False(state.Handle(new(Key.Enter)));
        Assert.False(state.Handle(new(Key.Escape)));
        Assert.False(state.Handle(Ctrl('Z')));
        Assert.Equal("", state.Text);
    }

    [Fact]
    public void Handle_up_and_down_walk_the_history_and_keep_the_draft()
    {
        var state = new TextInputState { Text = "one" };
        state.Commit();
        state.Text = "two";
        state.Commit();
        state.Text = "draft";
        state.Handle(new(Key.Up));
        state.Handle(new(Key.Up));
        Assert.Equal("one", state.Text);
        state.Handle(new(Key.Down));
        state.Handle(new(Key.Down));
        Assert.Equal("draft", state.Text);
    }

    [Fact]
    public void Handle_tab_goes_through_completions_and_back_to_what_was_typed()
    {
        var state = new TextInputState { Text = "p", Completions = ["pin", "plan"] };
        var seen = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            state.Handle(new(Key.Tab));
            seen.Add(state.Text);
        }

        Assert.Equal(["pin", "plan", "p"], seen);
    }

    [Fact]
    public void Handle_text_beyond_the_limit_is_ignored()
    {
        var state = new TextInputState(3) { Text = "abcdef" };
        state.Handle(InputEvent.Of('x'));
        Assert.Equal("abc", state.Text);
    }

    [Fact]
    public void Render_long_text_shows_the_part_around_the_cursor()
    {
        var buffer = new Buffer(8, 1);
        var state = new TextInputState { Text = "0123456789" };
        TextInput.Render(buffer, buffer.Area, ":", state, unicode: true);
        Assert.Equal(":‹56789", buffer.ToLines()[0]);
        Assert.Equal(Surface.Selected, buffer[7, 0].Style.Surface);
        state.Handle(new(Key.Home));
        TextInput.Render(buffer, buffer.Area, ":", state, unicode: true);
        Assert.Equal(":0123456", buffer.ToLines()[0]);
        Assert.Equal(Surface.Selected, buffer[1, 0].Style.Surface);
    }

    private static InputEvent Ctrl(char letter) => InputEvent.Of((char)(letter & 0x1f));
}
