using KvmTop.Collectors;
using KvmTop.Configuration;
using KvmTop.Screen;
using KvmTop.Screen.Panes;
using KvmTop.Tests.Collectors;
using KvmTop.Tui;
using Buffer = KvmTop.Tui.Buffer;

namespace KvmTop.Tests.App.Panes;

/// <summary>The pages of pane 7 behind the first.</summary>
public sealed class HostPaneTests
{
    private const string Keys = "optslm";

    public static TheoryData<char, int, int> Pages
    {
        get
        {
            var data = new TheoryData<char, int, int>();
            foreach (var key in Keys[1..])
            {
                data.Add(key, 80, 17);
                data.Add(key, 120, 34);
                data.Add(key, 160, 44);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_simulated_looks_as_accepted(char key, int width, int height)
    {
        var stage = new PaneStage(30);
        ScreenFile.Matches($"host-{Name(key)}-{width}x{height}", stage.Draw(At(key, stage.Ui), width, height));
    }

    [Theory]
    [InlineData('t')]
    [InlineData('m')]
    public void Page_of_many_cpus_looks_as_accepted(char key)
    {
        var stage = new PaneStage(10, pcpus: 256);
        ScreenFile.Matches($"host-{Name(key)}-256cpus-120x34", stage.Draw(At(key, stage.Ui), 120, 34));
    }

    [Fact]
    public void Page_captured_host_looks_as_accepted()
    {
        using var run = new AllTopics(FakeHost.Captured());
        run.Tick();
        run.Tick();
        var ui = UiOf(run.Snapshot);
        var lines = Keys[1..].SelectMany(key => Draw(At(key, ui), ui, 100, 24)).ToArray();
        ScreenFile.Matches("host-pages-two-nodes-100x24", lines);
    }

    [Fact]
    public void Page_ascii_has_nothing_but_ascii()
    {
        var stage = new PaneStage(10, unicode: false);
        foreach (var key in Keys)
        {
            Assert.All(stage.Draw(At(key, stage.Ui), 120, 34), l => Assert.DoesNotContain(l, c => c > 126));
        }
    }

    [Fact]
    public void Page_any_size_stays_inside_its_area()
    {
        var (stage, empty) = (new PaneStage(5), PaneStage.Show(null));
        foreach (var key in Keys)
        {
            foreach (var ui in new[] { stage.Ui, empty })
            {
                var pane = At(key, ui);
                for (var (width, height) = (0, 0); width <= 200; (width, height) = (width + 7, (height + 3) % 41))
                {
                    var buffer = new Buffer(width + 4, height + 4);
                    var area = new Rect(2, 2, width, height);
                    pane.Render(buffer, area, ui);
                    for (var y = 0; y < buffer.Height; y++)
                    {
                        for (var x = 0; x < buffer.Width; x++)
                        {
                            Assert.True(area.Contains(x, y) || buffer[x, y] == Cell.Blank, $"page {key} at {width}x{height} drew at {x},{y}");
                        }
                    }
                }
            }
        }
    }

    [Fact]
    public void Needs_only_what_the_page_shows()
    {
        var stage = new PaneStage(2);
        Assert.Equal([HostTopic.Instance, MachineTopic.Instance, InterruptsTopic.Instance], At('o', stage.Ui).Needs);
        Assert.Contains(CpuPowerTopic.Instance, At('p', stage.Ui).Needs);
        Assert.DoesNotContain(CpuInterruptsTopic.Instance, At('p', stage.Ui).Needs);
        Assert.DoesNotContain(InterruptsTopic.Instance, At('t', stage.Ui).Needs);
        Assert.DoesNotContain(CpuPowerTopic.Instance, At('m', stage.Ui).Needs);
    }

    [Fact]
    public void Key_right_goes_round_and_escape_back_to_the_first()
    {
        var stage = new PaneStage(2);
        var pane = new HostPane();
        var first = pane.Needs;
        for (var i = 0; i < Keys.Length; i++)
        {
            Assert.True(pane.Handle(new InputEvent(Key.Right), stage.Ui));
            Assert.Equal(i == Keys.Length - 1, pane.Needs == first);
        }

        Assert.True(pane.Handle(new InputEvent(Key.Left), stage.Ui));
        Assert.Contains(VcpuPlacementTopic.Instance, pane.Needs);
        Assert.True(pane.Handle(new InputEvent(Key.Escape), stage.Ui));
        Assert.Same(first, pane.Needs);
        Assert.False(pane.Handle(new InputEvent(Key.Escape), stage.Ui));
    }

    [Fact]
    public void Click_on_a_name_goes_there()
    {
        var stage = new PaneStage(2);
        var pane = new HostPane();
        var top = stage.Draw(pane, 80, 17)[0];
        Assert.True(pane.Handle(new InputEvent(Key.Click, X: top.IndexOf("Layout", StringComparison.Ordinal), Y: 0), stage.Ui));
        Assert.Contains(CpuLayoutTopic.Instance, pane.Needs);
    }

    [Fact]
    public void Map_key_v_shows_each_vcpu_and_k_the_cores()
    {
        var stage = new PaneStage(5);
        var pane = At('m', stage.Ui);
        Assert.DoesNotContain(stage.Draw(pane, 120, 60), l => l.Contains("ci-runner/3", StringComparison.Ordinal));
        Assert.True(pane.Handle(InputEvent.Of('v'), stage.Ui));
        Assert.Contains(stage.DrawAgain(pane, 120, 60), l => l.Contains("ci-runner/3", StringComparison.Ordinal));
        Assert.True(pane.Handle(InputEvent.Of('k'), stage.Ui));
        Assert.Contains(stage.DrawAgain(pane, 160, 60), l => l.Contains(" 0 16  1 17", StringComparison.Ordinal));
    }

    [Fact]
    public void Map_scrolls_below_its_heading()
    {
        var stage = new PaneStage(5);
        var pane = At('m', stage.Ui);
        var before = stage.Draw(pane, 80, 17);
        Assert.True(pane.Handle(new InputEvent(Key.End), stage.Ui));
        var after = stage.DrawAgain(pane, 80, 17);
        Assert.Equal(before[..8], after[..8]);
        Assert.Contains("web02", after[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Power_host_without_idle_states_or_clocks_says_why()
    {
        var host = FakeHost.Captured();
        foreach (var file in host.Files.Where(f => f.Contains("cpuidle", StringComparison.Ordinal) || f.Contains("cpufreq", StringComparison.Ordinal)))
        {
            host.Remove(file[..(file.IndexOf("cpuidle", StringComparison.Ordinal) is >= 0 and var idle ? idle + 7 : file.IndexOf("cpufreq", StringComparison.Ordinal) + 7)]);
        }

        using var run = new AllTopics(host);
        run.Tick();
        run.Tick();
        var ui = UiOf(run.Snapshot);
        var lines = Draw(At('p', ui), ui, 80, 17);
        Assert.Contains(lines, l => l.Contains("no cpufreq driver", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("no cpuidle driver", StringComparison.Ordinal));
    }

    [Fact]
    public void Power_cpu_asleep_all_the_time_says_so_rather_than_none()
    {
        var host = FakeHost.Captured();
        using var run = new AllTopics(host);
        host.Write("/proc/stat", "cpu 10 0 0 200\ncpu0 10 0 0 100\ncpu1 10 0 0 100\n");
        run.Tick();
        host.Write("/proc/stat", "cpu 110 0 0 300\ncpu0 10 0 0 200\ncpu1 110 0 0 100\n");
        run.Tick();
        var ui = UiOf(run.Snapshot);
        var lines = Draw(At('p', ui), ui, 100, 17);
        Assert.Equal(1, lines.Count(l => l.Contains("all the time", StringComparison.Ordinal)));
        Assert.Contains(lines, l => l.StartsWith("   0", StringComparison.Ordinal) && l.Contains("all the time", StringComparison.Ordinal));
    }

    private static HostPane At(char key, Ui ui)
    {
        var pane = new HostPane();
        pane.Update(ui);
        Assert.True(pane.Handle(InputEvent.Of(key), ui));
        return pane;
    }

    private static string Name(char key) => key switch { 'p' => "power", 't' => "interrupts", 's' => "softirqs", 'l' => "layout", _ => "map" };

    private static Ui UiOf(Snapshot snapshot)
    {
        var ui = new Ui(new Options(), new ConfigurationFiles("/nonexistent", null), true);
        ui.Accept(snapshot);
        return ui;
    }

    private static string[] Draw(HostPane pane, Ui ui, int width, int height)
    {
        var buffer = new Buffer(width, height);
        pane.Update(ui);
        pane.Render(buffer, buffer.Area, ui);
        return buffer.ToLines();
    }
}
