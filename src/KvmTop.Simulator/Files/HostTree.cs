using System.Globalization;
using System.Text;
using KvmTop.Linux;
using KvmTop.Simulator.Model;

namespace KvmTop.Simulator.Files;

/// <summary>Lists everything outside /proc/PID.</summary>
internal static class HostTree
{
    private const string Kernel = "6.8.0-48-generic";

    public static FileTree Build(HostModel host)
    {
        var tree = new FileTree();
        AddProc(tree, host);
        AddCpus(tree, host.Topology);
        AddNodes(tree, host);
        ModuleFiles.AddTo(tree, host, Kernel);
        HostFactsFiles.AddTo(tree, host);
        CgroupFiles.AddTo(tree, host.Processes);
        tree.AddText("/etc/passwd", Passwords());
        tree.AddText("/etc/group", "root:x:0:\nkvm:x:109:admin,libvirt-qemu\nlibvirt:x:128:admin\n");
        tree.AddUnreadable("/dev/kvm", new FileFacts(FileKind.CharacterDevice, 0, 109, 0x1B0, 10, 232));
        return tree;
    }

    private static void AddProc(FileTree tree, HostModel host)
    {
        var cpu = new CpuFiles(host);
        var memory = new MemoryFiles(host);
        tree.Add("/proc/stat", cpu.Stat);
        tree.Add("/proc/loadavg", cpu.LoadAverage);
        tree.Add("/proc/uptime", cpu.Uptime);
        tree.Add("/proc/interrupts", cpu.Interrupts);
        tree.Add("/proc/softirqs", cpu.SoftInterrupts);
        tree.Add("/proc/cpuinfo", cpu.CpuInfo);
        tree.Add("/proc/meminfo", memory.MemInfo);
        tree.Add("/proc/vmstat", memory.VmStat);
        tree.Add("/proc/pressure/cpu", memory.CpuPressure);
        tree.Add("/proc/pressure/memory", memory.MemoryPressure);
        tree.Add("/proc/pressure/io", memory.IoPressure);
        tree.Add("/proc/pressure/irq", MemoryFiles.IrqPressure);
        tree.AddText("/proc/sys/vm/overcommit_memory", "0\n");
        tree.AddText("/proc/sys/vm/overcommit_ratio", "50\n");
        tree.AddText("/proc/sys/vm/swappiness", "10\n");
        tree.AddText("/proc/sys/vm/zone_reclaim_mode", "0\n");
        tree.AddText("/proc/sys/kernel/numa_balancing", "1\n");
        tree.AddText("/proc/version", $"Linux version {Kernel} (buildd@lcy02-amd64-001) (x86_64-linux-gnu-gcc-13 (Ubuntu 13.2.0-23ubuntu4) 13.2.0, GNU ld (GNU Binutils for Ubuntu) 2.42) #48-Ubuntu SMP PREEMPT_DYNAMIC\n");
        tree.AddText("/proc/sys/kernel/hostname", "hv-demo\n");
        tree.AddText("/proc/sys/kernel/osrelease", Kernel + "\n");
        tree.AddText("/proc/self/cgroup", "0::/user.slice/user-0.slice/session-1.scope\n");
        tree.AddText(
            "/proc/self/mountinfo",
            """
            24 30 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
            25 30 0:23 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
            26 30 0:5 / /dev rw,nosuid,relatime shared:2 - devtmpfs udev rw,size=131890360k,nr_inodes=32972590,mode=755,inode64
            30 1 253:0 / / rw,relatime shared:1 - ext4 /dev/mapper/vg0-root rw
            34 24 0:29 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
            38 24 0:7 / /sys/kernel/security rw,nosuid,nodev,noexec,relatime shared:16 - securityfs securityfs rw
            36 24 0:8 / /sys/kernel/debug rw,nosuid,nodev,noexec,relatime shared:14 - debugfs debugfs rw
            39 24 0:12 / /sys/kernel/tracing rw,nosuid,nodev,noexec,relatime shared:17 - tracefs tracefs rw
            37 26 0:32 / /dev/hugepages rw,nosuid,nodev,relatime shared:15 - hugetlbfs hugetlbfs rw,pagesize=2M

            """);
    }

    private static void AddCpus(FileTree tree, Topology topology)
    {
        const string root = "/sys/devices/system/cpu/";
        tree.AddText(root + "online", topology.All.List + "\n");
        tree.AddText(root + "possible", topology.All.List + "\n");
        tree.AddText(root + "present", topology.All.List + "\n");
        tree.AddText(root + "offline", "\n");
        tree.AddText(root + "isolated", topology.Isolated.List + "\n");
        tree.AddText(root + "nohz_full", topology.Isolated.List + "\n");
        tree.AddText(root + "smt/control", "on\n");
        tree.AddText("/proc/irq/default_smp_affinity", topology.Housekeeping.Mask + "\n");
        tree.AddText("/sys/devices/virtual/workqueue/cpumask", topology.Housekeeping.Mask + "\n");
        foreach (var cpu in topology.All.Cpus)
        {
            var folder = root + "cpu" + Text(cpu);
            tree.AddText(folder + "/topology/physical_package_id", Text(topology.NodeOf(cpu)) + "\n");
            tree.AddText(folder + "/topology/core_id", Text(topology.CoreOf(cpu)) + "\n");
            tree.AddText(folder + "/topology/die_id", "0\n");
            tree.AddText(folder + "/topology/thread_siblings_list", topology.SiblingsOf(cpu).List + "\n");
            tree.AddText(folder + "/topology/core_cpus_list", topology.SiblingsOf(cpu).List + "\n");
            tree.AddText(folder + "/cpufreq/scaling_governor", (cpu == 11 ? "powersave" : "schedutil") + "\n");
            tree.AddText(folder + "/cpufreq/scaling_driver", "acpi-cpufreq\n");
            tree.AddText(folder + "/cpufreq/scaling_min_freq", "1500000\n");
            tree.AddText(folder + "/cpufreq/scaling_max_freq", (cpu == 11 ? "2600000" : "3700000") + "\n");
            tree.AddText(folder + "/cpufreq/cpuinfo_max_freq", "3700000\n");
            tree.Add(folder + "/cpufreq/scaling_cur_freq", (ref Utf8Writer writer, long now) =>
            {
                writer.Number(CpuFiles.Frequency(cpu, now));
                writer.Text("\n"u8);
                return Errno.None;
            });
        }
    }

