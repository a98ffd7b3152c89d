using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Tests.Collectors;

/// <summary>Writes the files of processes into a <see cref="FakeHost"/>, and reads its VMs.</summary>
internal sealed class VmHost : IDisposable
{
    public const string InKvmRun = "16 0x1c 0xae80 0x0 0x7f 0x0 0x0 0x7ffd 0x7f11\n";
    public const string InLock = "202 0x5 0x80 0x2 0x0 0x8 0x0 0x7ffd 0x7f11\n";

    private readonly CollectorServices _services = new();
    private readonly ITopicReader _reader;

    public VmHost(FakeHost? files = null)
    {
        Files = files ?? new FakeHost();
        _reader = VmsTopic.Instance.CreateReader(new CollectorContext(Files, _services));
    }

    public FakeHost Files { get; }

    /// <summary>The latest state of the topic.</summary>
    public TopicState State { get; private set; } = null!;

    public IReadOnlyList<HostEvent> Events => State.Events;

    public void Dispose()
    {
        _reader.Dispose();
        _services.Dispose();
    }

    /// <summary>Some time later, the VMs.</summary>
    public IReadOnlyList<VmModel> Tick(double seconds = 1)
    {
        Files.Advance(seconds);
        State = _reader.Read();
        Assert.Equal(ReadingStatus.Ok, State.Status);
        return ((VmsModel)State.Value!).Vms;
    }

    /// <summary>The only VM, some time later.</summary>
    public VmModel One(double seconds = 1) => Assert.Single(Tick(seconds));

    /// <summary>A figure of the only VM as the screen would ask for it.</summary>
    public Figure Figure(string id)
    {
        var snapshot = new Snapshot(1, State.Time, TimeSpan.FromSeconds(1), new Dictionary<Topic, TopicState> { [VmsTopic.Instance] = State }, EventList.Empty);
        return VmsMetrics.PerVm.Single(m => m.Id == id).Get(Assert.Single(VmRow.All(snapshot)));
    }

    /// <summary>A process with one thread.</summary>
    public VmHost Process(int pid, string program = "/usr/bin/qemu-system-x86_64", bool kvm = true, ulong start = 1000, string? commandLine = null)
    {
        var comm = program[(program.LastIndexOf('/') + 1)..];
        comm = comm[..Math.Min(comm.Length, 15)];
        var folder = $"/proc/{pid}";
        Stat(pid, comm, start: start);
        Files.Link(folder + "/exe", program);
        Files.Link(folder + "/fd/0", "/dev/null");
        if (kvm)
            Files.Link(folder + "/fd/11", "anon_inode:kvm-vm");
        Files.Write(folder + "/cmdline", commandLine ?? $"{program}\0-name\0vm{pid}\0-m\01024\0");
        Files.Write(folder + "/status", "Name:\tx\nUid:\t0\t0\t0\t0\nVmRSS:\t 2048 kB\nVmSwap:\t 0 kB\n");
        Files.Write(folder + "/io", "read_bytes: 1000\nwrite_bytes: 2000\n");
        Files.Write(folder + "/cgroup", "0::/\n");
        return Thread(pid, pid, comm, InLock);
    }

    /// <summary>A QEMU with its main thread and named vCPU threads at pid + 1 and on.</summary>
    public VmHost Qemu(int pid, int vcpus = 2, ulong start = 1000, string syscall = InKvmRun, string? commandLine = null)
    {
        Process(pid, start: start, commandLine: commandLine);
        for (var i = 0; i < vcpus; i++)
            Thread(pid, pid + 1 + i, $"CPU {i}/KVM", syscall);
        return Stat(pid, "qemu-system-x86", threads: vcpus + 1, start: start);
    }

    public VmHost Thread(int pid, int tid, string comm, string syscall = InLock)
    {
        var folder = $"/proc/{pid}/task/{tid}";
        Files.Write(folder + "/comm", comm + "\n");
        Files.Write(folder + "/syscall", syscall);
        return Ran(pid, tid, 0, 0, 0);
    }

    public VmHost Ran(int pid, int tid, double run, double delay, int slices)
    {
        Files.Write($"/proc/{pid}/task/{tid}/schedstat", string.Create(CultureInfo.InvariantCulture, $"{run * 1e9:0} {delay * 1e9:0} {slices}\n"));
        return this;
    }

    public VmHost Stat(int pid, string comm, char state = 'S', int threads = 1, ulong start = 1000, uint flags = 4194560, int parent = 1)
    {
        Files.Write($"/proc/{pid}/stat",
            $"{pid} ({comm}) {state} {parent} {pid} {pid} 0 -1 {flags} 0 0 0 0 0 0 0 0 20 0 {threads} 0 {start} 3000000 300 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
        return this;
    }

    /// <summary>A cgroup v2 with a quota, or without one.</summary>
    public VmHost Cgroup(string path, string max, long throttledMicroseconds)
    {
        Files.Write("/proc/self/mountinfo", "35 24 0:30 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n");
        Files.Write($"/sys/fs/cgroup{path}/cpu.max", max + "\n");
        Files.Write($"/sys/fs/cgroup{path}/cpu.stat", $"usage_usec 0\nnr_periods 10\nnr_throttled 5\nthrottled_usec {throttledMicroseconds}\n");
        return this;
    }

    /// <summary>The cpu controller in a v1 tree.</summary>
    public VmHost CgroupV1(string path, string quota, long throttledNanoseconds, string alsoMounted = "")
    {
        Files.Write("/proc/self/mountinfo", alsoMounted + "33 24 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n");
        var folder = "/sys/fs/cgroup/cpu,cpuacct" + path;
        Files.Write(folder + "/cpu.cfs_quota_us", quota + "\n");
        Files.Write(folder + "/cpu.cfs_period_us", "100000\n");
        Files.Write(folder + "/cpu.stat", $"nr_periods 10\nnr_throttled 5\nthrottled_time {throttledNanoseconds}\n");
        return this;
    }

    public VmHost InCgroup(int pid, string text)
    {
        Files.Write($"/proc/{pid}/cgroup", text);
        return this;
    }

    public VmHost Fail(string path, Errno errno = Errno.EACCES)
    {
        Files.Fail(path, errno);
        return this;
    }
}
