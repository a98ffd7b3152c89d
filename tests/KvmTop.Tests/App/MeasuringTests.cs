using KvmTop.Collectors;
using KvmTop.Diagnosis;
using KvmTop.Screen.Panes;
using KvmTop.Tests.App.Panes;
using KvmTop.Tui;

namespace KvmTop.Tests.App;

/// <summary>An all-clear stood in green on the screen before anything had been measured.</summary>
public sealed class MeasuringTests
{
    private const string AllClear = "no VM waits for a CPU, is throttled or swapped";

    private static readonly PaneStage s_stage = new(3);

    [Theory]
    [InlineData(120, 40)]
    [InlineData(80, 24)]
    [InlineData(60, 15)]
    public void Nothing_of_rates_is_green_before_the_second_reading(int width, int height)
    {
        using var stage = new AppStage(width, height);
        Check(0);
        stage.ReadOnce();
        Check(1);
        stage.Tick(2);
        Assert.Contains("● live", stage.Lines[0], StringComparison.Ordinal);

        void Check(int readings)
        {
            var screen = string.Join('\n', stage.Lines);
            Assert.DoesNotContain("live", screen, StringComparison.Ordinal);
            Assert.DoesNotContain(AllClear, screen, StringComparison.Ordinal);
            Assert.DoesNotContain("all well", screen, StringComparison.Ordinal);
            Assert.Contains("measuring", stage.Lines[0], StringComparison.Ordinal);
            // Which VMs run, and that there is KVM, one reading tells.
            Assert.True(readings > 0 || !stage.HeaderHas(Role.Good), $"green after {readings} readings");
        }
    }

    [Fact]
    public void First_reading_of_the_vms_is_no_all_clear()
    {
        var first = new PaneStage(1).Ui.Troubles;
        Assert.Equal((false, first.Judged), (first.IsClear, first.Measuring));
        Assert.DoesNotContain(AllClear, first.Verdict, StringComparison.Ordinal);
        Assert.False(TroubleList.Empty.IsClear);
        Assert.Equal("measuring ..", TroubleList.Empty.Verdict);
    }

    [Fact]
    public void Healthy_vms_that_were_measured_are_an_all_clear()
    {
        var list = Of(Healthy());
        Assert.True(list.IsClear, list.Verdict);
        Assert.Equal(AllClear, list.Verdict);
    }

    [Fact]
    public void One_new_vm_among_measured_ones_takes_the_all_clear_back()
    {
        var list = Of(Healthy(), Healthy() with { Interval = TimeSpan.Zero, Ready = (double.NaN, double.NaN, -1), ThrottledPct = double.NaN });
        Assert.False(list.IsClear);
        Assert.Equal("no trouble so far, measuring 1 of 2 VMs", list.Verdict);
    }

    [Fact]
    public void Figures_that_the_kernel_refuses_are_no_all_clear()
    {
        var list = Of(Healthy(), Healthy() with { Ready = (double.NaN, double.NaN, -1), SchedulerReason = "schedstat: permission denied" });
        Assert.False(list.IsClear);
        Assert.Equal("no trouble seen; CPU wait of 1 VM not known: schedstat: permission denied", list.Verdict);
    }

    [Theory]
    [InlineData(ReadingStatus.Failed)]
    [InlineData(ReadingStatus.Denied)]
    public void Vms_that_could_not_be_read_are_no_all_clear(ReadingStatus status)
    {
        var list = TroubleList.Of(new Snapshot(5, default, default, new Dictionary<Topic, TopicState> { [VmsTopic.Instance] = new(VmsTopic.Instance, status, "/proc: no", default, default, null, []) }, EventList.Empty));
        Assert.False(list.IsClear);
        Assert.Contains("/proc: no", list.Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_of_a_vm_has_no_all_clear_before_it_was_measured()
    {
        var first = new PaneStage(1);
        var page = string.Join('\n', first.Draw(new VmView(first.Vm("mail").Info.Key), 120, 40));
        Assert.Contains("measuring ..", page, StringComparison.Ordinal);
        Assert.DoesNotContain("nothing stands out", page, StringComparison.Ordinal);
        Assert.Contains("nothing stands out", string.Join('\n', s_stage.Draw(new VmView(s_stage.Vm("mail").Info.Key), 120, 40)), StringComparison.Ordinal);
    }

    [Fact]
    public void Source_is_measuring_with_its_first_reading_and_partial_while_some_say_nothing()
    {
        TopicState Of(string? reason, bool first) => new(VmsTopic.Instance, ReadingStatus.Ok, reason, default, default, null, []) { IsFirst = first };
        Assert.Equal(
            (ReadingStatus.Measuring, ReadingStatus.Partial, ReadingStatus.Ok),
            (Of(null, true).Shown, Of("2 of 3 say nothing", false).Shown, Of(null, false).Shown));

        var pane = new EventsPane();
        var screen = string.Join('\n', new PaneStage(1).Draw(pane, 120, 60));
        Assert.DoesNotContain("all well", screen, StringComparison.Ordinal);
        Assert.Contains("measuring", screen, StringComparison.Ordinal);
    }

    internal static VmModel Healthy(string name = "mail")
    {
        var vm = s_stage.Vm("mail");
        return vm with { Info = vm.Info with { Name = name, Key = vm.Info.Key with { Pid = vm.Info.Key.Pid + s_next++ } }, Ready = (0, 0, 0), ThrottledPct = 0 };
    }

    internal static TroubleList Of(params VmModel[] vms) => TroubleList.Of(
        new Snapshot(5, default, TimeSpan.FromSeconds(1), new Dictionary<Topic, TopicState> { [VmsTopic.Instance] = new(VmsTopic.Instance, ReadingStatus.Ok, null, default, default, new VmsModel(vms, 0), []) }, EventList.Empty));

    private static int s_next = 1;
}
