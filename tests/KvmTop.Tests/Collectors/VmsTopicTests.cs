using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Collectors;

/// <summary>Models from two samples, without a file.</summary>
public sealed class VmsTopicTests
{
    private static readonly VmThread s_vcpu0 = new(101, ThreadRole.Vcpu, 0, "CPU 0/KVM");
    private static readonly VmThread s_vcpu1 = new(102, ThreadRole.Vcpu, 1, "CPU 1/KVM");
    private static readonly VmThread s_main = new(100, ThreadRole.Main, -1, "qemu");
    private static readonly VmThread s_io = new(103, ThreadRole.IoThread, -1, "IO");

    [Fact]
    public void Derive_two_samples_gives_rates_over_their_interval()
    {
        var vm = Derive(
            Sample(10, (s_vcpu0, Run(1, 1, 100)), (s_vcpu1, Run(0, 0, 0)), (s_main, Run(5, 0, 0))),
            Sample(12, (s_vcpu0, Run(2.5, 1.5, 300)), (s_vcpu1, Run(0.5, 0.1, 10)), (s_main, Run(5.2, 1, 0))));
        Assert.Equal(TimeSpan.FromSeconds(2), vm.Interval);
        Assert.Equal((75, 25, 100), (vm.Threads[0].CpuPct, vm.Threads[0].ReadyPct, vm.Threads[0].SlicesPerSecond));
        Assert.Equal(100, vm.VcpuPct, 6);
        Assert.Equal(10, vm.EmulatorPct, 6);
        Assert.Equal(110, vm.CpuPct, 6);
        Assert.Equal(30, vm.Ready.Sum, 6);
        Assert.Equal((25, 0), (vm.Ready.Worst, vm.Ready.WorstVcpu));
    }

    [Fact]
    public void Derive_first_sample_knows_no_rate()
    {
        var vm = VmsTopic.Instance.Derive(null, Set(Sample(10, (s_vcpu0, Run(1, 1, 1)), (s_main, Run(1, 1, 1))))).Vms[0];
        Assert.All(
            [vm.CpuPct, vm.VcpuPct, vm.EmulatorPct, vm.Ready.Sum, vm.Ready.Worst, vm.Times.Guest, vm.Times.User, vm.Times.System, vm.ReadBytesPerSecond, vm.WriteBytesPerSecond, vm.ThrottledPct],
            figure => Assert.Equal(double.NaN, figure));
    }

    [Fact]
    public void Derive_counter_that_fell_is_unknown()
    {
        var vm = Derive(Sample(10, (s_vcpu0, Run(5, 5, 5)), (s_main, Run(0, 0, 0))), Sample(11, (s_vcpu0, Run(1, 6, 6)), (s_main, Run(0.1, 0, 0))));
        Assert.Equal(double.NaN, vm.Threads[0].CpuPct);
        Assert.Equal(100, vm.Threads[0].ReadyPct, 6);
        Assert.Equal(double.NaN, vm.CpuPct);
        Assert.Equal(10, vm.EmulatorPct, 6);
    }

    [Fact]
    public void Derive_clock_that_stood_still_is_unknown()
    {
        var vm = Derive(Sample(10, (s_vcpu0, Run(1, 1, 1))), Sample(10, (s_vcpu0, Run(2, 2, 2))));
        Assert.Equal(double.NaN, vm.VcpuPct);
    }

    [Fact]
    public void Derive_pid_of_another_process_has_no_rate()
    {
        var vm = Derive(Sample(10, (s_vcpu0, Run(1, 1, 1))), Sample(11, (s_vcpu0, Run(2, 2, 2))) with { Info = Info(2000, s_vcpu0) });
        Assert.Equal((TimeSpan.Zero, double.NaN), (vm.Interval, vm.VcpuPct));
    }

    [Fact]
    public void Derive_new_emulator_thread_is_left_out_of_its_first_interval()
    {
        var vm = Derive(
            Sample(10, (s_vcpu0, Run(1, 0, 0)), (s_main, Run(1, 0, 0))),
            Sample(11, (s_vcpu0, Run(1.5, 0, 0)), (s_main, Run(1.1, 0, 0)), (s_io, Run(70, 0, 0))));
        Assert.Equal(double.NaN, vm.Threads[2].CpuPct);
        Assert.Equal(10, vm.EmulatorPct, 6);
    }