    private static void AddNodes(FileTree tree, HostModel host)
    {
        const string root = "/sys/devices/system/node/";
        var topology = host.Topology;
        var memory = new MemoryFiles(host);
        var nodes = topology.Nodes == 1 ? "0\n" : "0-1\n";
        tree.AddText(root + "online", nodes);
        tree.AddText(root + "possible", nodes);
        tree.AddText(root + "has_memory", nodes);
        for (var node = 0; node < topology.Nodes; node++)
        {
            var n = node;
            var folder = root + "node" + Text(node);
            tree.AddText(folder + "/cpulist", topology.NodeCpus[node].List + "\n");
            tree.AddText(folder + "/distance", string.Join(' ', Enumerable.Range(0, topology.Nodes).Select(other => other == n ? "10" : "32")) + "\n");
            tree.Add(folder + "/meminfo", (ref Utf8Writer writer, long now) => memory.NodeMemInfo(ref writer, now, n));
            tree.Add(folder + "/numastat", (ref Utf8Writer writer, long now) => MemoryFiles.NodeStat(ref writer, now, n));
            AddHugepages(tree, folder + "/hugepages", host.Memory.HugepagesTotal[node], host.Memory.HugepagesUsed[node], wholeHost: false);
        }

        AddHugepages(tree, "/sys/kernel/mm/hugepages", host.Memory.HugepagesTotal.Sum(), host.Memory.HugepagesUsed.Sum(), wholeHost: true);
        tree.AddText("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
        tree.AddText("/sys/kernel/mm/transparent_hugepage/defrag", "always defer defer+madvise [madvise] never\n");
        tree.AddText("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "always within_size advise [never] deny force\n");
        const string daemon = "/sys/kernel/mm/transparent_hugepage/khugepaged/";
        tree.AddText(daemon + "defrag", "1\n");
        tree.AddText(daemon + "pages_to_scan", "4096\n");
        tree.AddText(daemon + "scan_sleep_millisecs", "10000\n");
        tree.Add(daemon + "pages_collapsed", (ref Utf8Writer writer, long now) => MemoryFiles.Number(ref writer, now / 4_100_000_000));
        tree.Add(daemon + "full_scans", (ref Utf8Writer writer, long now) => MemoryFiles.Number(ref writer, now / 90_000_000_000));
        AddKsm(tree, host);
    }

    private static void AddKsm(FileTree tree, HostModel host)
    {
        const string folder = "/sys/kernel/mm/ksm/";
        const int pageKb = 4;
        var merged = (long)host.Processes.Sum(p => p.Memory.ResidentKb * p.Memory.Merged) / pageKb;
        foreach (var (name, value) in new (string, long)[]
        {
            ("run", merged > 0 ? 1 : 0), ("pages_shared", merged / 5), ("pages_sharing", merged - (merged / 5)), ("pages_unshared", merged * 2), ("pages_volatile", merged / 7),
            ("ksm_zero_pages", 0), ("merge_across_nodes", 1), ("pages_to_scan", 1000), ("sleep_millisecs", 20),
            ("general_profit", ((merged - (merged / 5)) * pageKb * 1024) - ((merged * 3 + (merged / 7)) * 64)),
        })
        {
            tree.AddText(folder + name, Text(value) + "\n");
        }

        tree.Add(folder + "full_scans", (ref Utf8Writer writer, long now) => MemoryFiles.Number(ref writer, now / 210_000_000_000));
    }

    private static void AddHugepages(FileTree tree, string folder, long total, long used, bool wholeHost)
    {
        foreach (var (size, pages, free) in new[] { ("2048", total, total - used), ("1048576", 0L, 0L) })
        {
            var pool = $"{folder}/hugepages-{size}kB/";
            tree.AddText(pool + "nr_hugepages", Text(pages) + "\n");
            tree.AddText(pool + "free_hugepages", Text(free) + "\n");
            tree.AddText(pool + "surplus_hugepages", "0\n");
            if (wholeHost)
            {
                tree.AddText(pool + "resv_hugepages", "0\n");
                tree.AddText(pool + "nr_overcommit_hugepages", pages > 0 ? "512\n" : "0\n");
            }
        }
    }

    private static string Passwords()
    {
        var text = new StringBuilder();
        foreach (var user in SimUsers.All)
        {
            text.Append(CultureInfo.InvariantCulture, $"{user.Name}:x:{user.Uid}:{user.Gid}::{user.Home}:{(user.Uid is 0 or >= 1000 and < 60000 ? "/bin/bash" : "/usr/sbin/nologin")}\n");
        }

        return text.ToString();
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
