using KvmTop.Collectors;
using KvmTop.Tests.Vmm.Qmp;

namespace KvmTop.Tests.Collectors;

/// <summary>A second kvmtop whose monitors are held by the first said "ok" of its sources, and nothing at the figures that were missing.</summary>
public sealed class HeldMonitorTests
{
    [Fact]
    public void Monitor_that_another_client_holds_is_the_reason_of_each_figure_and_its_sources_are_not_ok()
    {
        // A monitor with a client takes the next connection into its queue, and does not greet.
        using var monitor = new FakeMonitor(static client => client.StandStill());
        using var run = IoRunTests.Run(monitor.Path, out _);
        IoRunTests.Until(run, monitor, () => State(run, "qmp").Reason?.Contains("another client holds the monitor", StringComparison.Ordinal) == true);
        run.Tick();
        foreach (var topic in (string[])["qmp", "balloon", "disks"])
        {
            Assert.Equal(ReadingStatus.Partial, State(run, topic).Shown);
            Assert.StartsWith("1 of 1 monitors say nothing: db1: QMP: no greeting: another client holds the monitor", State(run, topic).Reason, StringComparison.Ordinal);
        }

        var vm = VmRow.All(run.Snapshot).Single();
        foreach (var id in (string[])["run_state", "machine", "display", "migration", "dirty_bytes_per_s", "qmp", "balloon_bytes", "guest_free_bytes", "guest_available_bytes", "disk_reads_per_s", "disk_writes_per_s", "disk_latency_s"])
        {
            var figure = Catalog.VmMetrics.Single(m => m.Id == id).Get(vm);
            Assert.Contains("another client holds the monitor", figure.MissingReason, StringComparison.Ordinal);
        }

        Assert.Contains("another client holds the monitor", Catalog.IoMetrics.Single(m => m.Id == "behind").Get(IoRow.All(run.Snapshot).First(r => r.Kind == "proc")).Text, StringComparison.Ordinal);
        using var json = System.Text.Json.JsonDocument.Parse(run.Json());
        foreach (var source in json.RootElement.GetProperty("sources").EnumerateArray())
        {
            Assert.True(source.GetProperty("topic").GetString() is not ("qmp" or "balloon" or "disks") || source.GetProperty("status").GetString() == "partial", source.ToString());
        }
    }

    [Fact]
    public void Monitor_that_has_not_answered_yet_is_not_ok_either()
    {
        using var monitor = new FakeMonitor(static client => client.StandStill());
        using var run = IoRunTests.Run(monitor.Path, out _);
        run.Tick(0.1);
        run.Tick(0.1);
        Assert.Equal((ReadingStatus.Partial, "1 of 1 monitors have not answered yet"), (State(run, "qmp").Shown, State(run, "qmp").Reason));
    }

    [Fact]
    public void Monitor_that_answers_is_ok()
    {
        using var monitor = FakeMonitor.Answering((_, id) => $$$"""{"return": {}, "id": {{{id}}}}""");
        using var run = IoRunTests.Run(monitor.Path, out _);
        IoRunTests.Until(run, monitor, () => State(run, "qmp").Shown == ReadingStatus.Ok);
    }

    private static TopicState State(AllTopics run, string topic) => run.Snapshot.Sources.Single(s => s.Topic.Id == topic);
}
