using System.Globalization;
using KvmTop.Collectors;

namespace KvmTop.Tests.Collectors;

/// <summary>VMs with memory files on a host of two nodes (CPUs 0-1 and 2-3), and the topic that reads them.</summary>
internal sealed class MemoryHost : IDisposable
{
    private readonly CollectorServices _services = new();
    private readonly ITopicReader _vms;
    private readonly VmMemoryTopic.Collector _collector;
    private readonly VmHost _writer;

    public MemoryHost(RoundPace? pace = null, bool threaded = false, int nodes = 2)
    {
        _writer = new VmHost(Files);
        for (var node = 0; node < nodes; node++)
            Files.Write($"/sys/devices/system/node/node{node}/cpulist", nodes == 1 ? "0-3\n" : node == 0 ? "0-1\n" : "2-3\n");
        Files.Write("/sys/devices/system/node/online", nodes == 1 ? "0\n" : "0-1\n");
        Files.Write("/sys/devices/system/cpu/online", "0-3\n");
        var context = new CollectorContext(Files, _services);
        _vms = VmsTopic.Instance.CreateReader(context);
        _collector = new VmMemoryTopic.Collector(context, pace ?? RoundPace.Default, threaded);
    }

    public FakeHost Files { get; } = new();

    /// <summary>A QEMU of two vCPUs on given CPUs with so many pages of 4 KiB on either node.</summary>
    public MemoryHost Qemu(int pid, string affinity = "0", int node0 = 1000, int node1 = 0, int hugetlb = 0)
    {
        _writer.Qemu(pid);
        Rollup(pid, node0 + node1, hugetlb);
        Files.Write($"/proc/{pid}/numa_maps", $"7f0000000000 default anon=1 N0={node0} N1={node1} kernelpagesize_kB=4\n");
        for (var vcpu = 0; vcpu < 2; vcpu++)
            Vcpu(pid, vcpu, affinity, 0);
        return this;
    }

    public MemoryHost Rollup(int pid, int pages, int hugetlbKb = 0)
    {
        Files.Write($"/proc/{pid}/smaps_rollup", string.Create(CultureInfo.InvariantCulture, $"Rss: {pages * 4} kB\nPss: {pages * 4} kB\nAnonHugePages: {pages} kB\nPrivate_Hugetlb: {hugetlbKb} kB\nLocked: 0 kB\n"));
        return this;
    }

    public MemoryHost Vcpu(int pid, int vcpu, string affinity, int ranOn)
    {
        var folder = $"/proc/{pid}/task/{pid + 1 + vcpu}";
        Files.Write(folder + "/status", $"Name:\tx\nUid:\t0\t0\t0\t0\nCpus_allowed_list:\t{affinity}\n");
        Files.Write(folder + "/stat", $"{pid + 1 + vcpu} (CPU {vcpu}/KVM) S 1 1 1 0 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 1000 1 1 1 1 1 0 0 0 0 0 0 0 0 0 0 17 {ranOn} 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
        return this;
    }

    /// <summary>Some time later.</summary>
    public VmMemoryModel Tick(double seconds = 1)
    {
        Files.Advance(seconds);
        Assert.Equal(ReadingStatus.Ok, _vms.Read().Status);
        return _collector.Collect().Value!;
    }

    /// <summary>Ticks until something is true, which other threads have to bring about.</summary>
    public VmMemoryModel Until(Func<VmMemoryModel, bool> condition)
    {
        for (var i = 0; i < 3000; i++)
        {
            if (Tick(0.2) is var model && condition(model))
                return model;
            Thread.Sleep(5);
        }

        throw new TimeoutException("It did not come about.");
    }

    public static VmMemoryState Of(VmMemoryModel model, int pid) => model.Vms.Single(v => v.Key.Pid == pid).Value;

    public void Dispose()
    {
        _collector.Dispose();
        _vms.Dispose();
        _services.Dispose();
        _writer.Dispose();
    }
}
