using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Tests.Collectors;

public sealed class VmMemoryTests
{
    [Theory]
    [InlineData("0", 1000, 0, 100)]
    [InlineData("2-3", 1000, 0, 0)]
    [InlineData("2-3", 250, 750, 75)]
    [InlineData("0-1", 250, 750, 25)]
    public void Local_of_confined_vcpus_is_the_memory_of_their_node(string affinity, int node0, int node1, double local)
    {
        using var host = new MemoryHost();
        Assert.Equal(local, Local(host.Qemu(100, affinity, node0, node1)), 6);
    }

    [Fact]
    public void Local_of_a_vm_spread_like_its_memory_is_whole()
    {
        using var host = new MemoryHost();
        Assert.Equal(100, Local(host.Qemu(100, "0", 500, 500).Vcpu(100, 1, "2", 2)), 6);
    }

    [Fact]
    public void Local_of_vcpus_apart_is_that_of_the_half_that_is_near()
    {
        using var host = new MemoryHost();
        Assert.Equal(50, Local(host.Qemu(100, "0", 1000).Vcpu(100, 1, "2", 2)), 6);
    }

    [Fact]
    public void Local_of_roaming_vcpus_follows_where_they_ran_slowly()
    {
        using var host = new MemoryHost();
        host.Qemu(100, "0-3", 1000).Vcpu(100, 0, "0-3", 2).Vcpu(100, 1, "0-3", 3);
        Assert.Equal(0, Local(host), 6);
        host.Vcpu(100, 0, "0-3", 1).Vcpu(100, 1, "0-3", 0);
        Assert.Equal(50, Local(host, 40), 6);
        Assert.Equal(75, Local(host, 40), 6);
    }

    [Fact]
    public void One_node_needs_no_numa_maps()
    {
        using var host = new MemoryHost(nodes: 1);
        host.Qemu(100, "0-3").Files.Fail("/proc/100/numa_maps");
        var memory = MemoryHost.Of(host.Tick(), 100).Memory!;
        Assert.Equal(new NodeBytes(0, 4096000), Assert.Single(memory.Nodes!));
        Assert.Equal(100, memory.LocalPct);
    }

    [Fact]
    public void Huge_share_is_of_all_that_is_resident()
    {
        using var host = new MemoryHost();
        // 4000 kB resident of which 1000 in THP, and 12000 kB of hugetlb beside it.
        host.Qemu(100).Rollup(100, 1000, 12000);
        Assert.Equal(13000.0 / 160, MemoryHost.Of(host.Tick(), 100).Memory!.HugePct, 6);
    }

    [Fact]
    public void Rollup_denied_says_who_may_and_placement_stays()
    {
        using var host = new MemoryHost();
        host.Qemu(100).Files.Fail("/proc/100/smaps_rollup");
        var memory = MemoryHost.Of(host.Tick(), 100).Memory!;
        Assert.Null(memory.Rollup);
        Assert.Contains("needs root", memory.RollupReason, StringComparison.Ordinal);
        Assert.True(double.IsNaN(memory.HugePct));
        Assert.Equal(100, memory.LocalPct);
    }

    [Fact]
    public void Numa_maps_garbage_says_so_and_rollup_stays()
    {
        using var host = new MemoryHost();
        host.Qemu(100).Files.Write("/proc/100/numa_maps", "\0\0\0 not a map\nN0=1\n");
        var memory = MemoryHost.Of(host.Tick(), 100).Memory!;
        Assert.Null(memory.Nodes);
        Assert.Contains("numa_maps", memory.PlacesReason, StringComparison.Ordinal);
        Assert.True(double.IsNaN(memory.LocalPct));
        Assert.Equal(4096000UL, memory.Rollup!.Value.Rss);
    }

    [Fact]
    public void Kernel_without_numa_maps_says_so()
    {
        using var host = new MemoryHost();
        host.Qemu(100).Files.Remove("/proc/100/numa_maps");
        Assert.Contains("CONFIG_NUMA", MemoryHost.Of(host.Tick(), 100).Memory!.PlacesReason, StringComparison.Ordinal);
    }

    [Fact]
    public void Reading_is_kept_with_its_age_until_its_turn_comes()
    {
        using var host = new MemoryHost();
        host.Qemu(100);
        Assert.Equal(TimeSpan.Zero, MemoryHost.Of(host.Tick(), 100).Age);
        host.Rollup(100, 5000);
        var (old, age) = (MemoryHost.Of(host.Tick(10), 100).Memory, MemoryHost.Of(host.Tick(), 100).Age);
        Assert.Equal((4096000UL, TimeSpan.FromSeconds(11)), (old!.Rollup!.Value.Rss!.Value, age));
        Assert.Equal(20480000UL, MemoryHost.Of(host.Tick(20), 100).Memory!.Rollup!.Value.Rss);
    }

    [Fact]
    public void Many_vms_are_not_read_all_at_once()
    {
        using var host = new MemoryHost();
        for (var i = 0; i < 50; i++)
            host.Qemu(100 + (10 * i));
        Assert.Equal(32, host.Tick().Vms.Values.Count(v => v.Memory is not null));
        Assert.Equal(50, host.Tick().Vms.Values.Count(v => v.Memory is not null));
    }

    [Fact]
    public void Vm_that_ended_is_forgotten()
    {
        using var host = new MemoryHost();
        host.Qemu(100).Qemu(200).Tick();
        host.Files.Remove("/proc/100");
        Assert.Equal(200, Assert.Single(host.Tick().Vms).Key.Pid);
    }

    [Fact]
    public void Pid_that_became_anothers_while_reading_is_not_taken_for_the_vm()
    {
        using var host = new MemoryHost();
        host.Qemu(100);
        var files = new VmMemoryFiles(host.Files);
        host.Tick();
        var vm = new VmInfo
        {
            Key = new VmKey(100, 999), Name = "x", Vmm = KvmTop.Vmm.VmmKind.Qemu, Accelerator = null, Confirmed = true, User = null,
            Description = new KvmTop.Vmm.VmDescription { Vmm = KvmTop.Vmm.VmmKind.Qemu }, Arguments = [], Threads = [], VcpuThreads = 0, VcpuSource = "",
        };
        Assert.Null(files.Read(vm, null));
        Assert.NotNull(files.Read(vm with { Key = new VmKey(100, 1000) }, null));
    }

    [Fact]
    public void Vm_that_vanishes_mid_read_leaves_no_reading()
    {
        using var host = new MemoryHost();
        host.Qemu(100).Qemu(200);
        foreach (var file in new[] { "smaps_rollup", "numa_maps", "ksm_stat" })
            host.Files.Fail("/proc/100/" + file, Errno.ESRCH);
        var model = host.Tick();
        Assert.NotNull(MemoryHost.Of(model, 200).Memory);
        Assert.Contains("process gone", MemoryHost.Of(model, 100).Memory!.RollupReason, StringComparison.Ordinal);
    }

    private static double Local(MemoryHost host, double seconds = 1) => MemoryHost.Of(host.Tick(seconds), 100).Memory!.LocalPct;
}
