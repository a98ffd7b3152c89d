using KvmTop.Collectors;
using KvmTop.Screen.Overlays;
using KvmTop.Tui;

namespace KvmTop.Tests.App.Overlays;

public sealed class HelpOverlayTests
{
    private static readonly Metric<int>[] s_metrics =
    [
        New("ready_pct", "RDY%", Unit.Percent, Figure.Missing("needs root"), new Thresholds(5, 10)),
        New("name", "NAME", Unit.Text, Figure.Of("db1"), null),
        New("swap_bytes", "SWAP", Unit.Bytes, Figure.Missing("needs root"), null),
        New("read_per_s", "RD/s", Unit.PerSecond, Figure.Missing("not counted"), null),
    ];

    [Fact]
    public void Render_help_fills_the_screen_and_names_its_keys()
    {
        var lines = OverlayScreen.With(new HelpOverlay("Help", new TextDocument().Add("one")), 50, 6).Lines();

        Assert.Equal(
        [
            "+- Help ---------------------------- Esc closes -+",
            "| one                                            |",
            "|                                                |",
            "|                                                |",
            "| / Search  n Next  PgDn Scroll  Esc Close       |",
            "+------------------------------------------------+",
        ],
        lines);
    }

    [Theory]
    [InlineData("q")]
    [InlineData("h")]
    [InlineData("?")]
    public void Handle_closing_letter_closes(string key) => Assert.False(Long().Type(key).IsOpen);

    [Theory]
    [InlineData(Key.Escape)]
    [InlineData(Key.F1)]
    public void Handle_closing_key_closes(Key key) => Assert.False(Long().Press(key).IsOpen);

    [Fact]
    public void Handle_click_outside_closes() => Assert.False(OverlayScreen.With(new HelpOverlay("Help", new TextDocument().Add("one")), 120, 40).ClickAt(0, 0).IsOpen);

    [Fact]
    public void Handle_search_goes_to_each_occurrence_and_round()
    {
        var screen = Long().Type("/ready").Press(Key.Enter);
        Assert.StartsWith("| line 20 ready", screen.Lines()[1], StringComparison.Ordinal);

        screen.Type("n");
        Assert.StartsWith("| line 40 ready", screen.Lines()[1], StringComparison.Ordinal);

        screen.Type("nn");
        Assert.StartsWith("| line 20 ready", screen.Lines()[1], StringComparison.Ordinal);
        Assert.Equal(Surface.Selected, screen.StyleOf("ready").Surface);
    }

    [Fact]
    public void Handle_search_types_letters_that_else_close()
    {
        var screen = Long().Type("/qh");

        Assert.True(screen.IsOpen);
        Assert.Contains("| /qh", screen.Text, StringComparison.Ordinal);
        Assert.Contains("not found: qh", screen.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Handle_escape_in_search_goes_back_to_where_it_began()
    {
        var screen = Long().Press(Key.Down).Type("/ready").Press(Key.Escape);

        Assert.True(screen.IsOpen);
        Assert.StartsWith("| line 1 ", screen.Lines()[1], StringComparison.Ordinal);
    }

    [Fact]
    public void ColumnHelp_metric_says_what_from_where_and_when_bad()
    {
        var help = new TextDocument();
        ColumnHelp.Add(help, s_metrics[..1]);

        var lines = OverlayScreen.With(new HelpOverlay("Help", help)).Lines();

        Assert.StartsWith("| RDY%      ready_pct  percent", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("|           What it is.", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("|           from /proc/x", lines[3], StringComparison.Ordinal);
        Assert.StartsWith("|           worth a look from 5.0%, bad from 10.0%", lines[4], StringComparison.Ordinal);
    }

    [Fact]
    public void ColumnHelp_missing_figures_stand_with_their_reason()
    {
        var help = new TextDocument();
        ColumnHelp.AddMissing(help, s_metrics, 0);

        var lines = OverlayScreen.With(new HelpOverlay("Help", help)).Lines();

        Assert.StartsWith("| Missing in the selected row", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("| RDY%, SWAP: needs root ", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("| RD/s: not counted ", lines[3], StringComparison.Ordinal);
        Assert.DoesNotContain(lines, line => line.Contains("NAME", StringComparison.Ordinal));
    }

    private static Metric<int> New(string id, string title, Unit unit, Figure figure, Thresholds? thresholds) => new()
    {
        Id = id, Title = title, Help = "What it is.", Source = "/proc/x", Unit = unit, Get = _ => figure, Thresholds = thresholds,
    };

    private static OverlayScreen Long()
    {
        var text = new TextDocument();
        for (var i = 0; i < 60; i++)
        {
            text.Add($"line {i} " + (i is 20 or 40 or 58 ? "ready" : ""));
        }

        return OverlayScreen.With(new HelpOverlay("Help", text));
    }
}
