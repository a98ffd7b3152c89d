using KvmTop.Linux;
using KvmTop.Simulator.Model;

namespace KvmTop.Simulator.Files;

/// <summary>cpu.stat and cpu.max of the VMs' cgroups (v2), below /sys/fs/cgroup.</summary>
internal static class CgroupFiles
{
    private const long PeriodMicroseconds = 100_000;

    /// <summary>How long one throttling lasts: less than a period, so that there are never more throttled periods than periods.</summary>
    private const long OneThrottling = 60_000_000;

    public static void AddTo(FileTree tree, IEnumerable<SimProcess> processes)
    {
        tree.AddText("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc\n");
        tree.AddText("/sys/fs/cgroup/cgroup.subtree_control", "cpuset cpu io memory pids\n");
        foreach (var group in processes.Where(p => p.Cgroup != "/").GroupBy(p => p.Cgroup))
        {
            Add(tree, group.Key, [.. group.Select(p => (p, p.Threads))], group.FirstOrDefault(p => p.Quota is not null));
            foreach (var process in group)
            {
                // libvirt divides its machine among groups for the emulator and for each vCPU.
                foreach (var part in process.Threads.GroupBy(t => t.Cgroup).Where(t => t.Key is not null && t.Key != process.Cgroup))
                {
                    Add(tree, part.Key!, [(process, part.ToArray())], null);
                }
            }
        }
    }

    private static void Add(FileTree tree, string cgroup, (SimProcess Process, SimThread[] Threads)[] members, SimProcess? limited)
    {
        var folder = "/sys/fs/cgroup" + cgroup;
        tree.AddText(folder + "/cpu.max", limited?.Quota is { } quota ? $"{(long)(quota * PeriodMicroseconds)} {PeriodMicroseconds}\n" : $"max {PeriodMicroseconds}\n");
        tree.AddText(folder + "/cpu.weight", "100\n");
        tree.Add(folder + "/cpu.stat", (ref Utf8Writer writer, long now) => CpuStat(ref writer, now, members, limited));
    }

    private static Errno CpuStat(ref Utf8Writer writer, long now, (SimProcess Process, SimThread[] Threads)[] members, SimProcess? limited)
    {
        var times = default(CpuUse);
        foreach (var (process, threads) in members)
        {
            var lived = process.Life.Lived(now);
            foreach (var thread in threads)
            {
                times += thread.Times(lived);
            }
        }

        var limitedFor = limited?.Life.Lived(now) ?? 0;
        var throttled = limited?.Throttled.Integral(limitedFor) ?? 0;
        writer.Number("usage_usec "u8, times.User / 1000 + times.System / 1000);
        writer.Number("\nuser_usec "u8, times.User / 1000);
        writer.Number("\nsystem_usec "u8, times.System / 1000);
        writer.Number("\ncore_sched.force_idle_usec "u8, 0);
        writer.Number("\nnr_periods "u8, limitedFor / (PeriodMicroseconds * 1000));
        writer.Number("\nnr_throttled "u8, throttled / OneThrottling);
        writer.Number("\nthrottled_usec "u8, throttled / 1000);
        writer.Text("\nnr_bursts 0\nburst_usec 0\n"u8);
        return Errno.None;
    }
}
