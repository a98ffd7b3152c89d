using KvmTop.Collectors;
using KvmTop.Tests.Simulator;
using KvmTop.Tests.Vmm.Qmp;

namespace KvmTop.Tests.Collectors;

/// <summary>Balloons through all their layers, with a monitor over a real socket.</summary>
public sealed class BalloonRunTests
{
    // The wall clock of the host when its first tick begins: it has been up for 5000 s.
    private static readonly DateTimeOffset s_start = new SteppedTime().GetUtcNow() + TimeSpan.FromSeconds(5000);

    private const string Device = """[{"name": "balloon0", "type": "child<virtio-balloon-pci>"}]""";

    [Fact]
    public void Balloon_and_the_guests_own_view_are_shown()
    {
        using var monitor = Monitor("""{"actual": 536870912}""", Device, 10, age: 4);
        using var run = IoRunTests.Run(monitor.Path, out _);
        IoRunTests.Until(run, monitor, () => Number(run, "balloon_bytes") > 0 && Number(run, "guest_free_bytes") > 0);
        Assert.Equal((536870912.0, 700000000.0, 600000000.0), (Number(run, "balloon_bytes"), Number(run, "guest_available_bytes"), Number(run, "guest_free_bytes")));
        Assert.InRange(Number(run, "guest_memory_age_s"), 3, 60);
        Assert.Equal("the guest's driver does not report it", Why(run, "guest_cache_bytes"));
    }

    [Fact]
    public void Vm_without_a_balloon_says_so()
    {
        using var monitor = Monitor(null, "[]", 0, null);
        using var run = IoRunTests.Run(monitor.Path, out _);
        IoRunTests.Until(run, monitor, () => Why(run, "balloon_bytes") == BalloonCollector.NoDevice && Why(run, "guest_free_bytes") == BalloonCollector.NoDevice);
    }

    [Theory]
    [InlineData(0, null, "nobody has the guest report")]
    [InlineData(2, null, "has no driver")]
    [InlineData(2, 300, "the guest has not reported for 3")]
    public void Guest_that_does_not_report_has_a_reason(int interval, int? age, string reason)
    {
        using var monitor = Monitor("""{"actual": 5}""", Device, interval, age);
        using var run = IoRunTests.Run(monitor.Path, out _);
        IoRunTests.Until(run, monitor, () => Why(run, "guest_free_bytes")?.Contains(reason, StringComparison.Ordinal) == true);
        Assert.True(double.IsNaN(Number(run, "guest_free_bytes")));
        Assert.Equal(5, Number(run, "balloon_bytes"));
    }

    [Fact]
    public void Nothing_is_set()
    {
        using var monitor = Monitor("""{"actual": 5}""", Device, 0, null);
        using var run = IoRunTests.Run(monitor.Path, out _);
        IoRunTests.Until(run, monitor, () => Why(run, "guest_free_bytes")?.Contains("nobody", StringComparison.Ordinal) == true);
        lock (monitor.Received)
            Assert.DoesNotContain("qom-set", monitor.Received.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Monitors_are_left_alone_when_switched_off()
    {
        using var monitor = Monitor("""{"actual": 5}""", Device, 0, null);
        using var run = IoRunTests.Run(monitor.Path, out _, QmpUse.Off);
        run.Tick();
        run.Tick();
        foreach (var id in new[] { "balloon_bytes", "guest_free_bytes", "disk_latency_s", "run_state" })
            Assert.Equal("QMP: switched off (qmp=off)", Why(run, id));
        Assert.Equal(0, monitor.Connections);
    }

    private static FakeMonitor Monitor(string? balloon, string devices, int interval, int? age) => FakeMonitor.AnsweringLines((line, id) =>
    {
        var value = line.Contains("query-balloon", StringComparison.Ordinal) ? balloon
            : line.Contains("qom-list", StringComparison.Ordinal) ? line.Contains("anon", StringComparison.Ordinal) ? "[]" : devices
            : line.Contains("polling-interval", StringComparison.Ordinal) ? $"{interval}"
            : line.Contains("guest-stats", StringComparison.Ordinal)
                ? QmpBalloonTests.Stats.ReplaceLineEndings("").Replace("1763841600", age is { } a ? $"{s_start.ToUnixTimeSeconds() - a}" : "0", StringComparison.Ordinal)
            : "{}";
        return value is null ? $$$"""{"error": {"class": "DeviceNotActive", "desc": "No balloon device has been activated"}, "id": {{{id}}}}""" : $$"""{"return": {{value}}, "id": {{id}}}""";
    });

    private static Figure Vm(AllTopics run, string id) => Catalog.VmMetrics.Single(m => m.Id == id).Get(VmRow.All(run.Snapshot).Single());

    private static string? Why(AllTopics run, string id) => Vm(run, id).MissingReason;

    private static double Number(AllTopics run, string id) => Vm(run, id).Number;
}
