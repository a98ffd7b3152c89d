using KvmTop.Tests.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm.Qmp;

public sealed class QmpAnswersTests
{
    // As QEMU 10.0.2 answers, cut to what is read.
    public const string Block = """
        [{"io-status": "ok", "device": "drv0", "locked": false, "removable": false, "inserted": {"iops_rd": 0, "image": {"virtual-size": 67108864, "filename": "/tmp/d1.raw", "format": "raw",
        "actual-size": 4096}, "iops_wr": 0, "ro": false, "node-name": "#block174", "drv": "raw", "iops": 100, "bps_wr": 0, "bps": 10485760, "bps_rd": 0,
        "cache": {"no-flush": false, "direct": true, "writeback": true}, "file": "/tmp/d1.raw"}, "qdev": "/machine/peripheral/disk0/virtio-backend", "type": "unknown"},
        {"io-status": "ok", "device": "ide2-cd0", "locked": false, "removable": true, "qdev": "/machine/unattached/device[18]", "tray_open": false, "type": "unknown"}]
        """;

    public const string BlockStats = """
        [{"device": "drv0", "parent": {"stats": {"rd_operations": 77}, "node-name": "#block039"}, "stats": {"flush_total_time_ns": 5, "wr_total_time_ns": 4000000, "failed_wr_operations": 2,
        "failed_rd_operations": 1, "wr_bytes": 2048, "timed_stats": [], "failed_flush_operations": 0, "rd_total_time_ns": 3000000, "flush_operations": 7, "wr_operations": 4, "rd_bytes": 512,
        "rd_operations": 1, "account_failed": true, "rd_latency_histogram": {"bins": [1, 2, 3], "boundaries": [10, 100]}}, "node-name": "#block174", "qdev": "/machine/peripheral/disk0/virtio-backend"},
        {"device": "", "stats": {"rd_operations": 5}, "node-name": "alone"},
        {"device": "pflash0", "stats": {"rd_operations": 5}, "qdev": "/machine/system.flash0"}]
        """;

    [Fact]
    public void Blocks_tell_image_cache_limits_and_empty_drives()
    {
        var blocks = QmpBlocks.Parse(Bytes.Of(Block))!;
        Assert.Equal(
            new BlockInfo("drv0", "/machine/peripheral/disk0/virtio-backend", "/tmp/d1.raw", "raw", "none", false, 67108864, 4096, "100 iops, 10M/s", "ok"), blocks[0]);
        Assert.Null(blocks[1].Image);
    }

    // As QEMU 10.0.2 answers for -blockdev driver=throttle above a qcow2 image, cut to what is read.
    public const string ThrottledBlock = """
        [{"device": "", "inserted": {"iops": 0, "bps": 0, "drv": "throttle", "image": {"virtual-size": 67108864, "actual-size": 200704},
        "file": "json:{\"throttle-group\": \"tg0\", \"driver\": \"throttle\", \"file\": {\"driver\": \"qcow2\", \"file\": {\"driver\": \"file\", \"filename\": \"/tmp/d.qcow2\"}}}"},
        "qdev": "/machine/peripheral/disk0/virtio-backend"}]
        """;

    [Fact]
    public void Blocks_behind_a_throttle_node_tell_its_group_and_what_it_stands_on()
    {
        var disk = Assert.Single(QmpBlocks.Parse(Bytes.Of(ThrottledBlock))!);
        Assert.Equal(("tg0", "qcow2", "/tmp/d.qcow2", null), (disk.ThrottleGroup, disk.Format, disk.Image, disk.Limits));
    }

    [Theory]
    [InlineData("tg0\\\" or worse")]
    [InlineData("../chardevs")]
    [InlineData("")]
    public void Throttle_group_that_is_no_id_is_none(string group) =>
        Assert.Null(QmpBlocks.Parse(Bytes.Of(ThrottledBlock.Replace("tg0", group, StringComparison.Ordinal)))?[0].ThrottleGroup);

    [Fact]
    public void GroupLimits_say_each_that_is_set() => Assert.Equal(
        "100 iops, 7 wr iops, rd 10M/s",
        QmpBlocks.GroupLimits(Bytes.Of("""{"bps-read-max-length": 1, "iops-total": 100, "iops-write": 7, "bps-read": 10485760, "bps-total": 0, "iops-total-max": 0}""")));

    [Theory]
    [InlineData(true, false, true, "unsafe")]
    [InlineData(true, true, false, "none")]
    [InlineData(true, false, false, "writeback")]
    [InlineData(false, true, false, "directsync")]
    [InlineData(false, false, false, "writethrough")]
    public void Blocks_name_the_cache_mode_as_the_command_line_does(bool writeback, bool direct, bool noFlush, string mode)
    {
        static string J(bool b) => b ? "true" : "false";
        var json = $$$"""[{"device": "d", "inserted": {"cache": {"writeback": {{{J(writeback)}}}, "direct": {{{J(direct)}}}, "no-flush": {{{J(noFlush)}}} } } }]""";
        Assert.Equal(mode, QmpBlocks.Parse(Bytes.Of(json))![0].Cache);
    }

