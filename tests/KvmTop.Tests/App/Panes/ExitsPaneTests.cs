using KvmTop.Screen.Panes;
using KvmTop.Tui;

namespace KvmTop.Tests.App.Panes;

public sealed class ExitsPaneTests
{
    [Theory]
    [InlineData(80, 17)]
    [InlineData(120, 34)]
    [InlineData(160, 44)]
    public void Host_simulated_looks_as_accepted(int width, int height) => ScreenFile.Matches($"exits-{width}x{height}", Draw(new PaneStage(1), width, height, 30));

    [Theory]
    [InlineData(80, 17)]
    [InlineData(160, 44)]
    public void Vcpu_simulated_looks_as_accepted(int width, int height) =>
        ScreenFile.Matches($"exits-vcpu-{width}x{height}", Draw(new PaneStage(1), width, height, 30, Key.Enter, Key.Enter));

    [Fact]
    public void Histograms_have_the_small_screen_after_b()
    {
        var (stage, pane) = (new PaneStage(10), new ExitsPane());
        stage.Draw(pane, 80, 17);
        Assert.True(pane.Handle(InputEvent.Of('b'), stage.Ui));
        ScreenFile.Matches("exits-histograms-80x17", stage.DrawAgain(pane, 80, 17));
    }

    [Fact]
    public void Ascii_has_nothing_but_ascii()
    {
        var lines = Draw(new PaneStage(1, unicode: false), 160, 44, 30, Key.Enter);
        Assert.All(lines, l => Assert.DoesNotContain(l, c => c > 126));
        ScreenFile.Matches("exits-ascii-160x44", lines);
    }

    [Fact]
    public void Keys_go_to_the_busiest_vm_its_vcpus_and_back()
    {
        var (stage, pane) = (new PaneStage(5), new ExitsPane());
        string Place() => stage.Draw(pane, 80, 17)[0];
        void Press(Key key) => Assert.True(pane.Handle(new InputEvent(key), stage.Ui));

        Assert.Contains("host", Place(), StringComparison.Ordinal);
        Press(Key.Enter);
        Assert.Contains("host ▸ db-primary", Place(), StringComparison.Ordinal);
        Press(Key.Right);
        Assert.Contains("host ▸ cache01", Place(), StringComparison.Ordinal);
        Press(Key.Enter);
        Assert.Contains("cache01 ▸ vcpu 0", Place(), StringComparison.Ordinal);
        Press(Key.Right);
        Press(Key.Right);
        Assert.Contains("cache01 ▸ vcpu 1", Place(), StringComparison.Ordinal);
        Press(Key.Escape);
        Press(Key.Left);
        Assert.Contains("host ▸ db-primary", Place(), StringComparison.Ordinal);
        Press(Key.Escape);
        Assert.DoesNotContain("▸", Place(), StringComparison.Ordinal);
        Assert.False(pane.Handle(new InputEvent(Key.Escape), stage.Ui));
    }

    [Fact]
    public void Idle_counters_are_hidden_until_z()
    {
        var (stage, pane) = (new PaneStage(5), new ExitsPane());
        Assert.DoesNotContain(stage.Draw(pane, 160, 60), l => l.Contains("nmi_injections", StringComparison.Ordinal));
        Assert.True(pane.Handle(InputEvent.Of('z'), stage.Ui));
        Assert.Contains(stage.DrawAgain(pane, 160, 70), l => l.Contains("nmi_injections", StringComparison.Ordinal));
    }

    [Fact]
    public void Frozen_display_keeps_its_figures_while_reading_goes_on_and_another_vm_can_be_looked_at()
    {
        var (stage, pane) = (new PaneStage(5), new ExitsPane());
        var before = stage.Draw(pane, 160, 44);
        stage.Ui.Frozen = true;
        for (var i = 0; i < 20; i++)
            stage.Tick();
        Assert.Equal(before, stage.Draw(pane, 160, 44));
        Assert.True(pane.Handle(new InputEvent(Key.Enter), stage.Ui));
        Assert.Contains(stage.DrawAgain(pane, 80, 17), l => l.Contains("irq_exits", StringComparison.Ordinal));
    }

    [Fact]
    public void Vm_without_a_source_says_why()
    {
        var (stage, pane) = (new PaneStage(5), new ExitsPane());
        stage.Draw(pane, 160, 44);
        for (var i = 0; i < 40 && !stage.DrawAgain(pane, 80, 17)[0].Contains("riscv-dev", StringComparison.Ordinal); i++)
            Assert.True(pane.Handle(new InputEvent(Key.Right), stage.Ui));
        Assert.Contains(stage.DrawAgain(pane, 80, 17), l => l.Contains("without KVM (tcg)", StringComparison.Ordinal));
    }

    [Fact]
    public void Render_any_small_size_does_not_throw()
    {
        foreach (var ui in new[] { new PaneStage(3).Ui, PaneStage.Show(null) })
        {
            var pane = new ExitsPane();
            pane.Update(ui);
            for (var width = 0; width <= 130; width += width < 30 ? 1 : 25)
            {
                for (var height = 0; height <= 36; height += height < 12 ? 1 : 6)
                {
                    var buffer = new KvmTop.Tui.Buffer(width, height);
                    pane.Render(buffer, buffer.Area, ui);
                }
            }
        }
    }

    private static string[] Draw(PaneStage stage, int width, int height, int ticks, params Key[] keys)
    {
        var pane = new ExitsPane();
        stage.Draw(pane, width, height);
        stage.Tick();
        stage.Draw(pane, width, height);
        foreach (var key in keys)
            Assert.True(pane.Handle(new InputEvent(key), stage.Ui));
        for (var i = 0; i < ticks; i++)
        {
            stage.Tick();
            pane.Update(stage.Ui);
        }

        return stage.DrawAgain(pane, width, height);
    }
}
