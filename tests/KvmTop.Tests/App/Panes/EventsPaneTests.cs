using KvmTop.Collectors;
using KvmTop.Screen.Panes;
using KvmTop.Tui;
using Buffer = KvmTop.Tui.Buffer;

namespace KvmTop.Tests.App.Panes;

public sealed class EventsPaneTests
{
    [Fact]
    public void Render_source_that_is_denied_shows_status_and_reason()
    {
        var ui = PaneStage.Show(null, new TopicState(VmsTopic.Instance, ReadingStatus.Denied, "/proc/1/fd: needs root", PaneStage.StageClock.Start, TimeSpan.FromMilliseconds(2), null, []));
        Assert.Contains(Lines(new EventsPane(), ui), l => l.Contains("denied", StringComparison.Ordinal) && l.Contains("/proc/1/fd: needs root", StringComparison.Ordinal));
    }

    [Fact]
    public void Render_hostile_event_reaches_the_screen_without_control_characters()
    {
        var ui = PaneStage.Show(EventList.Empty.Add(new(PaneStage.StageClock.Start, Severity.Critical, "vms", "\u001b[2Jevil\u202e", "a\u0007b\nc")));
        var buffer = Draw(new EventsPane(), ui);
        for (var y = 0; y < buffer.Height; y++)
        {
            foreach (var cell in buffer.Row(y))
            {
                Assert.True(cell.Rune is 0 or >= ' ' and not 127 and not 0x202e and not (>= 0x80 and < 0xa0));
            }
        }

        Assert.Contains(buffer.ToLines(), l => l.Contains("[2Jevil", StringComparison.Ordinal));
    }

    [Fact]
    public void Handle_s_hides_what_matters_less()
    {
        var ui = PaneStage.Show(EventList.Empty
            .Add(new(PaneStage.StageClock.Start, Severity.Info, "vms", "a", "little thing"))
            .Add(new(PaneStage.StageClock.Start, Severity.Warning, "vms", "b", "bad thing")));
        var pane = new EventsPane();
        Assert.Contains(Lines(pane, ui), l => l.Contains("little thing", StringComparison.Ordinal));
        Assert.True(pane.Handle(InputEvent.Of('s'), ui));
        var lines = Lines(pane, ui);
        Assert.DoesNotContain(lines, l => l.Contains("little thing", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("bad thing", StringComparison.Ordinal));
    }

    [Fact]
    public void Update_newer_events_leave_the_cursor_on_its_event()
    {
        var list = EventList.Empty;
        for (var i = 0; i < 5; i++)
        {
            list = list.Add(new(PaneStage.StageClock.Start, Severity.Info, "vms", null, $"event number {i}"));
        }

        var ui = PaneStage.Show(list);
        var pane = new EventsPane();
        _ = Lines(pane, ui);
        Assert.True(pane.Handle(new InputEvent(Key.Down), ui));
        ui.Accept(new Snapshot(2, PaneStage.StageClock.Start, TimeSpan.Zero, new Dictionary<Topic, TopicState>(), list.Add(new(PaneStage.StageClock.Start, Severity.Info, "vms", null, "the newest"))));
        Assert.Contains(Lines(pane, ui), l => l.Contains('▌') && l.Contains("event number 3", StringComparison.Ordinal));
    }

    private static string[] Lines(EventsPane pane, KvmTop.Screen.Ui ui) => Draw(pane, ui).ToLines();

    private static Buffer Draw(EventsPane pane, KvmTop.Screen.Ui ui)
    {
        pane.Update(ui);
        var buffer = new Buffer(100, 30);
        pane.Render(buffer, buffer.Area, ui);
        return buffer;
    }
}
