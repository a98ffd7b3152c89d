using KvmTop.Collectors;
using KvmTop.Tests.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Collectors;

public sealed class DisksTopicTests
{
    private static readonly VmKey s_key = new(7, 1);

    [Fact]
    public void Derive_makes_rates_latency_and_queue_of_two_answers()
    {
        var disk = Derive(Disk(reads: 100, writes: 50, readNs: 1_000_000, writeNs: 0), Disk(reads: 300, writes: 150, readNs: 401_000_000, writeNs: 200_000_000), 2).Disks[0];
        Assert.Equal((100, 50), (disk.ReadsPerSecond, disk.WritesPerSecond));
        Assert.Equal(0.002, disk.LatencySeconds, 9);
        Assert.Equal(0.3, disk.Queue, 9);
    }

    [Fact]
    public void Derive_sums_the_disks_of_a_vm_with_latency_weighed_by_operations()
    {
        var vm = Derive(Disk("a") + "," + Disk("b"), Disk("a", reads: 90, readNs: 90_000_000) + "," + Disk("b", reads: 10, readNs: 110_000_000), 1);
        Assert.Equal(100, vm.ReadsPerSecond);
        Assert.Equal(0.002, vm.LatencySeconds, 9);
    }

    [Fact]
    public void Derive_counters_of_a_rebooted_guest_that_fell_are_unknown_for_one_interval()
    {
        var disk = Derive(Disk(reads: 500), Disk(reads: 3), 1).Disks[0];
        Assert.True(double.IsNaN(disk.ReadsPerSecond));
        Assert.True(double.IsNaN(disk.LatencySeconds));
    }

    [Fact]
    public void Derive_disk_plugged_in_between_has_no_rate_and_one_pulled_out_is_gone()
    {
        var vm = Derive(Disk("old") + "," + Disk("stays", reads: 1), Disk("stays", reads: 11) + "," + Disk("new", reads: 99), 1);
        Assert.Equal(["stays", "new"], vm.Disks.Select(d => d.Name));
        Assert.Equal(10, vm.Disks[0].ReadsPerSecond);
        Assert.True(double.IsNaN(vm.Disks[1].ReadsPerSecond));
    }

    [Fact]
    public void Derive_without_operations_has_no_latency() => Assert.True(double.IsNaN(Derive(Disk(), Disk(), 1).Disks[0].LatencySeconds));

    [Fact]
    public void Derive_p99_is_the_boundary_that_99_of_100_stayed_below()
    {
        static string With(string bins) => Disk(more: $$$""","rd_latency_histogram": {"boundaries": [1000, 10000, 100000], "bins": [{{{bins}}}]}""");
        Assert.Equal(10e-6, Derive(With("5,5,5,5"), With("95,14,6,5"), 1).Disks[0].P99Seconds, 12);
        Assert.Equal(100e-6, Derive(With("0,0,0,0"), With("90,5,5,0"), 1).Disks[0].P99Seconds, 12);
        Assert.Equal(double.PositiveInfinity, Derive(With("0,0,0,0"), With("0,0,0,1"), 1).Disks[0].P99Seconds);
        Assert.True(double.IsNaN(Derive(With("1,1,1,1"), With("1,1,1,1"), 1).Disks[0].P99Seconds));
    }

    [Theory]
    [InlineData("/machine/peripheral/d0/virtio-backend", "", "virtio", "d0")]
    [InlineData("/machine/peripheral/s0", "", "virtio-scsi", "s0")]
    [InlineData("/machine/peripheral/i0", "", "ide", "i0")]
    [InlineData("/machine/unattached/device[17]", "ide0-hd0", "ide", "ide0-hd0")]
    [InlineData("/machine/unattached/device[17]", "floppy0", "floppy", "floppy0")]
    [InlineData("/machine/unattached/device[17]", "x", null, "x")]
    public void Derive_tells_bus_and_name(string qdev, string device, string? bus, string name)
    {
        var disk = Derive(Disk(device, qdev: qdev), Disk(device, qdev: qdev), 1, "-device", "virtio-scsi-pci,id=c0", "-device", "scsi-hd,id=s0,drive=x", "-device", "ide-hd,id=i0").Disks[0];
        Assert.Equal((bus, name), (disk.Bus, disk.Name));
    }

    [Fact]
    public void Derive_empty_drive_is_no_disk()
    {
        var infos = QmpBlocks.Parse("""[{"device": "ide2-cd0", "removable": true}]"""u8.ToArray());
        var sample = new VmDisksSample(TimeSpan.FromSeconds(1), Parse(Disk("ide2-cd0")), infos, null);
        Assert.Empty(Derive(sample).Disks);
    }

    private static VmDisks Derive(string before, string now, double seconds, params string[] arguments) =>
        Derive(new VmDisksSample(TimeSpan.FromSeconds(10 + seconds), Parse(now), null, null, new VmDisksSample(TimeSpan.FromSeconds(10), Parse(before), null, null)), arguments);

    private static VmDisks Derive(VmDisksSample sample, params string[] arguments)
    {
        var vm = new VmInfo
        {
            Key = s_key, Name = "x", Vmm = VmmKind.Qemu, Accelerator = "kvm", Confirmed = true, User = null, Arguments = [], Threads = [], VcpuThreads = 0, VcpuSource = "",
            Description = VmDescriber.Describe(VmmKind.Qemu, ["qemu", .. arguments]),
        };
        return DisksTopic.Instance.Derive(null, new DisksSample(new Dictionary<VmKey, DisksOfVm> { [s_key] = new(vm, sample) })).Find(s_key)!;
    }

    private static List<BlockCounters> Parse(string disks)
    {
        var list = new List<BlockCounters>();
        Assert.True(QmpBlockStats.TryParse(Bytes.Of($"[{disks}]"), [], list));
        return list;
    }

    private static string Disk(string device = "d", ulong reads = 0, ulong writes = 0, ulong readNs = 0, ulong writeNs = 0, string? qdev = null, string more = "") =>
        $$$"""{"device": "{{{device}}}", {{{(qdev is null ? "" : $"\"qdev\": \"{qdev}\",")}}} "stats": {"rd_operations": {{{reads}}}, "wr_operations": {{{writes}}}, "rd_total_time_ns": {{{readNs}}}, "wr_total_time_ns": {{{writeNs}}}, "flush_total_time_ns": 0{{{more}}}}}""";
}
