using KvmTop.Screen.Overlays;
using KvmTop.Tui;

namespace KvmTop.Tests.App.Overlays;

public sealed class MenuOverlayTests
{
    private readonly List<int> _moved = [];
    private int? _chosen;
    private bool _cancelled;

    [Fact]
    public void Render_menu_shows_entries_keys_and_the_reason_of_a_greyed_one()
    {
        var screen = Open().Press(Key.Down);

        Assert.Equal(
        [
            "....................", "..+- Do --------+...", "..|  Nested  N  |...", "..|> Pin     P  |...", "..|  Purge   x  |...", "..| needs root  |...", "..+-------------+...", "....................",
        ],
        screen.Lines());
        Assert.Equal(Role.Disabled, screen.StyleOf("Pin").Role);
    }

    [Fact]
    public void Render_cursor_that_begins_further_down_leaves_the_entries_above_on_the_screen()
    {
        var screen = OverlayScreen.With(new MenuOverlay("Sort", [new("one"), new("two"), new("three")], _ => { }, selected: 2));

        Assert.Contains("one", screen.Text, StringComparison.Ordinal);
        Assert.Equal(Surface.Selected, screen.StyleOf("three").Surface);
    }

    [Fact]
    public void Handle_enter_chooses_after_closing()
    {
        var screen = Open().Press(Key.Enter);

        Assert.False(screen.IsOpen);
        Assert.Equal(0, _chosen);
        Assert.False(_cancelled);
    }

    [Fact]
    public void Handle_enter_on_a_greyed_entry_stays_open()
    {
        var screen = Open().Press(Key.Down, Key.Enter);

        Assert.True(screen.IsOpen);
        Assert.Null(_chosen);
    }

    [Fact]
    public void Handle_moving_previews_and_escape_cancels()
    {
        Open().Press(Key.Down, Key.Down, Key.Escape);

        Assert.Equal([1, 2], _moved);
        Assert.True(_cancelled);
        Assert.Null(_chosen);
    }

    [Theory]
    [InlineData("x", 2)]
    [InlineData("p", 1)]
    [InlineData("pp", 2)]
    [InlineData("N", 0)]
    public void Handle_letters_jump(string typed, int expected)
    {
        Open().Type(typed).Press(Key.Up, Key.Down);

        Assert.Equal(expected, _moved[^1]);
    }

    [Fact]
    public void Handle_click_chooses()
    {
        Open().ClickOn("Purge");

        Assert.Equal(2, _chosen);
    }

    [Fact]
    public void Handle_click_outside_cancels()
    {
        Assert.False(Open().ClickAt(0, 0).IsOpen);
        Assert.True(_cancelled);
    }

    [Fact]
    public void Handle_empty_menu_does_not_choose()
    {
        var screen = OverlayScreen.With(new MenuOverlay("None", [], i => _chosen = i)).Press(Key.Down, Key.Up, Key.Enter).Type("a");

        Assert.True(screen.IsOpen);
        Assert.Null(_chosen);
    }

    private OverlayScreen Open() => OverlayScreen.With(
        new MenuOverlay(
            "Do",
            [new("Nested", "N"), new("Pin", "P", "needs root"), new("Purge", "x")],
            i => _chosen = i,
            moved: _moved.Add,
            cancelled: () => _cancelled = true),
        20,
        8);
}