    [Fact]
    public void Derive_hot_plugged_vcpu_leaves_the_sum_unknown_and_the_others_known()
    {
        var vm = Derive(
            Sample(10, (s_vcpu0, Run(1, 0, 0)), (s_main, Run(1, 0, 0))),
            Sample(11, (s_vcpu0, Run(2, 0.5, 0)), (s_vcpu1, Run(9, 9, 9)), (s_main, Run(1.1, 0, 0))));
        Assert.Equal(100, vm.Vcpus[0].CpuPct, 6);
        Assert.Equal(double.NaN, vm.Vcpus[1].CpuPct);
        Assert.Equal(double.NaN, vm.CpuPct);
        Assert.Equal((50, 0), (vm.Ready.Worst, vm.Ready.WorstVcpu));
        var figure = Metric("cpu_pct", vm);
        Assert.True(figure.IsMissing);
        Assert.Contains("began anew", figure.MissingReason);
    }

    [Fact]
    public void Derive_vcpus_that_cannot_be_told_apart_count_as_the_emulator()
    {
        var vm = Derive(Sample(10, (s_main, Run(1, 0, 0)), (s_io, Run(0, 0, 0))), Sample(11, (s_main, Run(1.5, 0, 0)), (s_io, Run(1, 0, 0))));
        Assert.Equal(150, Metric("cpu_pct", vm).Number, 6);
        Assert.True(Metric("vcpu_pct", vm).IsMissing);
        Assert.True(Metric("ready_pct", vm).IsMissing);
    }

    [Fact]
    public void Derive_reordered_threads_are_found_by_tid()
    {
        var vm = Derive(
            Sample(10, (s_vcpu0, Run(1, 0, 0)), (s_main, Run(4, 0, 0))),
            Sample(11, (s_vcpu1, Run(8, 0, 0)), (s_main, Run(4.5, 0, 0))) with { Threads = [new(s_main, Run(4.5, 0, 0)), new(s_vcpu0, Run(1.25, 0, 0))] });
        Assert.Equal([50, 25], vm.Threads.Select(t => Math.Round(t.CpuPct, 6)));
    }

    [Fact]
    public void Derive_ticks_split_into_guest_user_and_system()
    {
        var tick = (ulong)SystemInfo.ClockTicksPerSecond / 100;
        var vm = Derive(
            Sample(10, (s_vcpu0, Run(0, 0, 0))),
            Sample(11, (s_vcpu0, Run(0, 0, 0))) with { Stat = new ProcPidStat(100, 'S', 1, 0, 70 * tick, 20 * tick, 2, 1000, 0, 0, 0, 60 * tick) });
        Assert.Equal((60, 10, 20), (Math.Round(vm.Times.Guest, 6), Math.Round(vm.Times.User, 6), Math.Round(vm.Times.System, 6)));
    }

    [Fact]
    public void Derive_throttling_is_a_share_of_the_interval()
    {
        var vm = Derive(Throttled(10, 1_000_000_000, "/a"), Throttled(12, 2_000_000_000, "/a"));
        Assert.Equal(50, vm.ThrottledPct, 6);
    }

    [Fact]
    public void Derive_another_cgroup_leaves_throttling_unknown() =>
        Assert.Equal(double.NaN, Derive(Throttled(10, 1_000_000_000, "/a"), Throttled(12, 2_000_000_000, "/b")).ThrottledPct);

    [Fact]
    public void Derive_vm_between_others_finds_its_own_sample()
    {
        VmSample At(int pid, double at, double run) => Sample(at, (s_vcpu0, Run(run, 0, 0))) with { Info = Info(1000, s_vcpu0) with { Key = new VmKey(pid, 1000) } };
        var model = VmsTopic.Instance.Derive(
            new VmsSample([At(1, 10, 1), At(2, 10, 1), At(4, 10, 1)], 0),
            new VmsSample([At(2, 11, 1.5), At(3, 11, 9), At(4, 11, 1.25)], 0));
        Assert.Equal([50, double.NaN, 25], model.Vms.Select(v => Math.Round(v.VcpuPct, 6)));
    }

