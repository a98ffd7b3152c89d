using System.Text;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Simulator;
using KvmTop.Tests.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Tests.Simulator;

/// <summary>The monitors of the demo's QEMUs, by the same parsers as real ones.</summary>
public sealed class QmpPeerTests
{
    [Fact]
    public void Demo_shows_latency_balloon_and_state_of_those_that_answer_and_reasons_of_the_others()
    {
        using var run = Demo();
        for (var i = 0; i < 6; i++)
            run.Tick();

        Assert.InRange(Vm(run, "erp-legacy", "disk_latency_s").Number, 0.005, 0.05);
        Assert.InRange(Vm(run, "db-primary", "disk_latency_s").Number, 0.0002, 0.002);
        Assert.Equal(20.0 * (1L << 30), Vm(run, "erp-legacy", "balloon_bytes").Number);
        Assert.InRange(Vm(run, "erp-legacy", "guest_available_bytes").Number, 1, 8.0 * (1L << 30));
        Assert.InRange(Vm(run, "erp-legacy", "guest_memory_age_s").Number, 0, 5);
        Assert.Equal("running", Vm(run, "desktop", "run_state").Text);
        Assert.Contains("no driver", Vm(run, "ci-runner", "guest_free_bytes").MissingReason);
        Assert.Contains("nobody", Vm(run, "log-ingest", "guest_free_bytes").MissingReason);
        Assert.Contains("no balloon device", Vm(run, "desktop", "balloon_bytes").MissingReason);
        Assert.Contains("libvirt", Vm(run, "web01", "balloon_bytes").MissingReason);
        var disk = DiskRow.Of(Row(run, "db-primary")).Single().Disk;
        Assert.Equal(("/var/lib/libvirt/images/db-primary.qcow2", "virtio"), (disk.Info?.Image, disk.Bus));
        Assert.InRange(disk.P99Seconds, 0.001, 0.02);
    }

    [Fact]
    public void Bytes_of_a_disk_agree_with_those_of_its_process()
    {
        using var run = Demo();
        for (var i = 0; i < 5; i++)
            run.Tick();
        var row = Row(run, "log-ingest");
        Assert.Equal(Vm(run, "log-ingest", "write_bytes_per_s").Number, DiskRow.Of(row).Single().Disk.WrittenBytesPerSecond, 0.2 * DiskRow.Of(row).Single().Disk.WrittenBytesPerSecond);
    }

    [Fact]
    public void Counters_of_a_disk_never_fall_whatever_the_step()
    {
        var time = new SteppedTime();
        var host = new SimulatedHost(new SimulatedHostOptions { Time = time });
        Assert.Equal(Errno.None, host.Connect(SocketOf(host, "db-primary"), out var socket));
        using (socket)
        {
            Ask(socket!, "qmp_capabilities");
            var before = new BlockCounters();
            for (var i = 0; i < 300; i++)
            {
                time.Advance(TimeSpan.FromMilliseconds(1 + (i * 37 % 1900)));
                var disks = new List<BlockCounters>();
                Assert.True(QmpBlockStats.TryParse(Ask(socket!, "query-blockstats").Span, [], disks));
                var now = disks.Single();
                Assert.True(now.Reads >= (before.Reads ?? 0) && now.Writes >= (before.Writes ?? 0) && now.ReadNs >= (before.ReadNs ?? 0) && now.WriteNs >= (before.WriteNs ?? 0) && now.FlushNs >= (before.FlushNs ?? 0));
                Assert.All(now.ReadLatency!.Bins.Zip(before.ReadLatency?.Bins ?? new ulong[now.ReadLatency.Bins.Length]), b => Assert.True(b.First >= b.Second));
                before = now;
            }
        }
    }

    [Fact]
    public void Unknown_command_is_refused_as_qemu_does()
    {
        var host = new SimulatedHost(new SimulatedHostOptions { Time = new SteppedTime() });
        host.Connect(SocketOf(host, "desktop"), out var socket);
        using (socket)
        {
            Ask(socket!, "qmp_capabilities");
            Assert.Equal("CommandNotFound", Encoding.UTF8.GetString(QmpMessage.Parse(Raw(socket!, "query-nonsense").Span).Name).Trim('"'));
        }
    }

    [Fact]
    public void Monitor_hangs_up_when_its_process_ends()
    {
        var time = new SteppedTime();
        var host = new SimulatedHost(new SimulatedHostOptions { Time = time });
        for (var i = 0; i < 60 && SocketOf(host, "nightly-build") is ""; i++)
            time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Errno.None, host.Connect(SocketOf(host, "nightly-build"), out var socket));
        using (socket)
        {
            time.Advance(TimeSpan.FromSeconds(54));
            Assert.Equal(0, socket!.Receive(new byte[100]));
            Assert.Equal(-(int)Errno.EPIPE, socket.Send("{}\n"u8));
        }
    }

    [Fact]
    public void Host_of_many_has_no_monitors_to_talk_to()
    {
        var time = new SteppedTime();
        using var run = new AllTopics(new SimulatedHost(SimulatedHostOptions.Scale(20, 2) with { Time = time }), time);
        run.Tick();
        run.Tick();
        Assert.Equal(Enumerable.Repeat(QmpState.Refused, 20), VmRow.All(run.Snapshot).Select(r => QmpTopic.Of(r)!.Connection));
    }

    private static AllTopics Demo()
    {
        var time = new SteppedTime();
        return new AllTopics(new SimulatedHost(new SimulatedHostOptions { Time = time }), time);
    }

    private static VmRow Row(AllTopics run, string name) => VmRow.All(run.Snapshot).Single(r => r.Vm.Info.Name == name);

    private static Figure Vm(AllTopics run, string name, string id) => Catalog.VmMetrics.Single(m => m.Id == id).Get(Row(run, name));

    /// <summary>The socket as seen through its process; empty when it does not run.</summary>
    private static string SocketOf(SimulatedHost host, string name)
    {
        var processes = new List<NumberedEntry>();
        host.ListNumbers("/proc", processes);
        var buffer = new ReadBuffer(4096, 64 << 10);
        foreach (var process in processes)
        {
            var arguments = Encoding.UTF8.GetString(buffer.ReadAll(host, $"/proc/{process.Number}/cmdline", out _)).Split('\0');
            if (arguments.FirstOrDefault(a => a.EndsWith(name + "-kvmtop.qmp,server=on,wait=off", StringComparison.Ordinal) || a.EndsWith($"/{name}.qmp,server=on,wait=off", StringComparison.Ordinal)) is { } qmp)
                return $"/proc/{process.Number}/root{qmp[5..qmp.IndexOf(',')]}";
        }

        return "";
    }

    private static ReadOnlyMemory<byte> Ask(HostSocket socket, string command)
    {
        var line = Raw(socket, command);
        var payload = QmpMessage.Parse(line.Span).Payload;
        return payload.ToArray();
    }

    private static ReadOnlyMemory<byte> Raw(HostSocket socket, string command)
    {
        Assert.True(socket.Send(Encoding.UTF8.GetBytes($$"""{"execute":"{{command}}","id":1}""" + "\n")) > 0);
        var buffer = new byte[16384];
        var n = socket.Receive(buffer);
        var text = Encoding.UTF8.GetString(buffer, 0, n).TrimEnd('\r', '\n');
        return Encoding.UTF8.GetBytes(text[(text.LastIndexOf('\n') + 1)..]);
    }
}
