using System.Globalization;

namespace KvmTop.Simulator.Model;

/// <summary>Who lives on the host: the demo's cast, or many of a kind.</summary>
internal static class Population
{
    private const string AliceSession = "/user.slice/user-1000.slice/session-4.scope";

    /// <summary>What a Linux server runs anyway.</summary>
    public static void AddHousekeeping(GuestBuilder builder)
    {
        builder.AddOrdinary("systemd", "/usr/lib/systemd/systemd", SimUsers.Root, 1, new(0.001, 0.004), 13, "/init.scope");
        builder.AddOrdinary("kthreadd", null, SimUsers.Root, 2, new(0.0001), 0, "/");
        builder.AddOrdinary("rcu_preempt", null, SimUsers.Root, 17, new(0.004, 0.006), 0, "/");
        builder.AddOrdinary("ksoftirqd/0", null, SimUsers.Root, 16, new(0.001, 0.003), 0, "/");
        builder.AddOrdinary("kswapd0", null, SimUsers.Root, 214, new(0.002, 0.08, 0.1), 0, "/");
        builder.AddOrdinary("kworker/u64:1-e", null, SimUsers.Root, 388, new(0.004, 0.02, 0.03), 0, "/");
        builder.AddOrdinary("systemd-journal", "/usr/lib/systemd/systemd-journald", SimUsers.Root, 611, new(0.002, 0.008), 84, "/system.slice/systemd-journald.service");
        builder.AddOrdinary("rsyslogd", "/usr/sbin/rsyslogd", SimUsers.Syslog, 902, new(0.001, 0.004), 6, "/system.slice/rsyslog.service");
        builder.AddOrdinary("chronyd", "/usr/sbin/chronyd", SimUsers.Chrony, 931, new(0.0003), 3, "/system.slice/chrony.service");
        builder.AddOrdinary("sshd", "/usr/sbin/sshd", SimUsers.Root, 1004, new(0.0003), 9, "/system.slice/ssh.service");
        builder.AddOrdinary("virtqemud", "/usr/sbin/virtqemud", SimUsers.Root, 1187, new(0.004, 0.02, 0.05), 61, "/system.slice/virtqemud.service");
        builder.AddOrdinary("node_exporter", "/usr/bin/node_exporter", SimUsers.Root, 1260, new(0.003, 0.01, 0.06), 24, "/system.slice/node_exporter.service");
        builder.AddOrdinary("bash", "/usr/bin/bash", SimUsers.Alice, 2240, new(0.0002), 5, AliceSession);
    }

