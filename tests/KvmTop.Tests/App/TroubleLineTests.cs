using KvmTop.Diagnosis;
using KvmTop.Linux;
using KvmTop.Tui;

namespace KvmTop.Tests.App;

/// <summary>The line of troubles depended on the pane and on its columns, put swap before waiting, told one trouble per VM, and led nowhere.</summary>
public sealed class TroubleLineTests
{
    [Fact]
    public void List_is_the_same_whatever_pane_is_shown()
    {
        using var stage = new AppStage(120, 40);
        stage.Tick(30);
        var names = Names(stage);
        Assert.NotEmpty(names);
        foreach (var key in "123456789")
        {
            stage.Type(key.ToString());
            Assert.Equal(names, Names(stage));
            Assert.StartsWith($" ▲ {names[0]} ", stage.Troubles, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void List_is_the_same_at_any_size()
    {
        string[]? first = null;
        foreach (var (width, height) in new[] { (160, 50), (120, 40), (80, 24), (60, 15), (40, 10) })
        {
            using var stage = new AppStage(width, height);
            stage.Tick(30);
            first ??= Names(stage);
            Assert.Equal(first, Names(stage));
            // The worst one is on the screen at any size, with how many more there are.
            var line = stage.Lines.First(l => l.Contains('▲'));
            Assert.Contains(first[0][..6], line, StringComparison.Ordinal);
            Assert.Matches(@"\+\d+ more", line);
        }
    }

    [Fact]
    public void Locality_is_known_though_no_column_that_shows_it_is_on_the_screen()
    {
        using var stage = new AppStage(80, 24);
        stage.Type("9").Tick(30);
        Assert.Contains(stage.Ui.Troubles.Vms, t => t.Losses.Any(l => l.Kind == LossKind.Remote));
        // Seldom, though: nobody looks at its details.
        Assert.InRange(stage.Ui.Snapshot.Sources.Count(s => s.Topic.Id == "vm_memory" && (stage.Ui.Snapshot.Time - s.Time).TotalSeconds <= 11), 1, 1);
    }

    [Fact]
    public void Worst_first_is_by_time_lost_and_not_by_kind()
    {
        ulong gibibyte = 1 << 30;
        var waiting = MeasuringTests.Healthy("waits") with { Ready = (60, 60, 0) };
        var little = MeasuringTests.Healthy("waits-a-little") with { Ready = (12, 12, 0) };
        var throttled = MeasuringTests.Healthy("throttled") with { ThrottledPct = 40 };
        var swapped = MeasuringTests.Healthy("swapped") with { RssBytes = gibibyte, Memory = Status(50 * gibibyte) };
        var list = MeasuringTests.Of(swapped, little, throttled, waiting);
        Assert.Equal(["waits", "throttled", "waits-a-little", "swapped"], list.Vms.Select(t => t.Name));
        Assert.InRange(list.Vms[3].LostPct, 9, 10);
    }

    [Fact]
    public void Time_of_a_quota_is_shared_among_the_vcpus_that_had_work()
    {
        var vm = MeasuringTests.Healthy("db");
        ThreadLoads(vm, 50);
        var list = MeasuringTests.Of(vm with { ThrottledPct = 80 });
        Assert.Equal(80.0 / vm.Info.VcpuThreads, list.Vms[0].LostPct, 6);
    }

    [Fact]
    public void Several_troubles_of_one_vm_are_one_entry_with_its_worst_first()
    {
        var list = MeasuringTests.Of(MeasuringTests.Healthy("both") with { Ready = (23, 23, 0), Memory = Status(5UL << 30) });
        var trouble = Assert.Single(list.Vms);
        Assert.Equal([LossKind.Wait, LossKind.Swap], trouble.Losses.Select(l => l.Kind));
        Assert.Equal("waits for a CPU 23.0%, swap 5.0G", trouble.Words);
    }

    [Fact]
    public void Click_on_a_trouble_opens_its_vm()
    {
        using var stage = new AppStage(120, 40);
        stage.Tick(30);
        var worst = stage.Ui.Troubles.Vms[0];
        stage.Click("▲ " + worst.Name);
        Assert.Equal(worst.Vm, stage.Ui.OpenVm);
        Assert.Contains(stage.Lines, l => l.Contains("VM " + worst.Name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("more")]
    [InlineData(null)]
    public void Click_on_more_or_the_key_opens_the_list_and_enter_goes_to_the_vm(string? click)
    {
        using var stage = new AppStage(80, 24);
        stage.Tick(30);
        _ = click is null ? stage.Type("e") : stage.Click(click);
        var screen = string.Join('\n', stage.Lines);
        Assert.All(stage.Ui.Troubles.Vms, t => Assert.Contains(t.Name, screen, StringComparison.Ordinal));
        var second = stage.Ui.Troubles.Vms[1];
        stage.Press(new InputEvent(Key.Down)).Press(new InputEvent(Key.Enter));
        Assert.Equal((null, second.Vm), (stage.Ui.Overlay, stage.Ui.OpenVm));
    }

    [Fact]
    public void Key_of_the_list_works_in_every_pane()
    {
        using var stage = new AppStage(120, 40);
        stage.Tick(3);
        foreach (var key in "123456789")
        {
            stage.Type(key.ToString()).Type("e");
            Assert.Contains(stage.Lines, l => l.Contains("VMs in trouble", StringComparison.Ordinal));
            stage.Press(new InputEvent(Key.Escape));
            Assert.Null(stage.Ui.Overlay);
        }
    }

    private static string[] Names(AppStage stage) => [.. stage.Ui.Troubles.Vms.Select(t => t.Name)];

    private static ProcPidStatus Status(ulong swap) => MeasuringTests.Healthy().Memory!.Value with { SwapBytes = swap };

    private static void ThreadLoads(KvmTop.Collectors.VmModel vm, double pct)
    {
        for (var i = 0; i < vm.Info.VcpuThreads; i++)
        {
            vm.Threads[i] = vm.Threads[i] with { CpuPct = pct };
        }
    }
}
