using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

public sealed class CpuIdleTests
{
    private readonly ReadBuffer _buffer = new();

    [Fact]
    public void Read_captured_cpu_has_states_counts_and_what_is_forbidden()
    {
        using var idle = CpuIdle.Open(TestHost.Captured("two-nodes"), 2, _buffer)!;
        Assert.Equal([new("POLL", 0), new("C1", 2), new("C6", 133)], idle.States);
        var counts = new CpuIdleCount[3];
        idle.Read(_buffer, counts, withDisabled: true);
        Assert.Equal([new(1000002, 15002, false), new(2000002, 10002, false), new(3000002, 5002, true)], counts);
    }

    [Fact]
    public void Read_without_looking_again_keeps_what_is_forbidden()
    {
        using var host = new TestHost().Write(State(0, "name"), "C1\n").Write(State(0, "time"), "5\n").Write(State(0, "usage"), "1\n").Write(State(0, "disable"), "1\n");
        using var idle = CpuIdle.Open(host.Root, 0, _buffer)!;
        var counts = new CpuIdleCount[1];
        idle.Read(_buffer, counts, withDisabled: false);
        Assert.Null(counts[0].Disabled);
        idle.Read(_buffer, counts, withDisabled: true);
        host.Write(State(0, "disable"), "0\n");
        idle.Read(_buffer, counts, withDisabled: false);
        Assert.True(counts[0].Disabled);
    }

    [Fact]
    public void Open_cpu_without_states_is_null()
    {
        using var host = new TestHost().Write("/sys/devices/system/cpu/online", "0\n");
        Assert.Null(CpuIdle.Open(host.Root, 0, _buffer));
    }

    [Fact]
    public void Open_endless_states_are_bounded()
    {
        using var host = new TestHost();
        for (var i = 0; i < 40; i++)
            host.Write(State(i, "name"), new string('C', 300) + "\x1b[2J");
        using var idle = CpuIdle.Open(host.Root, 0, _buffer)!;
        Assert.Equal(16, idle.States.Count);
        Assert.All(idle.States, s => Assert.Equal(new string('C', 16), s.Name));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("")]
    [InlineData("99999999999999999999999")]
    [InlineData("\x1b[2J")]
    public void Read_what_is_no_count_is_unknown(string text)
    {
        using var host = new TestHost().Write(State(0, "name"), "C1\n").Write(State(0, "time"), text).Write(State(0, "usage"), text).Write(State(0, "latency"), text);
        using var idle = CpuIdle.Open(host.Root, 0, _buffer)!;
        var counts = new CpuIdleCount[1];
        idle.Read(_buffer, counts, withDisabled: true);
        Assert.Equal((default, new CpuIdleState("C1", null)), (counts[0], idle.States[0]));
    }

    [Fact]
    public void Read_kept_files_allocate_nothing()
    {
        using var idle = CpuIdle.Open(TestHost.Captured("two-nodes"), 0, _buffer)!;
        var counts = new CpuIdleCount[3];
        Fuzz.AllocatesNothing(() => idle.Read(_buffer, counts, withDisabled: true));
    }

    [Fact]
    public void ReadDriver_none_is_nobody()
    {
        using var host = new TestHost().Write("/sys/devices/system/cpu/cpuidle/current_driver", "none\n").Write("/sys/devices/system/cpu/cpuidle/current_governor_ro", "haltpoll\n");
        Assert.Equal((null, "haltpoll"), CpuIdle.ReadDriver(host.Root, _buffer));
        Assert.Equal(("intel_idle", "menu"), CpuIdle.ReadDriver(TestHost.Captured("two-nodes"), _buffer));
    }

    private static string State(int state, string file) => $"/sys/devices/system/cpu/cpu0/cpuidle/state{state}/{file}";
}

public sealed class CpuIsolationTests
{
    private const string Cpu = "/sys/devices/system/cpu/";

    [Fact]
    public void Read_captured_host_tickless_null_pointer_is_none()
    {
        var isolation = CpuIsolation.Read(TestHost.Captured("two-nodes"));
        Assert.Equal(("3", "", "", "0-2", "off"), (Text(isolation.Isolated), Text(isolation.NoTick), Text(isolation.Offline), Text(isolation.Interrupts), isolation.Smt));
        Assert.Null(isolation.Partitioned);
        Assert.Null(isolation.UnboundWork);
    }

    [Fact]
    public void Housekeeping_is_what_neither_boot_nor_cgroup_nor_tick_takes()
    {
        using var host = new TestHost().Write(Cpu + "isolated", "1\n").Write(Cpu + "nohz_full", "2\n").Write("/sys/fs/cgroup/cpuset.cpus.isolated", "3\n");
        var isolation = CpuIsolation.Read(host.Root);
        Assert.True(CpuSet.TryParse("0-7", out var online));
        Assert.Equal(("1,3", "0,4-7"), (isolation.AllIsolated.ToString(), isolation.Housekeeping(online).ToString()));
    }

    [Fact]
    public void Read_command_line_keeps_the_words_that_matter()
    {
        using var host = new TestHost().Write("/proc/cmdline", "quiet isolcpus=managed_irq,2-7 nohz_full=2-7 nosmt rcu_nocbs=" + new string('1', 900) + "\n");
        Assert.Equal(["isolcpus=managed_irq,2-7", "nohz_full=2-7", "nosmt", "rcu_nocbs=" + new string('1', 200)], CpuIsolation.Read(host.Root).Words);
    }

    [Fact]
    public void Read_garbage_is_unknown_not_empty()
    {
        using var host = new TestHost().Write(Cpu + "isolated", "many\n").Write("/proc/irq/default_smp_affinity", "\x1b[2J");
        var isolation = CpuIsolation.Read(host.Root);
        Assert.Null(isolation.Isolated);
        Assert.Null(isolation.Interrupts);
        Assert.Empty(isolation.AllIsolated);
    }

    private static string? Text(CpuSet? set) => set?.ToString();
}

public sealed class CpuClockLimitsTests
{
    [Fact]
    public void Read_limit_below_what_the_cpu_has_is_a_cap()
    {
        using var host = new TestHost().Write(File("scaling_min_freq"), "800000\n").Write(File("scaling_max_freq"), "2000000\n").Write(File("cpuinfo_max_freq"), "3000000\n").Write(File("energy_performance_preference"), "power\n");
        var limits = CpuClockLimits.Read(host.Root, 0, new ReadBuffer());
        Assert.Equal((new CpuClockLimits(800000, 2000000, 3000000, "power"), true), (limits, limits.IsCapped));
    }

    [Theory]
    [InlineData("-5")]
    [InlineData("0")]
    [InlineData("9999999999")]
    [InlineData("<unknown>")]
    public void Read_no_frequency_is_unknown(string text)
    {
        using var host = new TestHost().Write(File("scaling_max_freq"), text);
        Assert.Equal(CpuClockLimits.Unknown, CpuClockLimits.Read(host.Root, 0, new ReadBuffer()));
    }

    private static string File(string name) => "/sys/devices/system/cpu/cpu0/cpufreq/" + name;
}
