using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Collectors;

public sealed class MemoryTopicsTests
{
    private const string Pool = "/sys/kernel/mm/hugepages/hugepages-2048kB/";

    [Fact]
    public void Pools_captured_by_size_and_node()
    {
        var pools = Read(FakeHost.Captured()).Get(HugepagesTopic.Instance).Value!;
        Assert.Equal([new HugepagePool(2 << 20, 512, 201, 10, 0, 64), new HugepagePool(1 << 30, 0, 0, 0, 0, 0)], pools.Pools);
        Assert.Equal((256UL, 101UL), (pools.Of(1, 2 << 20)!.Total, pools.Of(1, 2 << 20)!.Free));
        Assert.Null(pools.Of(1, 1 << 30));
    }

    [Fact]
    public void Pool_that_grows_vanishes_and_appears_is_told()
    {
        var host = FakeHost.Captured();
        using var run = new AllTopics(host);
        run.Tick();
        host.Write(Pool + "nr_hugepages", "700\n");
        run.Tick();
        Assert.Contains(run.Snapshot.Events.Items, e => e.Text == "pool of 2M hugepages 512 -> 700 pages");
        host.Remove("/sys/kernel/mm/hugepages/hugepages-1048576kB");
        run.Tick();
        Assert.Contains(run.Snapshot.Events.Items, e => e.Text == "hugepages of 1G vanished");
        Assert.Equal(2UL << 20, Assert.Single(run.Snapshot.Get(HugepagesTopic.Instance).Value!.Pools).SizeBytes);
        host.Write("/sys/kernel/mm/hugepages/hugepages-16777216kB/nr_hugepages", "1\n");
        run.Tick();
        Assert.Contains(run.Snapshot.Events.Items, e => e.Text == "hugepages of 16G appeared");
    }

    [Fact]
    public void Pool_whose_files_go_away_one_by_one_is_not_known_rather_than_empty()
    {
        var host = FakeHost.Captured();
        host.Fail(Pool + "free_hugepages", Errno.EIO);
        Assert.Null(Read(host).Get(HugepagesTopic.Instance).Value!.Pools[0].Free);
    }

    [Fact]
    public void Kernel_without_hugepages_says_so()
    {
        var host = FakeHost.Captured();
        host.Remove("/sys/kernel/mm/hugepages");
        var reading = Read(host).Get(HugepagesTopic.Instance);
        Assert.Equal(ReadingStatus.Unsupported, reading.Status);
        Assert.Contains("CONFIG_HUGETLBFS", reading.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Swapping_is_bytes_per_second()
    {
        var host = FakeHost.Captured();
        using var run = new AllTopics(host);
        run.Tick();
        host.Write("/proc/vmstat", "pswpin 1120\npswpout 632\nthp_fault_alloc 522\noom_kill 2\n");
        run.Tick(2);
        var memory = run.Snapshot.Get(MemoryTopic.Instance).Value!;
        Assert.Equal((500 * 4096.0, 0.0, 5.0), (memory.SwapInBytesPerSecond, memory.SwapOutBytesPerSecond, memory.Thp.Faulted));
        Assert.True(double.IsNaN(memory.Thp.Collapsed));
        Assert.Contains(run.Snapshot.Events.Items, e => e is { Severity: Severity.Critical, Text: "the kernel killed 2 for want of memory" });
    }

    [Fact]
    public void Configured_memory_is_in_percent_of_the_hosts()
    {
        var snapshot = Read(FakeHost.Captured());
        Assert.Equal(2097152 * 100.0 / 16384000, MemoryTopic.ConfiguredPct(snapshot), 6);
    }

    [Fact]
    public void Captured_vm_has_its_memory_in_the_record()
    {
        using var run = new AllTopics(FakeHost.Captured());
        run.Tick();
        using var record = System.Text.Json.JsonDocument.Parse(run.Json());
        var vm = record.RootElement.GetProperty("vms")[0];
        Assert.Equal(557350912, vm.GetProperty("numa_bytes").GetProperty("0").GetInt64());
        Assert.Equal(1694990336, vm.GetProperty("numa_bytes").GetProperty("1").GetInt64());
        Assert.Equal(75.25, vm.GetProperty("numa_local_pct").GetDouble());
        Assert.Equal(61440 * 1024, vm.GetProperty("thp_bytes").GetInt64());
        Assert.Equal((2097152L + 61440) * 1024, vm.GetProperty("hugepages_bytes").GetInt64());
        Assert.Equal(98.14, vm.GetProperty("hugepages_pct").GetDouble());
        var pool = record.RootElement.GetProperty("host").GetProperty("hugepages")[0];
        Assert.Equal((2097152, 512, 64), (pool.GetProperty("size_bytes").GetInt64(), pool.GetProperty("total").GetInt64(), pool.GetProperty("overcommit").GetInt64()));
        Assert.Equal(2, pool.GetProperty("nodes").GetArrayLength());
    }

    [Theory]
    [InlineData("anonymous", "-m", "64")]
    [InlineData("anonymous prealloc locked", "-m", "64", "-mem-prealloc", "-overcommit", "mem-lock=on")]
    [InlineData("file /dev/hugepages", "-m", "64", "-mem-path", "/dev/hugepages")]
    [InlineData("memfd hugepages 2M", "-machine", "memory-backend=r", "-object", """{"qom-type":"memory-backend-memfd","id":"r","hugetlb":true,"hugetlbsize":2097152,"size":1}""")]
    [InlineData("file /x prealloc shared bind 0,2", "-machine", "memory-backend=r", "-object", """{"qom-type":"memory-backend-file","id":"r","mem-path":"/x","share":true,"prealloc":true,"host-nodes":[0,2],"policy":"bind"}""")]
    [InlineData("anonymous bind 0 + anonymous bind 1", "-object", "memory-backend-ram,id=a,size=1G,host-nodes=0,policy=bind", "-object", "memory-backend-ram,id=b,size=1G,host-nodes=1,policy=bind", "-numa", "node,memdev=a", "-numa", "node,memdev=b")]
    public void Backing_says_what_was_asked_for(string expected, params string[] arguments) =>
        Assert.Equal(expected, VmMemoryMetrics.Backing(QemuCommandLine.Parse(["qemu-system-x86_64", .. arguments])));

    [Fact]
    public void Backing_of_a_hostile_path_is_clean() =>
        Assert.DoesNotContain('\u001b', VmMemoryMetrics.Backing(QemuCommandLine.Parse(["qemu", "-mem-path", "/a\u001b[31m"])));

    [Theory]
    [InlineData(49, true, false)]
    [InlineData(19, true, true)]
    [InlineData(50, false, false)]
    public void Thresholds_of_what_is_bad_when_low(double value, bool warns, bool critical)
    {
        var thresholds = new Thresholds(50, 20) { LowIsBad = true };
        Assert.Equal((warns, critical), (thresholds.IsWarn(value), thresholds.IsCritical(value)));
        Assert.False(thresholds.IsWarn(double.NaN) || thresholds.IsCritical(double.NaN));
    }

    private static Snapshot Read(FakeHost host)
    {
        using var run = new AllTopics(host);
        run.Tick();
        return run.Snapshot;
    }
}
