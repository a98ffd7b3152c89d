using KvmTop.Collectors;
using KvmTop.Screen.Panes;

namespace KvmTop.Tests.App.Panes;

/// <summary>What a table asks to be read: no more than what it can show.</summary>
public sealed class TableNeedsTests
{
    private readonly PaneStage _stage = new(3);

    [Fact]
    public void Needs_of_a_narrow_screen_leave_out_what_does_not_fit()
    {
        var pane = new VmsPane(_stage.Ui);
        _stage.Draw(pane, 80, 20);
        Assert.Contains(VmsTopic.Instance, pane.Needs);
        Assert.DoesNotContain(VmMemoryTopic.Instance, pane.Needs);
        Assert.DoesNotContain(NicsTopic.Instance, pane.Needs);

        _stage.Draw(pane, 300, 20);
        Assert.Contains(VmMemoryTopic.Instance, pane.Needs);
        Assert.Contains(NicsTopic.Instance, pane.Needs);
    }

    [Fact]
    public void Needs_with_a_filter_are_those_of_all_columns()
    {
        var pane = new VmsPane(_stage.Ui);
        _stage.Draw(pane, 80, 20);
        Assert.Null(pane.SetFilter("rx_bytes_per_s>0"));
        Assert.Contains(NicsTopic.Instance, pane.Needs);
    }

    [Fact]
    public void Needs_of_columns_that_were_just_chosen_are_theirs()
    {
        var pane = new VmsPane(_stage.Ui);
        _stage.Draw(pane, 80, 20);
        pane.Columns = ["name", "rx_bytes_per_s"];
        Assert.Contains(NicsTopic.Instance, pane.Needs);
    }

    [Fact]
    public void Needs_before_there_is_a_row_are_known_from_the_width()
    {
        var pane = new VmsPane(_stage.Ui);
        var empty = new PaneStage(0);
        empty.Draw(pane, 80, 20);
        Assert.DoesNotContain(NicsTopic.Instance, pane.Needs);
    }
}
