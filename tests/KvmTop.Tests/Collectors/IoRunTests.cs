using KvmTop.Collectors;
using KvmTop.Tests.Linux;
using KvmTop.Tests.Vmm.Qmp;

namespace KvmTop.Tests.Collectors;

/// <summary>Disks, networks and monitors through all their layers: a host whose files a test writes, with a monitor over a real socket.</summary>
public sealed class IoRunTests
{
    // The monitor's socket belongs to the process that runs the tests.
    private static readonly int s_pid = Environment.ProcessId;

    [Fact]
    public void Monitor_tells_state_machine_display_and_disks()
    {
        var asked = 0;
        using var monitor = FakeMonitor.Answering((name, id) => name switch
        {
            "query-status" => $$$"""{"return": {"status": "io-error", "running": false}, "id": {{{id}}}}""",
            "qom-get" => $$"""{"return": "pc-q35-10.0-machine", "id": {{id}}}""",
            "query-vnc" => $$$"""{"return": {"enabled": true, "host": "::1", "service": "5901"}, "id": {{{id}}}}""",
            "query-block" => $$"""{"return": {{QmpAnswersTests.Block.ReplaceLineEndings("")}}, "id": {{id}}}""",
            "query-blockstats" => $$$"""{"return": [{"device": "drv0", "qdev": "/machine/peripheral/disk0/virtio-backend", "stats": {"rd_operations": {{{10 * ++asked}}}, "wr_operations": 0, "rd_total_time_ns": {{{asked * 20_000_000}}}, "wr_total_time_ns": 0}}], "id": {{{id}}}}""",
            _ => $$$"""{"error": {"class": "CommandNotFound", "desc": "no"}, "id": {{{id}}}}""",
        });
        using var run = Run(monitor.Path, out _);
        Until(run, monitor, () => Json(run, "vms", 0, "disks").Contains("\"reads_per_s\":", StringComparison.Ordinal) && Text(run, "run_state") is not null && Number(run, "disk_reads_per_s") > 0
            && Json(run, "vms", 0, "disks").Contains("/tmp/d1.raw", StringComparison.Ordinal) && Text(run, "display") is not null && Text(run, "machine") is not null);

        Assert.Equal(("io-error", "io-error", "pc-q35-10.0", "vnc ::1:5901", "10.0.2"), (Text(run, "state"), Text(run, "run_state"), Text(run, "machine"), Text(run, "display"), Text(run, "qmp")));
        Assert.Equal(0.002, Number(run, "disk_latency_s"), 9);
        Assert.Contains("""{"name":"disk0","bus":"virtio","image":"/tmp/d1.raw","format":"raw","cache":"none","limits":"100 iops, 10M/s","io_status":"ok",""", Json(run, "vms", 0, "disks"));
    }

    [Fact]
    public void Limits_of_a_throttle_node_are_those_of_its_group()
    {
        var limit = 100;
        using var monitor = FakeMonitor.Answering((name, id) => name switch
        {
            "query-block" => $$"""{"return": {{QmpAnswersTests.ThrottledBlock.ReplaceLineEndings("")}}, "id": {{id}}}""",
            "qom-get" => $$$"""{"return": {"iops-total": {{{Volatile.Read(ref limit)}}}, "bps-read": 0}, "id": {{{id}}}}""",
            "query-blockstats" => $$$"""{"return": [{"device": "", "qdev": "/machine/peripheral/disk0/virtio-backend", "stats": {"rd_operations": 1}}], "id": {{{id}}}}""",
            _ => $$$"""{"error": {"class": "CommandNotFound", "desc": "no"}, "id": {{{id}}}}""",
        });
        using var run = Run(monitor.Path, out _);
        string Disks() => Json(run, "vms", 0, "disks");
        Until(run, monitor, () => Disks().Contains("\"image\":\"/tmp/d.qcow2\",\"format\":\"qcow2\"", StringComparison.Ordinal) && Disks().Contains("\"limits\":\"100 iops\"", StringComparison.Ordinal));

        // Changed at run time (qom-set): seen with the next look.
        Volatile.Write(ref limit, 50);
        Until(run, monitor, () => Disks().Contains("\"limits\":\"50 iops\"", StringComparison.Ordinal));
        Assert.Contains("\"path\":\"/objects/tg0\",\"property\":\"limits\"", Received(monitor), StringComparison.Ordinal);
    }

    [Fact]
    public void Events_of_a_monitor_join_the_list_with_their_weight()
    {
        using var monitor = FakeMonitor.Answering((name, id) =>
            (name == "query-vnc" ? """{"event": "BLOCK_IO_ERROR", "data": {"device": "d0", "reason": "No\u001b[2J space"}, "timestamp": {}}""" + "\n" : "")
            + $$$"""{"return": {}, "id": {{{id}}}}""");
        using var run = Run(monitor.Path, out _);
        Until(run, monitor, () => run.Snapshot.Events.Items.Any(e => e.Source == "qmp" && e.Text.StartsWith("BLOCK_IO_ERROR", StringComparison.Ordinal)));
        var e = run.Snapshot.Events.Items.First(e => e.Source == "qmp" && e.Text.StartsWith("BLOCK_IO_ERROR", StringComparison.Ordinal));
        Assert.Equal((Severity.Warning, "db1"), (e.Severity, e.Subject));
        Assert.DoesNotContain('\u001b', e.Text);
    }

    [Fact]
    public void Vm_without_a_monitor_has_a_row_of_its_process_that_says_why()
    {
        using var run = Run(null, out _);
        run.Tick();
        run.Tick();
        var row = IoRow.All(run.Snapshot).First(r => r.Kind == "proc");
        Assert.Contains("no such file", Catalog.IoMetrics.Single(m => m.Id == "behind").Get(row).Text);
        Assert.False(Catalog.IoMetrics.Single(m => m.Id == "in_bytes_per_s").Get(row).IsMissing);
    }

