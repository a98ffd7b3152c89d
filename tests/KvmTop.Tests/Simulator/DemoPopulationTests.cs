using KvmTop.Linux;
using KvmTop.Simulator;

namespace KvmTop.Tests.Simulator;

/// <summary>Each VM of the demo has the trouble that it is there to show.</summary>
public sealed class DemoPopulationTests
{
    private readonly SteppedTime _time = new();
    private readonly SimulatedHost _host;

    public DemoPopulationTests() => _host = new(SimulatedHostOptions.Demo with { Time = _time });

    [Fact]
    public void Starved_vm_waits_more_than_it_runs()
    {
        var (run, delay) = Minute(_host.Vm("ci-runner"), "CPU ");
        Assert.True(delay > run, $"{run} {delay}");
        Assert.InRange(delay / 8, 0.25, 0.75);
    }

    [Fact]
    public void Database_runs_hard_and_hardly_waits()
    {
        var (run, delay) = Minute(_host.Vm("db-primary"), "CPU ");
        Assert.InRange(run, 3, 7.6);
        Assert.InRange(delay / 8, 0, 0.02);
    }

    [Fact]
    public void Throttled_vm_stays_below_its_quota_and_is_held_back()
    {
        const string folder = "/sys/fs/cgroup/machine.slice/analytics.scope/";
        Assert.Equal("150000 100000\n", _host.Text(folder + "cpu.max"));
        var before = _host.Table(folder + "cpu.stat");
        _time.Advance(TimeSpan.FromMinutes(1));
        var now = _host.Table(folder + "cpu.stat");
        long Delta(string name) => now.Kb(name) - before.Kb(name);
        Assert.InRange(Delta("usage_usec"), 60_000_000, 90_000_000);
        Assert.InRange(Delta("throttled_usec"), 6_000_000, 36_000_000);
        Assert.Equal(600, Delta("nr_periods"));
        Assert.InRange(Delta("nr_throttled"), 60, 600);
        Assert.InRange(Delta("usage_usec") - Delta("user_usec") - Delta("system_usec"), -1, 1);
    }

    [Fact]
    public void Swapping_vm_swaps_out_and_in()
    {
        var pid = _host.Vm("erp-legacy");
        var swapped = new List<long>();
        var (before, after) = (_host.Table("/proc/vmstat"), default(Dictionary<string, string>));
        for (var i = 0; i < 150; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            swapped.Add(_host.Table($"/proc/{pid}/status").Kb("VmSwap"));
        }

        after = _host.Table("/proc/vmstat");
        Assert.True(swapped.Max() > 4 << 20 && swapped.Min() < 1 << 20);
        Assert.InRange((after.Kb("pswpout") - before.Kb("pswpout")) * 4, 5L * 1048576 - 16, 5L * 1048576 + 16);
        Assert.InRange((after.Kb("pswpin") - before.Kb("pswpin")) * 4, 5L * 1048576 - 16, 5L * 1048576 + 16);
    }

    [Fact]
    public void Log_vm_writes_hundreds_of_megabytes_a_second()
    {
        var path = $"/proc/{_host.Vm("log-ingest")}/io";
        var before = _host.Table(path).Kb("write_bytes");
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.InRange((_host.Table(path).Kb("write_bytes") - before) / 60e6, 150, 460);
    }

    [Fact]
    public void Desktop_vm_costs_more_outside_its_vcpus_than_half_a_cpu()
    {
        var pid = _host.Vm("desktop");
        var (all, _) = Minute(pid, "");
        var (vcpus, _) = Minute(pid, "CPU ");
        Assert.True(all - vcpus > 0.5, $"{all} {vcpus}");
    }

    [Fact]
    public void Paused_vm_stands_still_without_losing_its_past()
    {
        var (run, delay) = Minute(_host.Vm("staging"), "CPU ");
        Assert.Equal((0, 0), (run, delay));
        Assert.True(long.Parse(_host.Stat($"/proc/{_host.Vm("staging")}")[43]) > 0);
    }

    [Fact]
    public void Monitors_are_of_all_kinds_and_users()
    {
        var vms = _host.Vms();
        Assert.InRange(vms.Count, 15, 16);
        Assert.Contains(vms, p => _host.Link($"/proc/{p}/exe") == "/usr/bin/firecracker");
        Assert.Contains(vms, p => _host.Link($"/proc/{p}/exe") == "/usr/bin/cloud-hypervisor");
        Assert.Equal(["0", "1000", "64055"], vms.Select(p => _host.Table($"/proc/{p}/status")["Uid"].Split('\t')[0]).Distinct().Order());
    }

    [Fact]
    public void Emulated_vm_has_no_kvm_descriptor_and_no_guest_time()
    {
        var pid = _host.Vm("riscv-dev");
        Assert.DoesNotContain(_host.Numbers($"/proc/{pid}/fd"), fd => _host.Link($"/proc/{pid}/fd/{fd}").Contains("kvm"));
        Assert.Equal("0", _host.Stat($"/proc/{pid}")[43]);
        Assert.Contains(_host.Numbers($"/proc/{pid}/task"), t => _host.Text($"/proc/{pid}/task/{t}/comm") == "CPU 1/TCG\n");
    }

    [Fact]
    public void Vhost_kernel_thread_carries_the_pid_of_a_vm()
    {
        var thread = _host.Pids().Single(p => _host.Text($"/proc/{p}/comm").StartsWith("vhost-"));
        var owner = int.Parse(_host.Text($"/proc/{thread}/comm").TrimEnd()[6..]);
        Assert.Contains(owner, _host.Vms());
        Assert.Equal("", _host.Text($"/proc/{thread}/cmdline"));
        Assert.Equal(Errno.ENOENT, _host.ReadLink($"/proc/{thread}/exe", new byte[9], out _));
    }

    // CPU time and waiting time per time of the threads whose names begin so, over a minute.
    private (double Run, double Delay) Minute(int pid, string names)
    {
        var folders = _host.Numbers($"/proc/{pid}/task").Select(t => $"/proc/{pid}/task/{t}").Where(f => _host.Text(f + "/comm").StartsWith(names)).ToArray();
        var before = folders.Select(_host.SchedStat).ToArray();
        _time.Advance(TimeSpan.FromMinutes(1));
        var now = folders.Select(_host.SchedStat).ToArray();
        return (now.Zip(before).Sum(p => p.First[0] - p.Second[0]) / 60e9, now.Zip(before).Sum(p => p.First[1] - p.Second[1]) / 60e9);
    }
}
