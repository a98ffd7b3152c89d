using KvmTop.Collectors;
using KvmTop.Simulator;
using KvmTop.Tests.App;
using KvmTop.Tests.Simulator;
using KvmTop.Vmm;

namespace KvmTop.Tests.Collectors;

/// <summary>The simulated host through the real collectors: the figures agree with each other, and each VM shows its trouble.</summary>
public sealed class SimulatedRunTests : IDisposable
{
    private readonly AllTopics _run;

    public SimulatedRunTests()
    {
        var time = new SteppedTime();
        _run = new AllTopics(new SimulatedHost(SimulatedHostOptions.Demo with { Time = time }), time);
    }

    public void Dispose() => _run.Dispose();

    [Fact]
    public void Pages_that_kvm_maps_become_bytes_by_size_and_a_guest_without_kvm_has_none()
    {
        _run.Tick();
        Figure Of(string vm, string id) => Catalog.VmMetrics.Single(m => m.Id == id).Get(VmRow.All(_run.Snapshot).Single(r => r.Vm.Info.Name == vm));
        // A database on 2 MiB pages, all 64 GiB of it.
        Assert.Equal((0.0, 64.0 * (1L << 30), 0.0), (Of("db-primary", "kvm_4k_bytes").Number, Of("db-primary", "kvm_2m_bytes").Number, Of("db-primary", "kvm_1g_bytes").Number));
        Assert.Equal(Of("web01", "rss_bytes").Number, Of("web01", "kvm_4k_bytes").Number + Of("web01", "kvm_2m_bytes").Number, 0.2 * Of("web01", "rss_bytes").Number);
        Assert.Equal("it runs without KVM (tcg)", Of("riscv-dev", "kvm_4k_bytes").MissingReason);
    }

    [Fact]
    public void Figures_of_each_tick_agree_with_each_other()
    {
        double guest = 0, total = 0;
        foreach (var vm in Minutes(3).SelectMany(Vms).Where(v => v.Interval > TimeSpan.Zero && !double.IsNaN(v.CpuPct)))
        {
            var vcpus = 0.0;
            foreach (var vcpu in vm.Vcpus)
            {
                Assert.InRange(vcpu.CpuPct, 0, 101);
                Assert.InRange(vcpu.ReadyPct, 0, 101);
                Assert.InRange(vcpu.CpuPct + vcpu.ReadyPct, 0, 101);
                vcpus += vcpu.CpuPct;
            }

            Assert.Equal(vcpus, vm.VcpuPct, 6);
            Assert.Equal(vm.VcpuPct + vm.EmulatorPct, vm.CpuPct, 6);

            // Ticks are cut to 10 ms for each kind: they may run ahead of the exact figure by some.
            Assert.InRange(vm.Times.Guest, 0, vm.CpuPct + 5);
            Assert.InRange(vm.Times.Guest + vm.Times.User + vm.Times.System, vm.CpuPct - 100, vm.CpuPct + 100);
            guest += vm.Times.Guest;
            total += vm.CpuPct;
        }

        Assert.InRange(guest, total * 0.5, total);
    }

    [Fact]
    public void Guest_time_of_the_host_covers_that_of_its_vms()
    {
        foreach (var snapshot in Minutes(1).Skip(5))
        {
            var host = snapshot.Get(HostTopic.Instance).Value!;
            var vms = Vms(snapshot).Where(v => !double.IsNaN(v.Times.Guest)).Sum(v => v.Times.Guest);
            Assert.InRange(vms / host.Cpus.Count, host.Total.Guest - 3, host.Total.Guest + 3);
            Assert.InRange(host.Total.Busy + host.Total.IoWait + host.Total.Steal + host.Total.Idle, 99.999, 100.001);
        }
    }

    [Fact]
    public void Starved_vm_waits_and_a_healthy_one_does_not()
    {
        var snapshots = Minutes(1).Skip(1).ToList();
        Assert.InRange(Mean(snapshots, "ci-runner", v => v.Ready.Sum / v.Info.VcpuThreads), 20, 80);
        Assert.InRange(Mean(snapshots, "db-primary", v => v.Ready.Sum / v.Info.VcpuThreads), 0, 2);
    }