    [Fact]
    public void Tap_is_counted_as_the_guest_sees_it()
    {
        using var run = Run(null, out var host);
        run.Tick();
        host.Write($"/proc/{s_pid}/net/dev", NetDevTests.Text.Replace("tap0:100 2 3 4 0 0 0 0 500 6 7 8", "tap0:1100 12 3 5 0 0 0 0 4500 46 7 9", StringComparison.Ordinal));
        run.Tick(2);
        Assert.Equal((2000.0, 500.0), (Number(run, "rx_bytes_per_s"), Number(run, "tx_bytes_per_s")));
        Assert.StartsWith("""[{"name":"tap0","kind":"tap","model":"virtio-net-pci","bridge":"br7","queues":2,"vhost":"yes","rx_bytes_per_s":2000,"tx_bytes_per_s":500,"rx_packets_per_s":20,"tx_packets_per_s":5,"rx_dropped_per_s":0.5,"tx_dropped_per_s":0.5}""", Json(run, "vms", 0, "nics"));
    }

    [Fact]
    public void Tap_counter_that_fell_is_unknown()
    {
        using var run = Run(null, out var host);
        run.Tick();
        host.Write($"/proc/{s_pid}/net/dev", NetDevTests.Text.Replace("tap0:100", "tap0:1", StringComparison.Ordinal));
        run.Tick();
        Assert.True(double.IsNaN(Number(run, "tx_bytes_per_s")));
    }

    [Fact]
    public void Backend_without_an_interface_says_so()
    {
        using var run = Run(null, out _);
        run.Tick();
        run.Tick();
        var user = NicRow.Of(VmRow.All(run.Snapshot).Single()).Last();
        Assert.Equal(("e1000", "user", "its back end has no interface of the host's to count on"), (user.Nic.Info.Name, user.Nic.Info.Kind, Catalog.NicMetrics.Single(m => m.Id == "rx_bytes_per_s").Get(user).MissingReason));
    }

    [Fact]
    public void Passthrough_device_shows_group_parent_and_driver()
    {
        using var run = Run(null, out var host);
        host.Link("/sys/bus/pci/devices/0000:3b:10.2/iommu_group", "../../../kernel/iommu_groups/42");
        host.Link("/sys/bus/pci/devices/0000:3b:10.2/physfn", "../0000:3b:00.0");
        host.Link("/sys/bus/pci/devices/0000:3b:10.2/driver", "../../../bus/pci/drivers/vfio-pci");
        host.Write("/sys/bus/pci/devices/0000:3b:10.2/physfn/net/ens1f0/x", "");
        run.Tick();
        var row = IoRow.All(run.Snapshot).Single(r => r.Kind == "pci");
        Assert.Equal(("0000:3b:10.2", "IOMMU group 42, VF of 0000:3b:00.0 (ens1f0), vfio-pci"), (row.Name, Catalog.IoMetrics.Single(m => m.Id == "behind").Get(row).Text));
    }

    internal static AllTopics Run(string? socket, out FakeHost host, QmpUse qmp = QmpUse.Auto)
    {
        host = new FakeHost();
        using var vms = new VmHost(host);
        vms.Qemu(s_pid, 1, commandLine:
            "qemu-system-x86_64\0-name\0db1\0-qmp\0unix:/run/db1.qmp,server=on,wait=off\0-netdev\0tap,id=n0,script=no\0-device\0virtio-net-pci,netdev=n0\0-netdev\0user,id=n1\0-device\0e1000,netdev=n1\0-device\0vfio-pci,host=3b:10.2\0");
        host.Link($"/proc/{s_pid}/fd/20", "/dev/net/tun");
        host.Link($"/proc/{s_pid}/fd/21", "/dev/net/tun");
        host.Link($"/proc/{s_pid}/fd/22", "/dev/vhost-net");
        host.Link($"/proc/{s_pid}/fd/23", "/dev/vhost-net");
        host.Write($"/proc/{s_pid}/fdinfo/20", "pos:\t0\niff:\ttap0\n");
        host.Write($"/proc/{s_pid}/fdinfo/21", "pos:\t0\niff:\ttap0\n");
        host.Write($"/proc/{s_pid}/net/dev", NetDevTests.Text);
        host.Link("/sys/class/net/tap0/master", "../br7");
        if (socket is not null)
            host.Sockets[$"/proc/{s_pid}/root/run/db1.qmp"] = socket;
        return new AllTopics(host, qmp);
    }

    /// <summary>Ticks of half a second, at each of which the monitor answers all that it was asked, until what is wanted has come.</summary>
    internal static void Until(AllTopics run, FakeMonitor monitor, Func<bool> condition)
    {
        for (var i = 0; i < 300; i++)
        {
            run.Tick(0.5);
            monitor.Settle();
            if (condition())
                return;
        }

        Assert.Fail(run.Json());
    }

    private static string Received(FakeMonitor monitor)
    {
        lock (monitor.Received)
        {
            return monitor.Received.ToString();
        }
    }

    private static Figure Vm(AllTopics run, string id) => Catalog.VmMetrics.Single(m => m.Id == id).Get(VmRow.All(run.Snapshot).Single());

    private static string? Text(AllTopics run, string id) => Vm(run, id).Text;

    private static double Number(AllTopics run, string id) => Vm(run, id).Number;

    private static string Json(AllTopics run, string list, int index, string name)
    {
        using var json = System.Text.Json.JsonDocument.Parse(run.Json());
        return json.RootElement.GetProperty(list)[index].GetProperty(name).GetRawText();
    }
}
