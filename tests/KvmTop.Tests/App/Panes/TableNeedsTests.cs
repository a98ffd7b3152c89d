using KvmTop.Collectors;
using KvmTop.Screen.Panes;
using KvmTop.Tui;

namespace KvmTop.Tests.App.Panes;

/// <summary>What a table has read is what one can see of it.</summary>
public sealed class TableNeedsTests
{
    private readonly PaneStage _stage = new(2);
    private readonly VmsPane _pane;

    public TableNeedsTests() => _pane = new VmsPane(_stage.Ui) { Columns = ["name", "state", "cpu_pct", "exits_per_s", "numa_local_pct", "disk_reads_per_s", "rx_bytes_per_s"] };

    [Fact]
    public void Columns_beyond_the_edge_are_not_read()
    {
        _ = _stage.Draw(_pane, 45, 17);
        Assert.Contains(KvmStatsTopic.Instance, _pane.Needs);
        Assert.DoesNotContain(NicsTopic.Instance, _pane.Needs);
        Assert.DoesNotContain(DisksTopic.Instance, _pane.Needs);
        _ = _stage.Draw(_pane, 120, 17);
        Assert.Contains(NicsTopic.Instance, _pane.Needs);
        Assert.Contains(DisksTopic.Instance, _pane.Needs);
    }

    [Fact]
    public void Column_that_is_scrolled_to_is_read()
    {
        _ = _stage.Draw(_pane, 45, 17);
        for (var i = 0; i < 5; i++)
        {
            Assert.True(_pane.Handle(new InputEvent(Key.Right), _stage.Ui));
            _ = _stage.Draw(_pane, 45, 17);
        }

        Assert.Contains(NicsTopic.Instance, _pane.Needs);
    }

    [Fact]
    public void Sort_and_filter_columns_are_read_wherever_they_stand()
    {
        _ = _stage.Draw(_pane, 45, 17);
        _pane.Sort = new Text.SortSpec("rx_bytes_per_s", Reversed: false);
        Assert.Null(_pane.SetFilter("mem_age_s>5 or disk_reads_per_s>=0"));
        Assert.Contains(NicsTopic.Instance, _pane.Needs);
        Assert.Contains(DisksTopic.Instance, _pane.Needs);
        Assert.Contains(VmMemoryTopic.Instance, _pane.Needs);
        Assert.Null(_pane.SetFilter("web"));
        Assert.DoesNotContain(DisksTopic.Instance, _pane.Needs);
    }

    [Fact]
    public void Table_without_rows_knows_its_columns_too()
    {
        Assert.Null(_pane.SetFilter("name=nobody"));
        _ = _stage.Draw(_pane, 45, 17);
        Assert.DoesNotContain(NicsTopic.Instance, _pane.Needs);
    }
}
