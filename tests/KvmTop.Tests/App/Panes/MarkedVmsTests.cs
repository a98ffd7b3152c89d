using KvmTop.Actions;
using KvmTop.Screen;
using KvmTop.Screen.Panes;
using KvmTop.Tests.Actions;
using KvmTop.Tui;

namespace KvmTop.Tests.App.Panes;

/// <summary>Class: marks reach the actions. With rows marked, no action falls to the one under the cursor.</summary>
public sealed class MarkedVmsTests
{
    private readonly PaneStage _stage = new(2);

    [Fact]
    public void Marked_vms_are_the_selection_and_the_cursor_row_is_not()
    {
        var pane = new VmsPane(_stage.Ui) { Sort = new("name", false) };
        _ = _stage.Draw(pane, 120, 40);
        var first = Names(pane).Single();
        Mark(pane, 2);

        var marked = Names(pane);

        Assert.Equal(2, marked.Length);
        Assert.Contains(first, marked);
        pane.ClearMarks();
        Assert.DoesNotContain(Names(pane).Single(), marked);
    }

    [Fact]
    public void Menus_say_how_many_and_their_words_name_each_by_pid()
    {
        var pane = new VmsPane(_stage.Ui) { Sort = new("name", false) };
        _ = _stage.Draw(pane, 120, 40);
        Mark(pane, 3);
        using var host = new FakeControl();
        var context = new ActionContext(_stage.Snapshot, host, pane.Selection);

        foreach (var action in new HostAction[] { new PauseAction(), new ResumeAction(), new ResetAction(), new StopAction(), new KillAction(), new BalloonAction() })
            Assert.All(action.Choices(context), c => Assert.Contains("3 VMs", c.Title, StringComparison.Ordinal));
        Assert.Equal(["vm", "kill", .. pane.Selection.Vms.Select(ActionContext.WordOf)], Assert.Single(new KillAction().Choices(context)).Words([]));
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("io")]
    [InlineData("vcpus")]
    public void Every_table_of_vms_hands_its_marked_rows_on(string id)
    {
        var pane = (ITablePane)Catalog.CreatePanes(_stage.Ui).Single(p => p.Id == id);
        _ = _stage.Draw(pane, 120, 60);
        var under = Names(pane).Single();
        Mark(pane, 1);

        Assert.Equal([under], Names(pane));
    }

    [Fact]
    public void Vcpus_of_one_vm_are_told_by_number_and_those_of_two_are_their_vms()
    {
        var pane = new VcpusPane { Sort = new("name", false) };
        Assert.Null(pane.SetFilter("db-primary"));
        _ = _stage.Draw(pane, 120, 60);
        Mark(pane, 2);

        Assert.Equal(["db-primary"], Names(pane));
        Assert.Equal(2, pane.Selection.Vcpus?.Count);
    }

    [Fact]
    public void Mark_of_a_row_that_is_not_there_any_more_goes_and_is_told()
    {
        var pane = new VmsPane(_stage.Ui) { Sort = new("name", false) };
        _ = _stage.Draw(pane, 120, 40);
        Mark(pane, 2);
        var marked = Names(pane);
        pane.SetFilter($"name={marked[1]}");

        pane.Update(_stage.Ui);

        Assert.Equal([marked[1]], Names(pane));
        Assert.Equal($"No longer marked, for it is gone or not shown: {marked[0]}; 1 still marked.", _stage.Ui.Message);
    }

    private void Mark(ITablePane pane, int rows)
    {
        for (var i = 0; i < rows; i++)
        {
            pane.ToggleMark();
            _ = pane.Handle(new InputEvent(Key.Down), _stage.Ui);
        }
    }

    private static string[] Names(ITablePane pane) => [.. pane.Selection.Vms.Select(v => v.Name)];
}
