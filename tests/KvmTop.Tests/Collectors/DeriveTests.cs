using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Tests.Collectors;

/// <summary>The pure halves of the other topics.</summary>
public sealed class DeriveTests
{
    private static readonly VmKey s_key = new(100, 1000);

    [Fact]
    public void Host_shares_add_up_and_take_guest_out_of_user()
    {
        var model = HostTopic.Instance.Derive(Host(10, default), Host(11, new CpuTimes(50, 10, 20, 30, 5, 2, 3, 0, 20, 5)));
        Assert.Equal(new CpuShare(25 / 1.2, 35 / 1.2, 20 / 1.2, 5 / 1.2, 5 / 1.2, 0, 30 / 1.2), model.Total, Near);
        Assert.Equal(85 / 1.2, model.Total.Busy, 6);
    }

    [Fact]
    public void Host_first_sample_is_unknown() => Assert.Equal(double.NaN, HostTopic.Instance.Derive(null, Host(10, new CpuTimes(1, 1, 1, 1, 1, 1, 1, 1, 1, 1))).Total.Busy);

    [Fact]
    public void Host_no_tick_passed_is_unknown() => Assert.Equal(double.NaN, HostTopic.Instance.Derive(Host(10, default), Host(10, default)).Total.Busy);

    [Fact]
    public void Host_idle_that_fell_counts_as_none()
    {
        var share = HostTopic.Instance.Derive(Host(10, new CpuTimes(0, 0, 0, 50, 0, 0, 0, 0, 0, 0)), Host(11, new CpuTimes(40, 0, 0, 49, 0, 0, 0, 0, 0, 0))).Total;
        Assert.Equal((100, 0), (share.User, share.Idle));
    }

    [Fact]
    public void Host_cpu_that_came_online_is_unknown_and_the_others_keep_theirs()
    {
        CpuTimesOf Cpu(int n, ulong user) => new(n, new CpuTimes(user, 0, 0, user, 0, 0, 0, 0, 0, 0));
        var model = HostTopic.Instance.Derive(Host(10, default) with { Cpus = [Cpu(0, 10), Cpu(2, 20)] }, Host(11, default) with { Cpus = [Cpu(0, 20), Cpu(1, 5), Cpu(2, 30)] });
        Assert.Equal([50, double.NaN, 50], model.Cpus.Select(c => c.Share.Busy));
    }

    [Fact]
    public void Interrupts_rates_and_a_table_that_shifted()
    {
        InterruptsSample At(double at, params InterruptCount[] hard) => new(TimeSpan.FromSeconds(at), hard, []);
        var before = At(10, new("1", "", 10), new("LOC", "", 100));
        Assert.Equal([5, 50], InterruptsTopic.Instance.Derive(before, At(12, new("1", "", 20), new("LOC", "", 200))).Hard.Select(h => h.PerSecond));
        Assert.Equal([double.NaN], InterruptsTopic.Instance.Derive(before, At(12, new InterruptCount("LOC", "", 200))).Hard.Select(h => h.PerSecond));
        Assert.Equal([double.NaN, 50], InterruptsTopic.Instance.Derive(before, At(12, new("1", "", 9), new("LOC", "", 200))).Hard.Select(h => h.PerSecond));
    }

