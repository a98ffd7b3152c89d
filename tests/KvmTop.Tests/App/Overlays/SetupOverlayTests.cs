using System.Text.Json;
using KvmTop.Screen.Overlays;
using KvmTop.Tui;

namespace KvmTop.Tests.App.Overlays;

public sealed class SetupOverlayTests : IDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "kvmtop-setup-" + Guid.NewGuid().ToString("N"));
    private readonly FakeSetupTarget _target = new();

    private string FilePath => Path.Combine(_directory, "kvmtop", "kvmtop.json");

    [Fact]
    public void Render_columns_shown_ones_come_first_in_their_order()
    {
        Assert.Equal(
        [
            "+- Setup -------------------------------------- Esc leaves -+",
            "| 1 Columns of VMs  2 Theme  3 General                      |",
            "|                                                           |",
            "|>[x] RDY%      Waiting.                                    |",
            "| [x] NAME      Its name.                                   |",
            "| [ ] CPU%      CPU time.                                   |",
            "|                                                           |",
            "|                                                           |",
            "|-----------------------------------------------------------|",
            "| ready_pct: Waiting.                                       |",
            "|                                                           |",
            "| Space Show  < Earlier  > Later  d Usual  Tab Next  s Save…|".Replace('…', '~'),
            "+-----------------------------------------------------------+",
        ],
        Open(61, 13).Lines());
    }

    [Fact]
    public void Handle_space_shows_and_hides_columns()
    {
        Open().Type(" ").Press(Key.Down, Key.Down).Type(" ");

        Assert.Equal(["name", "cpu_pct"], _target.ChosenColumns);
    }

    [Fact]
    public void Handle_last_column_stays()
    {
        var screen = Open().Type(" ").Press(Key.Down).Type(" ");

        Assert.Equal(["name"], _target.ChosenColumns);
        Assert.Contains("at least one column", screen.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Handle_later_moves_the_column_and_the_cursor_with_it()
    {
        Open().Type(">> ");

        Assert.Equal(["name"], _target.ChosenColumns);
    }

    [Fact]
    public void Handle_earlier_moves_the_column()
    {
        Open().Press(Key.Down).Type("<<");

        Assert.Equal(["name", "ready_pct"], _target.ChosenColumns);
    }

    [Fact]
    public void Handle_d_goes_back_to_the_usual_columns()
    {
        Open().Type("d");

        Assert.Equal(["name", "cpu_pct"], _target.ChosenColumns);
    }

    [Fact]
    public void Handle_click_on_a_check_mark_switches_that_column()
    {
        Open().ClickOn("[ ] CPU%");

        Assert.Equal(["ready_pct", "name", "cpu_pct"], _target.ChosenColumns);
    }

    [Fact]
    public void Handle_moving_among_themes_shows_them_and_leaving_takes_it_back()
    {
        var screen = Open().Type("2").Press(Key.Down);
        Assert.Equal("night", _target.Theme);

        screen.Press(Key.Escape);

        Assert.False(screen.IsOpen);
        Assert.Equal("light", _target.Theme);
    }

    [Fact]
    public void Handle_enter_keeps_the_theme()
    {
        Open().Type("2").Press(Key.Up, Key.Enter, Key.Tab, Key.Escape);

        Assert.Equal("kvmtop", _target.Theme);
    }

    [Theory]
    [InlineData(">", 2)]
    [InlineData("<<", 0.2)]
    [InlineData("<<<<<<<<", 0.1)]
    public void Handle_less_and_more_change_the_delay(string keys, double expected)
    {
        Open().Type("3" + keys);

        Assert.Equal(expected, _target.Options.Delay.TotalSeconds);
    }

    [Fact]
    public void Handle_enter_on_the_delay_asks_for_it()
    {
        var screen = Open().Type("3").Press(Key.Enter);
        Assert.IsType<PromptOverlay>(screen.Ui.Overlay);

        screen.Press(Key.Backspace).Type("0").Press(Key.Enter);
        Assert.IsType<PromptOverlay>(screen.Ui.Overlay);

        screen.Type(".7").Press(Key.Enter);
        Assert.IsType<SetupOverlay>(screen.Ui.Overlay);
        Assert.Equal(0.7, _target.Options.Delay.TotalSeconds);
    }

    [Fact]
    public void Handle_space_switches_a_setting()
    {
        Open().Type("3").Press(Key.Down).Type(" ");

        Assert.True(_target.Options.ReadOnly);
    }

    [Fact]
    public void Handle_setting_of_the_next_start_says_so()
    {
        Assert.Contains("from the next start", Open().Type("3").Press(Key.Down, Key.Down).Type(" ").Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Handle_save_writes_what_was_set_into_a_directory_that_is_made()
    {
        var screen = Open(120, 30).Type("3>").Press(Key.Down).Type(" ").Type("s");

        Assert.Contains("Saved to " + FilePath, screen.Text, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(File.ReadAllText(FilePath));
        Assert.Equal(["delay", "read-only", "columns", "theme"], json.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal(2, json.RootElement.GetProperty("delay").GetDouble());
        Assert.True(json.RootElement.GetProperty("read-only").GetBoolean());
        Assert.Equal("light", json.RootElement.GetProperty("theme").GetString());
        Assert.Equal(["ready_pct", "name"], json.RootElement.GetProperty("columns").EnumerateArray().Select(c => c.GetString()!));
    }

    [Fact]
    public void Handle_save_of_the_usual_columns_writes_none()
    {
        Open().Type("ds");

        Assert.DoesNotContain("columns", File.ReadAllText(FilePath), StringComparison.Ordinal);
    }

    [Fact]
    public void Handle_save_among_themes_chooses_the_one_on_the_screen()
    {
        Open().Type("2").Press(Key.Down).Type("s").Press(Key.Escape);

        Assert.Equal("night", _target.Theme);
        Assert.Contains("night", File.ReadAllText(FilePath), StringComparison.Ordinal);
    }

    [Fact]
    public void Handle_save_without_a_home_says_why_not()
    {
        var screen = OverlayScreen.With(new SetupOverlay(_target), 120, 30).Type("s");

        Assert.Contains("Not saved: there is no home directory", screen.Text, StringComparison.Ordinal);
        Assert.Equal(Role.Critical, screen.StyleOf("Not saved").Role);
    }

    [Fact]
    public void Handle_save_over_a_file_with_a_mistake_leaves_it()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        File.WriteAllText(FilePath, "{ oops");

        Assert.Contains("Not saved: " + FilePath, Open(160, 30).Type("s").Text, StringComparison.Ordinal);
        Assert.Equal("{ oops", File.ReadAllText(FilePath));
    }

    [Fact]
    public void Handle_click_on_a_tab_goes_there()
    {
        Assert.Contains("read-only", Open().ClickOn("General").Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Handle_click_outside_leaves()
    {
        Assert.False(Open(120, 40).ClickAt(0, 0).IsOpen);
    }

    [Fact]
    public void Render_pane_without_columns_begins_with_the_theme()
    {
        var screen = OverlayScreen.With(new SetupOverlay(new FakeSetupTarget { Columns = [], ChosenColumns = [] }));
        Assert.Contains("night", screen.Text, StringComparison.Ordinal);

        screen.Type("1 ><d").Press(Key.Enter, Key.Down);

        Assert.Contains("no columns to choose", screen.Text, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    private OverlayScreen Open(int width = 80, int height = 24) => OverlayScreen.With(new SetupOverlay(_target), width, height, configuration: FilePath);
}