    [Fact]
    public void Compare_pid_reused_is_gone_and_appeared()
    {
        var events = Compare(Model(Info(1000, s_vcpu0)), Model(Info(2000, s_vcpu0)));
        Assert.Equal(2, events.Count);
        Assert.Contains(events, e => e.Text.StartsWith("VM gone: pid 100", StringComparison.Ordinal));
        Assert.Contains(events, e => e.Text.StartsWith("VM appeared: pid 100", StringComparison.Ordinal));
    }

    [Fact]
    public void Compare_nothing_changed_is_no_event() => Assert.Empty(Compare(Model(Info(1000, s_vcpu0)), Model(Info(1000, s_vcpu0))));

    [Fact]
    public void Compare_hot_plugged_vcpu_is_an_event() =>
        Assert.Equal("vCPUs 1 -> 2", Assert.Single(Compare(Model(Info(1000, s_vcpu0)), Model(Info(1000, s_vcpu0, s_vcpu1)))).Text);

    [Theory]
    [InlineData(VmState.Running, VmState.Paused, Severity.Info)]
    [InlineData(VmState.Running, VmState.Stopped, Severity.Warning)]
    [InlineData(VmState.Paused, VmState.Zombie, Severity.Warning)]
    public void Compare_state_change_is_an_event(VmState before, VmState now, Severity severity)
    {
        var e = Assert.Single(Compare(Model(Info(1000, s_vcpu0), before), Model(Info(1000, s_vcpu0), now)));
        Assert.Equal((severity, $"state {before} -> {now}".ToLowerInvariant()), (e.Severity, e.Text));
    }

    [Theory]
    [InlineData(VmState.Unknown, VmState.Running)]
    [InlineData(VmState.Running, VmState.Unknown)]
    [InlineData(VmState.Starting, VmState.Running)]
    public void Compare_state_that_only_became_known_is_no_event(VmState before, VmState now) =>
        Assert.Empty(Compare(Model(Info(1000, s_vcpu0), before), Model(Info(1000, s_vcpu0), now)));

    private static Figure Metric(string id, VmModel vm) => VmsMetrics.PerVm.Single(m => m.Id == id).Get(new VmRow(Snapshot.Empty, vm));

    private static List<HostEvent> Compare(VmsModel before, VmsModel now) => [.. VmsTopic.Instance.Compare(before, now, default)];

    private static VmsModel Model(VmInfo info, VmState state = VmState.Running) =>
        VmsTopic.Instance.Derive(null, Set(Sample(1, [.. info.Threads.Select(t => (t, Run(0, 0, 0)))]) with { Info = info, State = state }));

    private static VmModel Derive(VmSample before, VmSample now) => VmsTopic.Instance.Derive(Set(before), Set(now)).Vms[0];

    private static VmsSample Set(VmSample sample) => new([sample], 0);

    private static SchedStat Run(double run, double delay, ulong slices) => new((ulong)(run * 1e9), (ulong)(delay * 1e9), slices);

    private static VmSample Throttled(double at, ulong nanoseconds, string cgroup)
    {
        var sample = Sample(at, (s_vcpu0, Run(0, 0, 0)));
        return sample with { Info = sample.Info with { Cgroup = cgroup }, Cgroup = new CgroupCpuStat(1, 1, nanoseconds, null) };
    }

    private static VmSample Sample(double at, params (VmThread Thread, SchedStat Ran)[] threads) => new()
    {
        Info = Info(1000, [.. threads.Select(t => t.Thread)]),
        ReadAt = TimeSpan.FromSeconds(at),
        State = VmState.Running,
        Stat = new ProcPidStat(100, 'S', 1, 0, 0, 0, threads.Length, 1000, 0, 0, 0, 0),
        Threads = [.. threads.Select(t => new ThreadSample(t.Thread, t.Ran))],
    };

    private static VmInfo Info(ulong start, params VmThread[] threads) => new()
    {
        Key = new VmKey(100, start),
        Name = "vm",
        Vmm = VmmKind.Qemu,
        Accelerator = "kvm",
        Confirmed = true,
        User = "root",
        Description = new VmDescription { Vmm = VmmKind.Qemu },
        Arguments = [],
        Threads = threads,
        VcpuThreads = threads.Count(t => t.IsVcpu),
        VcpuSource = "thread names",
    };
}
