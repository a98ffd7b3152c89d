using KvmTop.Screen.Overlays;
using KvmTop.Text;
using KvmTop.Tui;

namespace KvmTop.Tests.App.Overlays;

public sealed class PromptOverlayTests
{
    private readonly TextInputState _state = new();
    private readonly List<string> _changed = [];
    private string? _accepted;
    private bool _cancelled;

    [Fact]
    public void Render_empty_line_stands_above_its_keys_with_the_hint()
    {
        var lines = Open().Lines();

        Assert.Equal(" a word", lines[^3]);
        Assert.Equal(" Go:", lines[^2]);
        Assert.Equal(" Enter OK  Tab Complete  Up Earlier  Esc Cancel", lines[^1]);
        Assert.Equal(new string('.', 60), lines[^4]);
    }

    [Fact]
    public void Handle_typing_reports_every_text()
    {
        Open().Type("ab").Press(Key.Backspace);

        Assert.Equal(["a", "ab", "a"], _changed);
    }

    [Fact]
    public void Handle_cursor_moved_reports_nothing()
    {
        Open().Type("a").Press(Key.Left, Key.Right);

        Assert.Equal(["a"], _changed);
    }

    [Fact]
    public void Render_mistake_is_said_while_typing()
    {
        var screen = Open().Type("bad");

        Assert.Equal(" ! no bad words", screen.Lines()[^3]);
        Assert.Equal(Role.Warn, screen.StyleOf("no bad").Role);
    }

    [Fact]
    public void Handle_enter_with_a_mistake_stays_open()
    {
        var screen = Open().Type("bad").Press(Key.Enter);

        Assert.True(screen.IsOpen);
        Assert.Null(_accepted);
        Assert.Equal(Role.Critical, screen.StyleOf("no bad").Role);
    }

    [Fact]
    public void Handle_enter_accepts_closes_and_remembers()
    {
        var screen = Open().Type("web").Press(Key.Enter);

        Assert.False(screen.IsOpen);
        Assert.Equal("web", _accepted);
        Assert.Equal(["web"], _state.History);
    }

    [Fact]
    public void Handle_escape_cancels_and_forgets()
    {
        var screen = Open().Type("web").Press(Key.Escape);

        Assert.False(screen.IsOpen);
        Assert.True(_cancelled);
        Assert.Null(_accepted);
        Assert.Equal("", _state.Text);
        Assert.Empty(_state.History);
    }

    [Fact]
    public void Render_begun_word_shows_what_it_could_become()
    {
        var lines = Open().Type("x th").Lines();

        Assert.Equal(".....+--------------------+" + new string('.', 33), lines[^7]);
        Assert.Equal(".....| theme  its colours |" + new string('.', 33), lines[^6]);
        Assert.Equal(".....| three  not two     |" + new string('.', 33), lines[^5]);
        Assert.Equal(".....+--------------------+" + new string('.', 33), lines[^4]);
    }

    [Fact]
    public void Render_empty_word_shows_candidates_only_on_tab()
    {
        var screen = Open();
        Assert.DoesNotContain("its colours", screen.Text, StringComparison.Ordinal);

        screen.Press(Key.Tab);

        Assert.Contains("its colours", screen.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Handle_tab_goes_round_and_back_to_what_was_typed()
    {
        var screen = Open().Type("x th");

        screen.Press(Key.Tab);
        Assert.Equal("x theme", _state.Text);
        Assert.Equal(" its colours", screen.Lines()[^3]);
        Assert.Equal(Surface.Selected, screen.StyleOf("theme  ").Surface);
        screen.Press(Key.Tab);
        Assert.Equal("x three", _state.Text);
        screen.Press(Key.Tab);
        Assert.Equal("x th", _state.Text);
        screen.Press(Key.BackTab);
        Assert.Equal("x three", _state.Text);
    }

    [Fact]
    public void Handle_click_on_a_candidate_takes_it()
    {
        Open().Type("th").ClickOn("three");

        Assert.Equal("three", _state.Text);
        Assert.Equal("three", _changed[^1]);
    }

    [Fact]
    public void Handle_click_outside_cancels()
    {
        Assert.False(Open().ClickAt(3, 1).IsOpen);
        Assert.True(_cancelled);
    }

    [Fact]
    public void Handle_click_on_the_enter_key_accepts()
    {
        Open().Type("web").ClickOn("OK");

        Assert.Equal("web", _accepted);
    }

    private OverlayScreen Open() => OverlayScreen.With(new PromptOverlay(
        "Go:",
        _state,
        Complete,
        text => text.Contains("bad", StringComparison.Ordinal) ? "no bad words" : null,
        _changed.Add,
        text => _accepted = text,
        () => _cancelled = true,
        "a word"));

    private static Candidate[] Complete(string text, int cursor)
    {
        var start = text[..cursor].LastIndexOf(' ') + 1;
        Candidate[] all = [new(start, "theme", "its colours"), new(start, "three", "not two")];
        return [.. all.Where(c => c.Text.StartsWith(text[start..cursor], StringComparison.Ordinal))];
    }
}
