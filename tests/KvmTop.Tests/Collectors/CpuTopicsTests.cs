using KvmTop.Collectors;

namespace KvmTop.Tests.Collectors;

/// <summary>Clocks and idle states, interrupts by CPU, and what CPUs are kept for.</summary>
public sealed class CpuTopicsTests
{
    private const string Cpu = "/sys/devices/system/cpu/";

    [Fact]
    public void Power_shares_are_of_the_interval_by_state()
    {
        var host = FakeHost.Captured();
        using var run = new AllTopics(host);
        run.Tick();
        Write(host, 0, 2, "time", 3_000_000 + 400_000);
        Write(host, 0, 2, "usage", 5_000 + 100);
        run.Tick(2);
        var idle = Power(run).Idle[0];
        Assert.Equal((0, 20, 50), (idle.ResidencyPct[0], idle.ResidencyPct[2], idle.EntriesPerSecond[2]));
        Assert.False(idle.Unmoved);
    }

    [Fact]
    public void Power_sleep_longer_than_the_interval_is_all_of_it()
    {
        var host = FakeHost.Captured();
        using var run = new AllTopics(host);
        run.Tick();
        Write(host, 0, 1, "time", 2_000_000 + 1_000_000);
        Write(host, 0, 2, "time", 3_000_000 + 9_000_000);
        run.Tick();
        Assert.Equal([0, 10, 90], Power(run).Idle[0].ResidencyPct.Select(p => Math.Round(p, 6)));
    }

    [Fact]
    public void Power_cpu_that_left_no_state_says_so_and_the_first_reading_does_not()
    {
        using var run = new AllTopics(FakeHost.Captured());
        run.Tick();
        Assert.False(Power(run).Idle[0].Unmoved);
        Assert.Equal(double.NaN, Power(run).Idle[0].ResidencyPct[0]);
        run.Tick();
        Assert.True(Power(run).Idle[0].Unmoved);
    }

    [Fact]
    public void Power_counter_that_fell_is_unknown()
    {
        var host = FakeHost.Captured();
        using var run = new AllTopics(host);
        run.Tick();
        Write(host, 0, 2, "time", 5);
        run.Tick();
        Assert.Equal([0, 0, double.NaN], Power(run).Idle[0].ResidencyPct);
    }

    [Fact]
    public void Power_forbidden_states_by_cpu()
    {
        using var run = new AllTopics(FakeHost.Captured());
        run.Tick();
        Assert.Equal(("", "2-3"), (Power(run).DisabledOn(1).ToString(), Power(run).DisabledOn(2).ToString()));
    }

    [Fact]
    public void Power_cpus_of_two_kinds_share_the_columns_of_their_names()
    {
        var host = FakeHost.Captured();
        host.Remove(Cpu + "cpu1/cpuidle");
        host.Write(Cpu + "cpu1/cpuidle/state0/name", "C6\n");
        host.Write(Cpu + "cpu1/cpuidle/state0/time", "77\n");
        host.Write(Cpu + "cpu1/cpuidle/state0/usage", "7\n");
        using var run = new AllTopics(host);
        run.Tick();
        host.Write(Cpu + "cpu1/cpuidle/state0/time", "500077\n");
        run.Tick();
        Assert.Equal(["POLL", "C1", "C6"], Power(run).States.Select(s => s.Name));
        Assert.Equal([double.NaN, double.NaN, 50], Power(run).Idle[1].ResidencyPct);
    }

    [Fact]
    public void Power_host_without_idle_states_says_why_and_keeps_its_clocks()
    {
        var host = FakeHost.Captured();
        foreach (var cpu in Enumerable.Range(0, 4))
            host.Remove($"{Cpu}cpu{cpu}/cpuidle");
        host.Write(Cpu + "cpuidle/current_driver", "none\n");
        host.Write(Cpu + "cpu0/cpufreq/scaling_max_freq", "2000000\n");
        using var run = new AllTopics(host);
        run.Tick();
        Assert.Contains("no cpuidle driver", Power(run).IdleReason);
        Assert.Equal(2000000, Power(run).Limits[0].MaxKHz);
    }