    [Fact]
    public void Throttled_vm_is_held_back_and_the_others_are_not()
    {
        var snapshots = Minutes(1).Skip(1).ToList();
        Assert.InRange(Mean(snapshots, "analytics", v => v.ThrottledPct), 10, 60);
        Assert.All(snapshots.SelectMany(Vms).Where(v => v.Info.Name != "analytics" && !double.IsNaN(v.ThrottledPct)), v => Assert.Equal(0, v.ThrottledPct));
    }

    [Fact]
    public void Swapping_vm_swaps()
    {
        var snapshots = Minutes(3);
        Assert.True(snapshots.Max(s => Vm(s, "erp-legacy").Memory!.Value.SwapBytes) > 4ul << 30);
        Assert.All(snapshots, s => Assert.Equal(0ul, Vm(s, "web01").Memory!.Value.SwapBytes));
    }

    [Fact]
    public void States_and_accelerators_are_those_of_the_cast()
    {
        var snapshot = Minutes(1)[^1];
        Assert.Equal(VmState.Paused, Vm(snapshot, "staging").State);
        Assert.Equal(VmState.Running, Vm(snapshot, "db-primary").State);
        Assert.Equal("tcg", Vm(snapshot, "riscv-dev").Info.Accelerator);
        Assert.Equal("kvm", Vms(snapshot).Single(v => v.Info.Vmm == VmmKind.Firecracker).Info.Accelerator);
        Assert.Equal(8, Vm(snapshot, "db-primary").Info.VcpuThreads);
    }

    [Fact]
    public void Batch_vm_comes_and_goes_as_events()
    {
        var events = Minutes(6)[^1].Events.Items.Where(e => e.Text.StartsWith("VM ", StringComparison.Ordinal)).ToList();
        Assert.Contains(events, e => e.Text.StartsWith("VM appeared", StringComparison.Ordinal));
        Assert.Contains(events, e => e.Text.StartsWith("VM gone", StringComparison.Ordinal) && e.Subject == "nightly-build");
        Assert.All(events, e => Assert.True(e.Subject!.Contains("nightly-build", StringComparison.Ordinal) || e.Subject.StartsWith("qemu-system", StringComparison.Ordinal), e.Subject));
    }

    [Fact]
    public async Task Records_are_valid()
    {
        foreach (var snapshot in Enumerable.Range(0, 3))
        {
            _run.Tick(snapshot == 2 ? 60 : 1);
            Assert.Empty(await SchemaValidation.Validate(_run.Json()));
        }
    }

    [Fact]
    public void Vcpus_run_where_they_are_pinned()
    {
        var snapshot = Minutes(1)[^1];
        var database = VmRow.All(snapshot).Single(v => v.Vm.Info.Name == "db-primary");
        Assert.All(VcpuRow.Of(database), v => Assert.Equal(v.Placement!.Value.Affinity, $"{v.Times!.Value.Cpu}"));
    }

    private static IReadOnlyList<VmModel> Vms(Snapshot snapshot) => snapshot.Get(VmsTopic.Instance).Value!.Vms;

    private static VmModel Vm(Snapshot snapshot, string name) => Vms(snapshot).Single(v => v.Info.Name == name);

    private static double Mean(List<Snapshot> snapshots, string name, Func<VmModel, double> figure) => snapshots.Average(s => figure(Vm(s, name)));

    private List<Snapshot> Minutes(int minutes)
    {
        var snapshots = new List<Snapshot>();
        for (var i = 0; i < minutes * 60; i++)
        {
            _run.Tick();
            Assert.All(_run.Snapshot.Sources, s => Assert.Equal((ReadingStatus.Ok, null), (s.Status, s.Reason)));
            snapshots.Add(_run.Snapshot);
        }

        return snapshots;
    }
}
