using System.Reactive.Concurrency;
using KvmTop.Actions;
using KvmTop.Screen;
using KvmTop.Screen.Overlays;
using KvmTop.Tests.Actions;
using KvmTop.Tui;

namespace KvmTop.Tests.App.Overlays;

public sealed class PlanOverlayTests : IDisposable
{
    private const string File = "/sys/first";

    private readonly FakeControl _host = new();
    private readonly ActionBoard _board;

    public PlanOverlayTests()
    {
        _ = _host.With(File, "a\n");
        _board = new ActionBoard(new ActionDesk(_host, new Journal(_host.Map("/log/audit.jsonl"), _host)), ImmediateScheduler.Instance, static () => { });
    }

    private static ActionPlan Plan => new() { Action = "test", Title = "Set first to b", Words = ["test", "b"], Effects = [new WriteFileEffect(File, "a", "b")] };

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Enter_on_a_harmless_plan_does_it_and_shows_what_came_of_it()
    {
        var screen = Open(Plan);
        Assert.Contains("1. write /sys/first: a -> b", screen.Text);

        Press(screen, Key.Enter);

        Assert.Equal("b\n", _host.TextOf(File));
        Assert.Contains("Done: Set first to b", screen.Text);
        Press(screen, Key.Enter);
        Assert.False(screen.IsOpen);
    }

    [Fact]
    public void Enter_on_a_plan_that_disturbs_cancels_until_do_it_is_chosen()
    {
        var screen = Open(Plan with { Danger = Danger.Disturbs });
        Press(screen, Key.Enter);
        Assert.False(screen.IsOpen);
        Assert.Equal("a\n", _host.TextOf(File));

        screen = Open(Plan with { Danger = Danger.Disturbs });
        Press(screen, Key.Left, Key.Enter);

        Assert.Equal("b\n", _host.TextOf(File));
    }

    [Fact]
    public void Plan_that_destroys_wants_the_name_typed()
    {
        var screen = Open(Plan with { Danger = Danger.Destroys, Confirm = "db1", Effects = [new WriteFileEffect(File, null, "b")] });
        Press(screen, Key.Tab, Key.Enter);
        Assert.Equal("a\n", _host.TextOf(File));
        Assert.Contains("that is not it", screen.Text);

        screen.Type("db1");
        Press(screen, Key.Enter);

        Assert.Equal("b\n", _host.TextOf(File));
    }

    [Fact]
    public void Plan_with_an_obstacle_can_only_be_closed()
    {
        var screen = Open(Plan with { Obstacles = [Obstacle.Refused("db1 runs", "stop it")] });
        Assert.Contains("refused: db1 runs (stop it)", screen.Text);
        Assert.DoesNotContain("Do it", screen.Text);

        Press(screen, Key.Enter);

        Assert.False(screen.IsOpen);
        Assert.Equal("a\n", _host.TextOf(File));
    }

    [Fact]
    public void Read_only_mode_shows_the_plan_and_offers_nothing()
    {
        var screen = Open(Plan);
        screen.Ui.ReadOnly = true;
        screen = Open(Plan, screen);

        Assert.Contains("Read-only mode", screen.Text);
        Press(screen, Key.Enter);
        Assert.Equal("a\n", _host.TextOf(File));
    }

    [Fact]
    public void Failure_shows_what_was_taken_back()
    {
        _host.Kernel = (_, text) => text == "b" ? null : text;
        var screen = Open(Plan);

        Press(screen, Key.Enter);

        Assert.Contains("Failed and rolled back", screen.Text);
        Assert.Contains("/sys/first refuses b", screen.Text);
    }

    [Fact]
    public void Keep_button_goes_through_the_times()
    {
        var screen = Open(Plan);

        Press(screen, Key.Tab, Key.Tab, Key.Enter, Key.Enter);

        Assert.Contains("Keep: 10 min", screen.Text);
        Assert.Equal("a\n", _host.TextOf(File));
    }

    [Fact]
    public void Form_hands_over_what_was_typed()
    {
        IReadOnlyList<string>? values = null;
        var screen = OverlayScreen.With(new FormOverlay("Pin db1", [new ActionField("CPUs", "a list") { Initial = "0-3" }, new ActionField("Node", "a number")], v => values = v), 90, 20);

        screen.Type(",8").Press(Key.Tab).Type("1").Press(Key.Enter);

        Assert.Equal(["0-3,8", "1"], values);
        Assert.False(screen.IsOpen);
    }

    private OverlayScreen Open(ActionPlan plan, OverlayScreen? on = null)
    {
        if (on is null)
        {
            return OverlayScreen.With(new PlanOverlay(plan, _board), 100, 24);
        }

        on.Ui.Close();
        on.Ui.Open(new PlanOverlay(plan, _board));
        return on;
    }

    private void Press(OverlayScreen screen, params Key[] keys)
    {
        foreach (var key in keys)
        {
            _ = screen.Press(key);
            _board.Deliver();
        }

        _ = screen.Lines();
    }
}