    [Fact]
    public void Interrupts_by_cpu_are_rates_and_machine_wide_lines_are_left_out()
    {
        var host = FakeHost.Captured();
        using var run = new AllTopics(host);
        run.Tick();
        host.Write("/proc/interrupts", "  CPU0 CPU1 CPU2 CPU3\n 24: 100 200 300 440 PCI nvme\n 99: 0 0 0 8 PCI new\n 100: 0 0 0 0 PCI still\nERR: 5\n");
        run.Tick(2);
        var hard = run.Snapshot.Get(CpuInterruptsTopic.Instance).Value!.Hard;
        Assert.Equal(["24", "99"], hard.Select(h => h.Label));
        Assert.Equal([0, 0, 0, 20], hard[0].PerCpu);
        Assert.Equal((20, 4), (hard[0].PerSecond, hard[1].PerSecond));
    }

    [Fact]
    public void Interrupts_cpu_that_went_makes_one_reading_unknown()
    {
        var host = FakeHost.Captured();
        using var run = new AllTopics(host);
        run.Tick();
        host.Write("/proc/interrupts", "  CPU0 CPU2\n 24: 200 400 PCI nvme\n");
        run.Tick();
        Assert.Equal([double.NaN, double.NaN], run.Snapshot.Get(CpuInterruptsTopic.Instance).Value!.Hard[0].PerCpu);
        run.Tick();
        Assert.Equal([0, 0], run.Snapshot.Get(CpuInterruptsTopic.Instance).Value!.Hard[0].PerCpu);
    }

    [Fact]
    public void Interrupts_softirqs_of_possible_cpus_are_those_of_the_cpus_online()
    {
        var host = FakeHost.Captured();
        host.Write("/proc/interrupts", "  CPU0 CPU2\n 24: 200 400 PCI nvme\n");
        using var run = new AllTopics(host);
        run.Tick();
        host.Write("/proc/softirqs", "  CPU0 CPU1 CPU2 CPU3\n NET_RX: 15 999 60 999\n");
        run.Tick();
        Assert.Equal([5, 30], run.Snapshot.Get(CpuInterruptsTopic.Instance).Value!.Soft.Single(s => s.Label == "NET_RX").PerCpu);
    }

    [Fact]
    public void Interrupts_that_may_not_be_read_are_denied()
    {
        var host = FakeHost.Captured();
        host.Fail("/proc/interrupts");
        using var run = new AllTopics(host);
        run.Tick();
        Assert.Equal(ReadingStatus.Denied, run.Snapshot.Get(CpuInterruptsTopic.Instance).Status);
    }

    [Fact]
    public void Layout_has_the_distances_of_each_node()
    {
        using var run = new AllTopics(FakeHost.Captured());
        run.Tick();
        Assert.Equal(["0: 10 21", "1: 21 10"], Layout(run).Nodes.Select(n => $"{n.Node}: {string.Join(' ', n.Distances)}"));
    }

    [Fact]
    public void Layout_isolation_that_changes_is_an_event()
    {
        var host = FakeHost.Captured();
        using var run = new AllTopics(host);
        run.Tick();
        host.Write("/sys/fs/cgroup/cpuset.cpus.isolated", "2\n");
        run.Tick(6);
        Assert.Contains(run.Snapshot.Events.Items, e => e.Text == "isolated CPUs 3 -> 2-3");
    }

    private static CpuPowerModel Power(AllTopics run) => run.Snapshot.Get(CpuPowerTopic.Instance).Value!;

    private static CpuLayoutModel Layout(AllTopics run) => run.Snapshot.Get(CpuLayoutTopic.Instance).Value!;

    private static void Write(FakeHost host, int cpu, int state, string file, long value) => host.Write(FormattableString.Invariant($"{Cpu}cpu{cpu}/cpuidle/state{state}/{file}"), FormattableString.Invariant($"{value}\n"));
}