    [Fact]
    public void BlockStats_take_the_device_and_not_what_is_below_it()
    {
        var disks = new List<BlockCounters>();
        Assert.True(QmpBlockStats.TryParse(Bytes.Of(BlockStats), [], disks));
        var disk = Assert.Single(disks);
        Assert.Equal(("drv0", 1UL, 4UL, 7UL, 512UL, 2048UL), (disk.Device, disk.Reads, disk.Writes, disk.Flushes, disk.ReadBytes, disk.WrittenBytes));
        Assert.Equal((3000000UL, 4000000UL, 5UL, 1UL, 2UL, 0UL), (disk.ReadNs, disk.WriteNs, disk.FlushNs, disk.FailedReads, disk.FailedWrites, disk.FailedFlushes));
        Assert.Equal([1UL, 2, 3], disk.ReadLatency!.Bins);
    }

    [Fact]
    public void Answers_of_another_shape_are_null_and_never_throw()
    {
        Assert.Null(QmpBlocks.Parse(Bytes.Of("{")));
        Assert.Null(QmpAnswers.Text(Bytes.Of("""{"status": 5}"""), "status"));
        Fuzz.NeverThrows(
            b =>
            {
                QmpBlocks.Parse(b);
                QmpBlocks.GroupLimits(b);
                QmpAnswers.Vnc(b);
                QmpAnswers.Spice(b);
                QmpAnswers.Migration(b);
                QmpAnswers.DirtyRate(b);
                QmpStats.Vcpus(b);
                QmpStats.Schemas(b, "vcpu");
                QmpStats.TryParse(b, [], []);
                QmpBlockStats.TryParse(b, [], []);
            },
            Block, BlockStats, """[{"provider": "kvm", "stats": [{"name": "exits", "value": 5}, {"name": "h", "value": [1, 2]}], "qom-path": "/x"}]""");
    }

    [Fact]
    public void Display_migration_and_dirty_rate_are_read()
    {
        Assert.Equal("127.0.0.1:5977", QmpAnswers.Vnc(Bytes.Of("""{"enabled": true, "service": "5977", "host": "127.0.0.1"}""")));
        Assert.Null(QmpAnswers.Vnc(Bytes.Of("""{"enabled": false}""")));
        Assert.Equal("0.0.0.0:5900", QmpAnswers.Spice(Bytes.Of("""{"enabled": true, "host": "0.0.0.0", "port": 5900}""")));
        Assert.Null(QmpAnswers.Migration(Bytes.Of("{}")));
        var migration = QmpAnswers.Migration(Bytes.Of("""{"status": "active", "ram": {"total": 1000, "remaining": 250, "dirty-pages-rate": 10, "page-size": 4096}}"""));
        Assert.Equal(new MigrationInfo("active", 1000, 250, 40960), migration);
        Assert.Equal(3.0 * (1 << 20), QmpAnswers.DirtyRate(Bytes.Of("""{"status": "measured", "dirty-rate": 3}""")));
        Assert.Null(QmpAnswers.DirtyRate(Bytes.Of("""{"status": "unstarted"}""")));
    }

    [Fact]
    public void Stats_give_values_and_histograms_per_vcpu_with_places_shared()
    {
        const string json = """
            [{"provider": "kvm", "stats": [{"name": "guest_mode", "value": true}, {"name": "exits", "value": 123}, {"name": "hist", "value": [1, 2, 3]}], "qom-path": "/a"},
             {"provider": "kvm", "stats": [{"name": "guest_mode", "value": false}, {"name": "exits", "value": 5}, {"name": "hist", "value": [0, 0, 9]}], "qom-path": "/b"}]
            """;
        var counters = new List<QmpCounters>();
        Assert.True(QmpStats.TryParse(Bytes.Of(json), [], counters));
        Assert.Equal(["/a", "/b"], counters.Select(c => c.QomPath));
        Assert.Equal([1UL, 123, 1, 2, 3], counters[0].Values);
        Assert.Equal(new QmpCounterPlace("hist", 2, 3), counters[0].Places[2]);
        Assert.Same(counters[0].Places, counters[1].Places);
    }

    [Fact]
    public void Schemas_tell_unit_and_scale()
    {
        const string json = """[{"provider": "kvm", "target": "vcpu", "stats": [{"name": "halt_wait_ns", "unit": "seconds", "base": 10, "exponent": -9, "type": "cumulative"}]}]""";
        var schema = Assert.Single(QmpStats.Schemas(Bytes.Of(json), "vcpu")!);
        Assert.Equal(("halt_wait_ns", "cumulative", "seconds"), (schema.Name, schema.Type, schema.Unit));
        Assert.Equal(1e-9, schema.Scale, 15);
        Assert.Empty(QmpStats.Schemas(Bytes.Of(json), "vm")!);
    }
}
