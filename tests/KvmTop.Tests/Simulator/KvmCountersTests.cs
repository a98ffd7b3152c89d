using KvmTop.Collectors;
using KvmTop.Simulator;
using KvmTop.Tests.Collectors;

namespace KvmTop.Tests.Simulator;

/// <summary>The simulated host's KVM counters, read by the program's own topic.</summary>
public sealed class KvmCountersTests : IDisposable
{
    private readonly AllTopics _run;

    public KvmCountersTests()
    {
        var time = new SteppedTime();
        _run = new AllTopics(new SimulatedHost(new SimulatedHostOptions { Time = time }), time);
        _run.Tick();
        _run.Tick();
    }

    private KvmStatsModel Model => _run.Snapshot.Get(KvmStatsTopic.Instance).Value!;

    public void Dispose() => _run.Dispose();

    [Fact]
    public void Every_vm_under_kvm_has_a_source_and_rates_at_every_tick()
    {
        for (var i = 0; i < 120; i++)
        {
            _run.Tick();
            foreach (var row in VmRow.All(_run.Snapshot).Where(r => r.Vm.Info.Accelerator == "kvm" && r.Vm.Interval > TimeSpan.Zero && r.Vm.State != VmState.Starting))
            {
                Assert.NotNull(row.Kvm!.Value.Source);
                // A VM that has just come has its first reading.
                Assert.True(row.Kvm.Value.ExitsPerSecond >= 0 || double.IsNaN(row.Vm.CpuPct) || row.Vm.Info.Name == "nightly-build", row.Vm.Info.Name);
            }
        }
    }

    [Fact]
    public void Kinds_of_exits_are_no_more_than_all_of_them()
    {
        using var view = Model.Open()!;
        var table = new KvmCounterTable();
        view.AddHost(table);
        var kinds = table.Rows.Where(r => KvmCounterGuide.Find(r.Counter.Name)?.IsExit == true).Sum(r => r.PerSecond);
        Assert.InRange(kinds, 1000, table.Find("exits")!.PerSecond);
    }

    [Fact]
    public void Vm_without_descriptors_is_read_from_debugfs_with_the_same_law()
    {
        var row = VmRow.All(_run.Snapshot).Single(r => r.Vm.Info.Name.StartsWith("cloud-hyperviso", StringComparison.Ordinal));
        Assert.Equal(("debugfs", false), (row.Kvm!.Value.Source, row.Kvm.Value.HasVcpus));
        using var view = Model.Open()!;
        var table = new KvmCounterTable();
        Assert.True(view.AddVm(row.Vm.Info.Key, table));
        Assert.InRange(table.Find("halt_exits")!.PerSecond, 0, table.Find("exits")!.PerSecond);
        Assert.True(table.Find("pages_2m")!.Total > 0);
    }

    [Fact]
    public void Every_counter_has_words()
    {
        using var view = Model.Open()!;
        var table = new KvmCounterTable();
        view.AddHost(table);
        Assert.All(table.Rows, r => Assert.NotNull(KvmCounterGuide.Find(r.Counter.Name)));
    }
}
