using System.Globalization;
using KvmTop.Simulator;
using KvmTop.Simulator.Model;

namespace KvmTop.Tests.Simulator;

/// <summary>Laws that the counters of a real kernel obey, over hours of simulated time.</summary>
public sealed class CounterLawsTests
{
    private const int Guest = 43;
    private const int User = 14;
    private const int System = 15;
    private readonly SteppedTime _time = new();

    private SimulatedHost Demo(ulong seed = 1) => new(SimulatedHostOptions.Demo with { Time = _time, Seed = seed });

    [Fact]
    public void Files_same_options_and_moment_are_identical()
    {
        var otherTime = new SteppedTime();
        var (one, other) = (Demo(7), new SimulatedHost(SimulatedHostOptions.Demo with { Time = otherTime, Seed = 7 }));
        _ = one.Text("/proc/stat");
        _time.Advance(TimeSpan.FromSeconds(1000));
        _ = one.Text("/proc/stat");
        _time.Advance(TimeSpan.FromSeconds(777));
        otherTime.Advance(TimeSpan.FromSeconds(1777));

        Assert.Equal(Everything(other), Everything(one));
    }

    [Fact]
    public void Files_other_seed_differ() => Assert.NotEqual(Demo(1).Text("/proc/stat"), Demo(2).Text("/proc/stat"));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(20, 8)]
    [InlineData(300, 4)]
    public void Schedstat_any_interval_run_and_delay_fit_in(int vms, int vcpus)
    {
        var host = new SimulatedHost((vms == 0 ? SimulatedHostOptions.Demo : SimulatedHostOptions.Scale(vms, vcpus)) with { Time = _time });
        var folders = host.Pids().Where(p => p < 1 << 20).SelectMany(p => host.Numbers($"/proc/{p}/task").Select(t => $"/proc/{p}/task/{t}")).ToArray();
        var before = folders.Select(host.SchedStat).ToArray();
        var moved = false;
        foreach (var step in Steps())
        {
            _time.Advance(step);
            var ns = step.Ticks * 100;
            for (var i = 0; i < folders.Length; i++)
            {
                var now = host.SchedStat(folders[i]);
                Assert.True(now[0] >= before[i][0] && now[1] >= before[i][1] && now[2] >= before[i][2], folders[i]);
                Assert.True(now[0] - before[i][0] + now[1] - before[i][1] <= ns, folders[i]);
                moved |= now[0] > before[i][0];
                before[i] = now;
            }
        }

        Assert.True(moved);
    }

    [Fact]
    public void Stat_process_is_sum_of_its_threads()
    {
        var host = Demo();
        foreach (var _ in Steps())
        {
            foreach (var pid in host.Vms())
            {
                var whole = host.Stat($"/proc/{pid}");
                var threads = host.Numbers($"/proc/{pid}/task").Select(t => host.Stat($"/proc/{pid}/task/{t}")).ToArray();
                foreach (var field in new[] { User, System, Guest })
                {
                    // Each thread's ticks are rounded down, and so is their sum.
                    var sum = threads.Sum(t => Number(t, field));
                    Assert.InRange(Number(whole, field), sum, sum + threads.Length);
                }

                Assert.Equal(threads.Length, Number(whole, 20));
            }

            _time.Advance(TimeSpan.FromSeconds(61));
        }
    }

    [Fact]
    public void Stat_guest_time_is_part_of_user_time_and_of_schedstat()
    {
        var host = Demo();
        foreach (var pid in host.Vms())
        {
            foreach (var tid in host.Numbers($"/proc/{pid}/task"))
            {
                var folder = $"/proc/{pid}/task/{tid}";
                var stat = host.Stat(folder);
                Assert.True(Number(stat, Guest) <= Number(stat, User));
                Assert.InRange(host.SchedStat(folder)[0] / 10_000_000 - Number(stat, User) - Number(stat, System), 0, 1);
            }
        }
    }

    [Fact]
    public void Stat_cpu_is_within_affinity_and_moves()
    {
        var host = Demo();
        var seen = new Dictionary<int, HashSet<int>>();
        for (var i = 0; i < 60; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1.7));
            foreach (var pid in host.Vms())
            {
                foreach (var tid in host.Numbers($"/proc/{pid}/task"))
                {
                    var cpu = (int)Number(host.Stat($"/proc/{pid}/task/{tid}"), 39);
                    Assert.Contains(cpu, Reading.CpuList(host.Table($"/proc/{pid}/task/{tid}/status")["Cpus_allowed_list"]));
                    (seen.TryGetValue(tid, out var cpus) ? cpus : seen[tid] = []).Add(cpu);
                }
            }
        }

        Assert.Contains(seen.Values, cpus => cpus.Count == 1);
        Assert.Contains(seen.Values, cpus => cpus.Count == 3);
    }

    [Fact]
    public void Host_stat_each_cpu_accounts_for_all_time_and_never_goes_back()
    {
        var host = Demo();
        var names = Enumerable.Range(0, 32).Select(c => "cpu" + c).ToArray();
        var before = names.Select(host.CpuLine).ToArray();
        foreach (var step in Steps())
        {
            _time.Advance(step);
            for (var i = 0; i < names.Length; i++)
            {
                var now = host.CpuLine(names[i]);
                Assert.All(now.Zip(before[i]), p => Assert.True(p.First >= p.Second, names[i]));
                // The eight kinds of time, guest being part of user; each is rounded to ticks.
                Assert.InRange(now[..8].Sum() - before[i][..8].Sum(), step.TotalMilliseconds / 10 - 9, step.TotalMilliseconds / 10 + 9);
                before[i] = now;
            }
        }
    }

    [Fact]
    public void Host_stat_guest_time_is_that_of_the_vms()
    {
        var host = Demo();
        var pids = host.Vms().Where(p => p < 1 << 20).ToArray();
        long OfVms() => pids.Sum(p => Number(host.Stat($"/proc/{p}"), Guest));
        var (hostBefore, vmsBefore) = (host.CpuLine("cpu")[8], OfVms());
        _time.Advance(TimeSpan.FromHours(1));
        var (onHost, inVms) = (host.CpuLine("cpu")[8] - hostBefore, OfVms() - vmsBefore);

        // What is left over is the VM that came and went meanwhile: two vCPUs.
        Assert.InRange(onHost, inVms + 1, inVms + 2 * 3600 * 100);
        Assert.True(inVms > 3600 * 100);
    }

    [Fact]
    public void Host_cpus_are_never_asked_for_more_than_they_have()
    {
        foreach (var options in new[] { SimulatedHostOptions.Demo, SimulatedHostOptions.Scale(100, 8), SimulatedHostOptions.Scale(1, 1), SimulatedHostOptions.Scale(7, 3) with { PCpus = 2 } })
        {
            var host = new SimulatedHost(options with { Time = _time });
            var load = new double[options.PCpus];
            foreach (var thread in host.Model.Processes.SelectMany(p => p.Threads))
            {
                Assert.True(thread.Run.Max + thread.Delay.Max <= 1, thread.Name);
                for (var i = 0; i < 3; i++)
                {
                    load[thread.Homes[i]] += thread.Run.Max * SimThread.HomeShares[i];
                }
            }

            Assert.All(load, l => Assert.InRange(l, 0, 0.9501));
        }
    }

    [Fact]
    public void Memory_host_covers_all_processes()
    {
        var host = Demo();
        foreach (var _ in Steps())
        {
            _time.Advance(TimeSpan.FromSeconds(83));
            var memory = host.Table("/proc/meminfo");
            var status = host.Pids().Select(p => host.Table($"/proc/{p}/status")).Where(s => s.ContainsKey("VmRSS")).ToArray();
            var used = memory.Kb("MemTotal") - memory.Kb("MemFree");
            Assert.True(memory.Kb("MemFree") > 0);
            Assert.InRange(status.Sum(s => s.Kb("VmRSS") + s.Kb("HugetlbPages")), 100L << 20, used);
            Assert.Equal(memory.Kb("SwapTotal") - memory.Kb("SwapFree"), status.Sum(s => s.Kb("VmSwap")));
            Assert.True(memory.Kb("Hugetlb") >= status.Sum(s => s.Kb("HugetlbPages")));
            Assert.All(status, s => Assert.True(s.Kb("VmRSS") <= s.Kb("VmHWM") && s.Kb("VmHWM") <= s.Kb("VmPeak")));
            foreach (var node in new[] { 0, 1 })
            {
                Assert.True(long.Parse(host.Text($"/sys/devices/system/node/node{node}/meminfo").Split('\n')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], CultureInfo.InvariantCulture) > 0);
            }
        }
    }

    [Fact]
    public void Disk_counters_never_go_back()
    {
        var host = Demo();
        var pids = host.Vms().Where(p => p < 1 << 20).ToArray();
        var before = pids.Select(p => host.Table($"/proc/{p}/io")).ToArray();
        foreach (var step in Steps())
        {
            _time.Advance(step);
            for (var i = 0; i < pids.Length; i++)
            {
                var now = host.Table($"/proc/{pids[i]}/io");
                Assert.All(now, f => Assert.True(f.Value == before[i][f.Key] || f.Value.Length > before[i][f.Key].Length || string.CompareOrdinal(f.Value, before[i][f.Key]) > 0));
                before[i] = now;
            }
        }
    }

    private static long Number(string[] stat, int field) => long.Parse(stat[field], CultureInfo.InvariantCulture);

    // From less than a tick to half an hour, about four hours in all, with no common divisor with the periods of the loads.
    private static IEnumerable<TimeSpan> Steps()
    {
        for (var i = 0; i < 40; i++)
        {
            yield return TimeSpan.FromTicks(10_000 + 12_345 * (long)Math.Pow(i % 14, 4));
            yield return TimeSpan.FromMilliseconds(137.001 + i * i * 400);
        }
    }

    private static string Everything(SimulatedHost host) =>
        string.Join('\n', host.Pids().Select(p => host.Text($"/proc/{p}/stat") + host.Text($"/proc/{p}/status") + host.Text($"/proc/{p}/io")).Append(host.Text("/proc/stat")).Append(host.Text("/proc/meminfo")).Append(host.Text("/proc/loadavg")));
}