    [Fact]
    public void Vcpu_times_split_and_place()
    {
        var topology = CpuTopology.Read(FakeHost.Captured());
        var tick = (ulong)SystemInfo.ClockTicksPerSecond / 100;
        VcpuTimesSampleSet At(double at, params VcpuTimesSample[] vcpus) => new(new Dictionary<VmKey, (TimeSpan, VcpuTimesSample[])> { [s_key] = (TimeSpan.FromSeconds(at), vcpus) }, topology);
        VcpuTimesSample Vcpu(int tid, ulong user, ulong guest, int cpu) => new(tid, new ProcPidStat(tid, 'S', 1, 0, user * tick, 10 * user * tick, 1, 1, 0, cpu, 0, guest * tick));
        var model = VcpuTimesTopic.Instance.Derive(At(10, Vcpu(101, 0, 0, 0)), At(11, Vcpu(101, 50, 40, 3), new VcpuTimesSample(102, null), Vcpu(103, 9, 9, 4096)));
        var known = model.Find(s_key, 0, 101)!.Value;
        Assert.Equal((40, 10, 500), (Math.Round(known.GuestPct, 6), Math.Round(known.UserPct, 6), Math.Round(known.SystemPct, 6)));
        Assert.Equal((3, topology.NodeOf(3)), (known.Cpu, (int?)known.Node));
        Assert.Equal((double.NaN, -1, -1), (model.Find(s_key, 1, 102)!.Value.GuestPct, model.Find(s_key, 1, 102)!.Value.Cpu, model.Find(s_key, 1, 102)!.Value.Node));
        Assert.Equal((double.NaN, -1), (model.Find(s_key, 2, 103)!.Value.GuestPct, model.Find(s_key, 2, 103)!.Value.Node));
        Assert.Equal(103, model.Find(s_key, 0, 103)!.Value.Tid);
        Assert.Null(model.Find(s_key, 0, 999));
        Assert.Null(model.Find(new VmKey(100, 2000), 0, 101));
    }

    [Fact]
    public void Vcpu_placement_switches_of_the_same_thread_only()
    {
        VcpuPlacementSampleSet At(double at, params VcpuPlacementSample[] vcpus) => new(new Dictionary<VmKey, (TimeSpan, VcpuPlacementSample[])> { [s_key] = (TimeSpan.FromSeconds(at), vcpus) });
        var model = VcpuPlacementTopic.Instance.Derive(At(10, new(101, "0", 100, 10), new(102, "0", 5, 5)), At(12, new(101, "0-3", 300, 9), new(202, "0", 50, 50)));
        Assert.Equal(("0-3", 100, double.NaN), (model.Find(s_key, 0, 101)!.Value.Affinity, model.Find(s_key, 0, 101)!.Value.VoluntaryPerSecond, model.Find(s_key, 0, 101)!.Value.InvoluntaryPerSecond));
        Assert.Equal(double.NaN, model.Find(s_key, 1, 202)!.Value.VoluntaryPerSecond);
        Assert.Null(model.Find(s_key, 1, 102));
    }

    [Fact]
    public void Self_cost_is_a_rate()
    {
        Assert.Equal(25, SelfTopic.Instance.Derive(new(TimeSpan.FromSeconds(1), 0, 7), new(TimeSpan.FromSeconds(3), 500_000_000, 8)).CpuPct, 6);
        Assert.Equal(double.NaN, SelfTopic.Instance.Derive(null, new(TimeSpan.FromSeconds(3), 500_000_000, 8)).CpuPct);
    }

    [Fact]
    public void Machine_that_lost_its_kvm_module_is_an_event()
    {
        var host = FakeHost.Captured();
        using var services = new CollectorServices();
        using var reader = MachineTopic.Instance.CreateReader(new CollectorContext(host, services));
        Assert.Empty(reader.Read().Events);
        Assert.Empty(reader.Read().Events);
        host.Remove("/sys/module/kvm");
        host.Remove("/sys/module/kvm_amd");
        Assert.Contains("KVM changed: kvm_amd", Assert.Single(reader.Read().Events).Text);
    }

    private static bool Near(CpuShare a, CpuShare b) =>
        Parts(a).Zip(Parts(b)).All(p => Math.Abs(p.First - p.Second) < 1e-9);

    private static double[] Parts(CpuShare s) => [s.Guest, s.User, s.System, s.Irq, s.IoWait, s.Steal, s.Idle];

    private static HostSample Host(double at, CpuTimes total) => new()
    {
        ReadAt = TimeSpan.FromSeconds(at), Total = total, Cpus = [], Pressure = [null, null, null, null], Hugepages = [],
    };
}
