using KvmTop.Collectors;
using KvmTop.Screen;
using KvmTop.Screen.Panes;
using KvmTop.Tui;
using KvmTop.Vmm;
using Buffer = KvmTop.Tui.Buffer;

namespace KvmTop.Tests.App.Panes;

public sealed class OffDomainsTests
{
    private readonly VmsPane _pane;
    private readonly Ui _ui;

    public OffDomainsTests()
    {
        var vms = new TopicState(VmsTopic.Instance, ReadingStatus.Ok, null, default, default, new VmsModel([], 0), []);
        // Two libvirts, or a rename in between: names need not be unique.
        var model = new LibvirtModel { Vms = new Dictionary<VmKey, LibvirtDomain>(), Inactive = [Off("db", 1), Off("db", 2)], IsAnswered = true };
        _ui = PaneStage.Show(null, vms, new TopicState(LibvirtTopic.Instance, ReadingStatus.Ok, null, default, default, model, []));
        _pane = new VmsPane(_ui) { Columns = ["name", "state", "vcpu_count", "mem_configured_bytes", "cpu_pct", "autostart", "title"] };
    }

    [Fact]
    public void Domains_that_are_off_are_rows_with_what_is_known()
    {
        var rows = Draw().Where(l => l.Contains("db ", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, rows.Count);
        Assert.All(rows, r => Assert.Matches(@"db +off +4 +2\.0G +- yes +The database", r));
    }

    [Fact]
    public void Figure_of_a_domain_that_is_off_is_missing_because_it_does_not_run()
    {
        var row = OffDomains.Of(_ui.Snapshot).First();
        Assert.All(Catalog.VmMetrics.Where(m => m.Id is "cpu_pct" or "rss_bytes" or "exits_per_s" or "pid" or "run_state" or "balloon_bytes"), m =>
            Assert.Equal("it is not running", OffDomains.Get(m, row).MissingReason));
    }

    [Fact]
    public void Domain_that_is_off_cannot_be_opened()
    {
        Draw();
        Assert.True(_pane.Handle(new InputEvent(Key.Enter), _ui));
        Assert.Equal((null, "db is not running"), (_ui.OpenVm, _ui.Message));
        Assert.Empty(_pane.Selection.Vms);
    }

    private string[] Draw()
    {
        _pane.Update(_ui);
        var buffer = new Buffer(120, 12);
        _pane.Render(buffer, buffer.Area, _ui);
        return buffer.ToLines();
    }

    private static LibvirtDomain Off(string name, byte number) => new()
    {
        Name = name, Uuid = new Guid([number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), State = LibvirtState.Off, Vcpus = 4, MemoryBytes = 2UL << 30, Autostart = true, Title = "The database",
    };
}
