using KvmTop.Screen;
using KvmTop.Screen.Panes;
using KvmTop.Tui;
using Buffer = KvmTop.Tui.Buffer;

namespace KvmTop.Tests.App.Panes;

public sealed class PaneScreenTests
{
    [Theory]
    [InlineData(80, 17)]
    [InlineData(120, 34)]
    [InlineData(160, 44)]
    public void Host_simulated_looks_as_accepted(int width, int height) =>
        ScreenFile.Matches($"host-{width}x{height}", new PaneStage(30).Draw(new HostPane(), width, height));

    [Theory]
    [InlineData(80, 17)]
    [InlineData(120, 34)]
    [InlineData(160, 44)]
    public void Memory_simulated_looks_as_accepted(int width, int height) =>
        ScreenFile.Matches($"memory-{width}x{height}", new PaneStage(30).Draw(new MemoryPane(), width, height));

    [Fact]
    public void Memory_ascii_has_nothing_but_ascii()
    {
        var lines = new PaneStage(30, unicode: false).Draw(new MemoryPane(), 120, 34);
        Assert.All(lines, l => Assert.DoesNotContain(l, c => c > 126));
        ScreenFile.Matches("memory-ascii-120x34", lines);
    }

    [Theory]
    [InlineData(80, 17)]
    [InlineData(160, 43)]
    public void Io_simulated_looks_as_accepted(int width, int height) =>
        ScreenFile.Matches($"io-{width}x{height}", new PaneStage(30).Draw(new IoPane(), width, height));

    [Fact]
    public void Host_of_many_cpus_looks_as_accepted() => ScreenFile.Matches("host-256cpus-120x34", new PaneStage(30, pcpus: 256).Draw(new HostPane(), 120, 34));

    [Fact]
    public void Host_ascii_has_nothing_but_ascii()
    {
        var lines = new PaneStage(30, unicode: false).Draw(new HostPane(), 120, 34);
        Assert.All(lines, l => Assert.DoesNotContain(l, c => c > 126));
        ScreenFile.Matches("host-ascii-120x34", lines);
    }

    [Theory]
    [InlineData(80, 17)]
    [InlineData(160, 44)]
    public void Modules_simulated_looks_as_accepted(int width, int height) =>
        ScreenFile.Matches($"modules-{width}x{height}", new PaneStage(3).Draw(new ModulesPane(), width, height));

    [Theory]
    [InlineData(80, 17)]
    [InlineData(160, 44)]
    public void Check_simulated_looks_as_accepted(int width, int height) => ScreenFile.Matches($"check-{width}x{height}", Checked(new PaneStage(30)).Draw(new CheckPane(), width, height));

    [Fact]
    public void Check_key_a_shows_what_is_well_too()
    {
        var stage = Checked(new PaneStage(3));
        var pane = new CheckPane();
        Assert.DoesNotContain(stage.Draw(pane, 120, 60), l => l.Contains("nested virtualisation is on", StringComparison.Ordinal));
        Assert.True(pane.Handle(InputEvent.Of('a'), stage.Ui));
        Assert.True(pane.Handle(new InputEvent(Key.End), stage.Ui));
        Assert.Contains(stage.DrawAgain(pane, 160, 60), l => l.Contains("nested virtualisation is on", StringComparison.Ordinal));
    }

    [Fact]
    public void Modules_key_enter_shows_one_module_in_full_and_escape_goes_back()
    {
        var stage = new PaneStage(3);
        var pane = new ModulesPane();
        _ = stage.Draw(pane, 80, 17);
        Assert.True(pane.Handle(new InputEvent(Key.Down), stage.Ui));
        Assert.True(pane.Handle(new InputEvent(Key.Enter), stage.Ui));
        Assert.Contains(stage.DrawAgain(pane, 80, 17), l => l.Contains("/etc/modprobe.d/kvm.conf:2: avic=1", StringComparison.Ordinal));
        Assert.True(pane.Handle(new InputEvent(Key.Escape), stage.Ui));
        Assert.Contains(stage.DrawAgain(pane, 80, 17), l => l.Contains("MODULE", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(80, 17)]
    [InlineData(120, 34)]
    [InlineData(160, 44)]
    public void Events_simulated_looks_as_accepted(int width, int height) =>
        ScreenFile.Matches($"events-{width}x{height}", new PaneStage(120).Draw(new EventsPane(), width, height));

    [Theory]
    [InlineData(80, 17)]
    [InlineData(120, 34)]
    [InlineData(160, 44)]
    public void VmView_of_a_starved_vm_looks_as_accepted(int width, int height) => ScreenFile.Matches($"vm-{width}x{height}", View(new PaneStage(60), width, height));

    [Fact]
    public void VmView_ascii_has_nothing_but_ascii()
    {
        var lines = View(new PaneStage(60, unicode: false), 120, 34);
        Assert.All(lines, l => Assert.DoesNotContain(l, c => c > 126));
        ScreenFile.Matches("vm-ascii-120x34", lines);
    }

    [Fact]
    public void Render_any_small_size_does_not_throw()
    {
        var stage = Checked(new PaneStage(10));
        var empty = PaneStage.Show(null);
        foreach (var make in (Func<IPane>[])[() => new HostPane(), () => new MemoryPane(), () => new EventsPane(), () => new ModulesPane(), () => new CheckPane(), () => new VmView(stage.Vm("ci-runner").Info.Key)])
        {
            foreach (var ui in new[] { stage.Ui, empty })
            {
                var pane = make();
                pane.Update(ui);
                for (var width = 0; width <= 30; width++)
                {
                    for (var height = 0; height <= 5; height++)
                    {
                        var buffer = new Buffer(width, height);
                        pane.Render(buffer, buffer.Area, ui);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(47, 9)]
    [InlineData(64, 23)]
    [InlineData(101, 17)]
    [InlineData(300, 90)]
    public void Render_odd_sizes_stays_inside_its_area(int width, int height)
    {
        var stage = Checked(new PaneStage(10));
        foreach (var pane in (IPane[])[new HostPane(), new MemoryPane(), new EventsPane(), new ModulesPane(), new CheckPane(), new VmView(stage.Vm("ci-runner").Info.Key)])
        {
            pane.Update(stage.Ui);
            var buffer = new Buffer(width + 4, height + 4);
            pane.Render(buffer, new Rect(2, 2, width, height), stage.Ui);
            for (var y = 0; y < buffer.Height; y++)
            {
                for (var x = 0; x < buffer.Width; x++)
                {
                    Assert.True(new Rect(2, 2, width, height).Contains(x, y) || buffer[x, y] == Cell.Blank, $"{pane.Id} drew at {x},{y}");
                }
            }
        }
    }

    [Fact]
    public void Host_key_end_shows_the_interrupts()
    {
        var stage = new PaneStage(10);
        var pane = new HostPane();
        Assert.DoesNotContain(stage.Draw(pane, 80, 17), l => l.Contains("NET_RX", StringComparison.Ordinal));
        Assert.True(pane.Handle(new InputEvent(Key.End), stage.Ui));
        Assert.Contains(stage.DrawAgain(pane, 80, 17), l => l.Contains("NET_RX", StringComparison.Ordinal));
    }

    private static PaneStage Checked(PaneStage stage)
    {
        stage.Ui.Checks!.Consider(stage.Snapshot, watched: true);
        return stage;
    }

    private static string[] View(PaneStage stage, int width, int height)
    {
        // The history keeps what was accepted while nobody looked: one update is enough.
        return stage.Draw(new VmView(stage.Vm("ci-runner").Info.Key), width, height);
    }
}