    public static void AddDemo(GuestBuilder builder, Topology topology)
    {
        CpuSet Cpus(int first, int count) => CpuSet.Of(Enumerable.Range(first, count), topology.Cpus) is { Cpus.Length: > 0 } set ? set : topology.All;
        // All but the CPUs of the pinned database and of the crowded corner.
        var floating = CpuSet.Of([.. Enumerable.Range(8, 4), .. Enumerable.Range(16, topology.Cpus)], topology.Cpus) is { Cpus.Length: > 0 } rest ? rest : topology.All;
        var crowded = Cpus(12, 4);

        var libvirt = new GuestSpec { Name = "", User = SimUsers.Libvirt, Vcpus = 4, MemoryMiB = 8192, Pinning = floating };
        var alice = libvirt with { Monitor = Monitor.Qemu, Answers = true, User = SimUsers.Alice, Cgroup = AliceSession };

        builder.Add(libvirt with { Name = "web01", Thp = 0.1, Merged = 0.34, Load = new(0.12, 0.3, 0.2), VhostKernelThread = true });
        builder.Add(libvirt with { Name = "web02", Thp = 0.1, Merged = 0.31, Load = new(0.1, 0.28, 0.2) });
        builder.Add(libvirt with
        {
            Name = "db-primary", Vcpus = 8, MemoryMiB = 65536, Hugepages = true, Node = 0, Pinning = Cpus(0, 8), PinOneToOne = true,
            Load = new(0.45, 0.35, 0.1), GuestShare = 0.97, ReadMegabytes = new(12, 60, 90), WriteMegabytes = new(6, 18, 30), Emulator = new(0.02, 0.05),
            Answers = true, DiskHistogram = true, Balloon = new(Seconds: 10),
        });
        builder.Add(libvirt with { Name = "cache01", Vcpus = 2, MemoryMiB = 16384, Touched = 0.82, Thp = 0.97, Load = new(0.8, 0.12, 0), BusyVcpus = 1, Node = 1 });
        builder.Add(libvirt with { Name = "mail", Vcpus = 2, MemoryMiB = 4096, Load = new(0.02, 0.06, 0.25) });
        // Two that fight for four CPUs of node 1: the first loses, and the memory of the second lies on node 0.
        builder.Add(libvirt with
        {
            Name = "ci-runner", Nesting = true, Vcpus = 8, MemoryMiB = 16384, Pinning = crowded, Node = topology.Nodes - 1, Load = new(0.1, 0.08, 0.04), Ready = new(0.25, 0.35, 0.12), WriteMegabytes = new(2, 12, 20),
            Answers = true, DiskMs = 1.6, Balloon = new(Seconds: 10, HasDriver: false),
        });
        builder.Add(libvirt with { Name = "render-node", Node = 0, Touched = 0.85, Pinning = crowded, Load = new(0.32, 0.06), Ready = new(0.2, 0.15), GuestShare = 0.99 });
        builder.Add(libvirt with
        {
            Name = "analytics", Monitor = Monitor.Qemu, Answers = true, User = SimUsers.Root, MemoryMiB = 16384, Touched = 0.6, Cgroup = "/machine.slice/analytics.scope",
            Load = new(0.26, 0.07, 0.02), Quota = 1.5, Throttled = new(0.15, 0.25, 0.1), Emulator = new(0.01),
        });
        builder.Add(libvirt with
        {
            Name = "erp-legacy", MemoryMiB = 24576, Touched = 0.8, Thp = 0.22, Load = new(0.05, 0.2, 0.1), SwapGiB = 5, GuestShare = 0.7, ReadMegabytes = new(4, 30, 20), WriteMegabytes = new(2, 20, 10),
            Answers = true, DiskMs = 14, Balloon = new(4L << 30, Seconds: 5),
        });
        builder.Add(libvirt with
        {
            Name = "log-ingest", Load = new(0.12, 0.2, 0.1), Emulator = new(0.2, 0.2, 0.1), GuestShare = 0.85, WriteMegabytes = new(160, 120, 180), Answers = true,
        });
        builder.Add(alice with { Name = "desktop", Load = new(0.08, 0.2, 0.15), Emulator = new(0.5, 0.25, 0.15), GuestShare = 0.75 });
        builder.Add(libvirt with { Name = "staging", Vcpus = 2, MemoryMiB = 4096, Paused = true });
        builder.Add(libvirt with { Name = "fn-checkout", Monitor = Monitor.Firecracker, User = SimUsers.Root, Vcpus = 2, MemoryMiB = 512, Load = new(0.02, 0.05, 0.6) });
        builder.Add(libvirt with { Name = "edge-proxy", Monitor = Monitor.CloudHypervisor, User = SimUsers.Root, Vcpus = 2, MemoryMiB = 1024, Load = new(0.05, 0.2, 0.2) });
        builder.Add(alice with { Name = "riscv-dev", Kvm = false, Answers = false, Vcpus = 2, MemoryMiB = 2048, Touched = 0.5, Load = new(0.3, 0.3, 0.2), BusyVcpus = 1 });
        builder.Add(alice with { Name = "nightly-build", Nesting = true, Vcpus = 2, MemoryMiB = 4096, Touched = 0.5, Load = new(0.5, 0.3, 0.1), Recurring = true });
    }

    public static void AddMany(GuestBuilder builder, int vms, int vcpus, int cpus, Topology topology)
    {
        // On average six tenths of the host; one VM in sixteen is hot, so that sorting has something to sort.
        var fair = Math.Min(0.6 * cpus / ((double)vms * vcpus), 0.5);
        for (var i = 0; i < vms; i++)
        {
            var hot = i % 16 == 3;
            builder.Add(new GuestSpec
            {
                Name = "vm" + (i + 1).ToString("D4", CultureInfo.InvariantCulture),
                User = i % 10 == 7 ? SimUsers.Alice : SimUsers.Libvirt,
                Monitor = Monitor.Qemu,
                Vcpus = vcpus,
                MemoryMiB = 1024,
                Touched = 0.5,
                Node = i % topology.Nodes,
                Load = new Load(0.3, 0.7, 0.3) * Math.Min(fair * (hot ? 4 : 0.9), 0.7),
                Ready = hot ? new(0.01, 0.05) : new(0.001, 0.004),
                Emulator = new Load(0.02, 0.04) * Math.Min(fair, 0.1),
                Cgroup = $"/machine.slice/vm{(i + 1).ToString("D4", CultureInfo.InvariantCulture)}.scope",
            });
        }
    }
}
