using KvmTop.Collectors;
using KvmTop.Screen.Panes;
using KvmTop.Tui;
using KvmTop.Vmm;

namespace KvmTop.Tests.App.Panes;

public sealed class VmViewTests
{
    [Fact]
    public void Handle_escape_closes_the_view()
    {
        var stage = new PaneStage(2);
        stage.Ui.OpenVm = stage.Vm("web01").Info.Key;
        Assert.True(new VmView(stage.Ui.OpenVm.Value).Handle(new InputEvent(Key.Escape), stage.Ui));
        Assert.Null(stage.Ui.OpenVm);
    }

    [Fact]
    public void Handle_l_shows_the_command_line()
    {
        var stage = new PaneStage(2);
        var view = new VmView(stage.Vm("web01").Info.Key);
        Assert.DoesNotContain(stage.Draw(view, 120, 34), l => l.Contains("-uuid", StringComparison.Ordinal));
        Assert.True(view.Handle(InputEvent.Of('l'), stage.Ui));
        Assert.Contains(stage.DrawAgain(view, 120, 34), l => l.Contains("-uuid", StringComparison.Ordinal));
    }

    [Fact]
    public void Update_vm_that_has_gone_keeps_its_last_figures_and_says_so()
    {
        var stage = new PaneStage(5);
        var view = new VmView(stage.Vm("web01").Info.Key);
        _ = stage.Draw(view, 120, 34);
        var gone = new TopicState(VmsTopic.Instance, ReadingStatus.Ok, null, default, default, new VmsModel([], 0), []);
        stage.Ui.Accept(new Snapshot(99, default, default, new Dictionary<Topic, TopicState> { [VmsTopic.Instance] = gone }, EventList.Empty));
        var lines = stage.Draw(view, 120, 34);
        Assert.Contains("This VM has gone", lines[0], StringComparison.Ordinal);
        Assert.Contains(lines, l => l.Contains("libvirt-qemu", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(120, 34)]
    [InlineData(80, 17)]
    public void Title_of_libvirts_is_shown_cleaned(int width, int height)
    {
        var stage = new PaneStage(2);
        var vm = stage.Vm("web01");
        var domain = new LibvirtDomain { Name = "web01", Uuid = Guid.Empty, Title = "The shop\u001b[2J" };
        var model = new LibvirtModel { Vms = new Dictionary<VmKey, LibvirtDomain> { [vm.Info.Key] = domain }, Inactive = [], IsAnswered = true };
        TopicState Of(Topic topic, object value) => new(topic, ReadingStatus.Ok, null, default, default, value, []);
        stage.Ui.Accept(new Snapshot(
            99, default, default, new Dictionary<Topic, TopicState> { [VmsTopic.Instance] = Of(VmsTopic.Instance, new VmsModel([vm], 0)), [LibvirtTopic.Instance] = Of(LibvirtTopic.Instance, model) }, EventList.Empty));
        var view = new VmView(vm.Info.Key);
        Assert.Contains(LibvirtTopic.Instance, view.Needs);
        Assert.Contains(stage.Draw(view, width, height), l => l.Contains("title", StringComparison.Ordinal) && l.Contains("The shop", StringComparison.Ordinal) && !l.Contains('\u001b'));
    }

    [Fact]
    public void Render_hostile_texts_of_a_vm_are_cleaned()
    {
        var stage = new PaneStage(5);
        var vm = stage.Vm("web01");
        var hostile = "\u001b]0;x\u0007" + new string('本', 3000);
        var info = vm.Info with
        {
            Name = hostile,
            Arguments = [hostile, "-name", hostile],
            Description = vm.Info.Description with { Machine = hostile, Uuid = hostile, Devices = [new(KvmTop.Vmm.VmDeviceKind.Disk, hostile, hostile, hostile, false)] },
        };
        var state = new TopicState(VmsTopic.Instance, ReadingStatus.Ok, null, default, default, new VmsModel([vm with { Info = info }], 0), []);
        stage.Ui.Accept(new Snapshot(99, default, default, new Dictionary<Topic, TopicState> { [VmsTopic.Instance] = state }, EventList.Empty));
        var view = new VmView(info.Key);
        Assert.True(view.Handle(InputEvent.Of('l'), stage.Ui));
        foreach (var line in stage.Draw(view, 120, 200))
        {
            Assert.DoesNotContain(line, char.IsControl);
            Assert.True(CellWidth.Of(line) <= 120);
        }
    }

    [Theory]
    [InlineData(612, 1000)]
    [InlineData(10, 10)]
    [InlineData(11, 20)]
    [InlineData(0.3, 0.5)]
    public void Round_value_next_round_number(double value, double expected) => Assert.Equal(expected, VmViewCharts.Round(value), 6);

    [Theory]
    [InlineData(1024, 1024)]
    [InlineData(1025, 2048)]
    [InlineData(700 * 1024, 1024 * 1024)]
    public void RoundBytes_value_next_power_of_two(double value, double expected) => Assert.Equal(expected, VmViewCharts.RoundBytes(value), 6);
}
