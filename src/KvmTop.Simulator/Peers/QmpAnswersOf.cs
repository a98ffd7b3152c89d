using System.Globalization;
using KvmTop.Simulator.Model;

namespace KvmTop.Simulator.Peers;

/// <summary>What a simulated QEMU answers, in the words of QEMU 8.2. All counters follow from the model's waves, so they never fall and need no memory of their own.</summary>
internal sealed class QmpAnswersOf(HostModel host, SimProcess process, SimMonitor monitor)
{
    private const string BalloonPath = "/machine/peripheral/balloon0";
    private const long ReadSize = 32 << 10;
    private const long WriteSize = 16 << 10;

    // Bytes that go the other way hold up a read or write: ns a byte.
    private const double Crowding = 2;

    // Of 1000 reads or writes, how many take at most so many times the usual; the last bin has no bound.
    private static readonly Bin[] s_spread = [new(0.5, 120), new(1, 480), new(2, 300), new(5, 85), new(20, 12), new(0, 3)];

    /// <summary>The answer's member ("return" or "error") with its value; null for a command that there is not.</summary>
    public string? To(string command, string path, string property) => (command, path, property) switch
    {
        ("qmp_capabilities" or "query-migrate", _, _) => Return("{}"),
        ("query-status", _, _) => Return($$"""{"status": "{{(process.IsPaused ? "paused" : "running")}}", "running": {{(process.IsPaused ? "false" : "true")}}}"""),
        ("query-dirty-rate", _, _) => Return("""{"status": "unstarted", "start-time": 0, "calc-time": 0, "mode": "page-sampling"}"""),
        ("query-vnc", _, _) => Return(monitor.VncPort is { } port ? $$"""{"enabled": true, "host": "127.0.0.1", "service": "{{Text(port)}}", "family": "ipv4", "auth": "none", "clients": []}""" : """{"enabled": false}"""),
        ("query-block", _, _) => Return(Block()),
        ("query-blockstats", _, _) => Return(BlockStats()),
        ("query-balloon", _, _) => monitor.Balloon is not null
            ? Return($$"""{"actual": {{Text(Actual)}}}""")
            : "\"error\": {\"class\": \"DeviceNotActive\", \"desc\": \"No balloon device has been activated\"}",
        ("qom-list", "/machine/peripheral", _) => Return(monitor.Balloon is null
            ? """[{"name": "type", "type": "string"}]"""
            : """[{"name": "type", "type": "string"}, {"name": "balloon0", "type": "child<virtio-balloon-pci>"}, {"name": "net0", "type": "child<virtio-net-pci>"}]"""),
        ("qom-list", "/machine/peripheral-anon", _) => Return("""[{"name": "type", "type": "string"}, {"name": "device[0]", "type": "child<virtio-net-pci>"}]"""),
        ("qom-get", "/machine", "type") => Return($"\"{monitor.Machine}-machine\""),
        ("qom-get", BalloonPath, "guest-stats-polling-interval") when monitor.Balloon is { } balloon => Return(Text(balloon.Seconds)),
        ("qom-get", BalloonPath, "guest-stats") when monitor.Balloon is { } balloon => Return(GuestStats(balloon)),
        _ => null,
    };

    private static string Return(string value) => "\"return\": " + value;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private long Actual => monitor.MemoryBytes - monitor.Balloon!.TakenBytes;

    private string Block() => $$"""
        [{"io-status": "ok", "device": "{{monitor.Drive}}", "locked": false, "removable": false, "inserted": {"iops_rd": 0, "iops_wr": 0, "iops": 0, "bps_rd": 0, "bps_wr": 0, "bps": 0, "ro": false, "drv": "qcow2",
        "image": {"virtual-size": {{Text(monitor.DiskBytes)}}, "actual-size": {{Text(monitor.DiskBytes / 5 * 3)}}, "filename": "{{monitor.Image}}", "format": "qcow2"},
        "cache": {"no-flush": false, "direct": true, "writeback": true}, "file": "{{monitor.Image}}"}, "qdev": "{{monitor.Qdev}}", "type": "unknown"}]
        """.ReplaceLineEndings(" ");

    private string BlockStats()
    {
        var lived = process.Life.Lived(host.Clock.Now());
        var (read, written) = (process.ReadBytes.Integral(lived), process.WrittenBytes.Integral(lived));
        var (reads, writes) = (read / ReadSize, written / WriteSize);
        var flushes = writes / 40;
        var readNs = (long)(reads * monitor.DiskNs) + (long)(written * Crowding);
        var writeNs = (long)(writes * monitor.DiskNs * 0.8) + (long)(read * Crowding);
        return $$"""
            [{"device": "{{monitor.Drive}}", "node-name": "libvirt-1-format", "qdev": "{{monitor.Qdev}}", "stats": {"rd_bytes": {{Text(read)}}, "wr_bytes": {{Text(written)}}, "rd_operations": {{Text(reads)}},
            "wr_operations": {{Text(writes)}}, "flush_operations": {{Text(flushes)}}, "rd_total_time_ns": {{Text(readNs)}}, "wr_total_time_ns": {{Text(writeNs)}},
            "flush_total_time_ns": {{Text((long)(flushes * monitor.DiskNs * 2))}}, "failed_rd_operations": 0, "failed_wr_operations": 0, "failed_flush_operations": 0{{Histogram("rd", reads)}}{{Histogram("wr", writes)}} } }]
            """.ReplaceLineEndings(" ");
    }

    private string Histogram(string kind, long operations)
    {
        if (!monitor.HasHistogram)
        {
            return "";
        }

        var bounds = s_spread.SkipLast(1).Select(b => Text((long)(b.Times * monitor.DiskNs)));
        var bins = s_spread.Select(b => Text(operations / 1000 * b.Share));
        return $$""", "{{kind}}_latency_histogram": {"boundaries": [{{string.Join(", ", bounds)}}], "bins": [{{string.Join(", ", bins)}}]}""";
    }

    private string GuestStats(SimBalloon balloon)
    {
        const string unknown = "18446744073709551615";
        if (balloon.Seconds == 0 || !balloon.HasDriver)
        {
            return $$"""{"stats": {"stat-total-memory": {{unknown}}, "stat-free-memory": {{unknown}}, "stat-available-memory": {{unknown}}, "stat-disk-caches": {{unknown}}}, "last-update": 0}""";
        }

        // The kernel keeps a part for itself; a fifth of what was touched are caches.
        var period = balloon.Seconds * SimClock.Second;
        var then = host.Clock.Now() / period * period;
        var total = Actual / 100 * 98;
        var used = Math.Min(monitor.TouchedBytes / 5 * 4 + (long)((process.Memory.Swing?.Value(then) ?? 0) * 1024), total / 100 * 97);
        var caches = Math.Min(monitor.TouchedBytes / 5, total - used);
        var free = Math.Max(total - used - caches, total / 64);
        return $$"""
            {"stats": {"stat-total-memory": {{Text(total)}}, "stat-free-memory": {{Text(free)}}, "stat-available-memory": {{Text(free + (caches / 10 * 9))}}, "stat-disk-caches": {{Text(caches)}},
            "stat-swap-in": 0, "stat-swap-out": 0, "stat-htlb-pgalloc": {{unknown}}}, "last-update": {{Text(host.Clock.BootTime + (then / SimClock.Second))}}}
            """.ReplaceLineEndings(" ");
    }

    private sealed record Bin(double Times, int Share);
}
