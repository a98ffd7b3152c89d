using System.Diagnostics;
using System.Text.Json;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.RealTests.Harness;
using KvmTop.Vmm;

namespace KvmTop.RealTests.Io;

/// <summary>Monitors, disks and networks of real guests.</summary>
public sealed class IoTests
{
    private const int Limit = 50;

    [Fact]
    public void Monitor_tells_machine_display_and_run_state()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Idle });
        var vm = Latest(guest, v => v.GetProperty("run_state").ValueKind == JsonValueKind.String);
        Assert.Equal(("prelaunch", "paused"), (vm.GetProperty("run_state").GetString(), vm.GetProperty("state").GetString()));
        Assert.StartsWith("pc-q35-", vm.GetProperty("machine").GetString());
        Assert.Matches(@"^\d+\.\d+\.\d+$", vm.GetProperty("qmp").GetString());
    }

    [Fact]
    public void Client_sees_pause_and_resume_as_events_and_leaves_the_other_monitor_alone()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt });
        using var io = new QmpIo(new DirectoryHost());
        var connection = Connect(io, guest);
        Assert.True(connection.Execute("query-status", null, TimeSpan.FromSeconds(30)).IsOk);
        guest.Qmp("stop");
        guest.Qmp("cont");
        var names = new List<string>();
        Assert.True(Wait.Until(
            () =>
            {
                while (connection.TryTakeEvent(out var e))
                    names.Add(e.Name);
                return names.Contains("RESUME");
            },
            TimeSpan.FromSeconds(30)), string.Join(' ', names));
        Assert.Equal(["STOP", "RESUME"], names.Where(n => n is "STOP" or "RESUME"));
    }

    [Fact]
    public void Client_refuses_the_socket_of_another_guest()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt });
        using var other = Guest.Start(new GuestOptions { Work = GuestWork.Halt });
        using var io = new QmpIo(new DirectoryHost());
        var connection = io.Open(new QmpTarget([Socket(other)], null), new QmpPeer(guest.Pid));
        Assert.Contains($"belongs to process {other.Pid}", connection.Execute("stop", null, TimeSpan.FromSeconds(30)).Reason);
        Assert.Equal("running", other.Qmp("query-status").GetProperty("status").GetString());
    }

    [Fact]
    public void Client_of_a_guest_that_dies_fails_and_does_not_hang()
    {
        var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt });
        using var io = new QmpIo(new DirectoryHost());
        var connection = Connect(io, guest);
        Assert.True(connection.Execute("query-status", null, TimeSpan.FromSeconds(30)).IsOk);
        guest.Dispose();
        Assert.True(Wait.Until(() => connection.State == QmpState.Failed, TimeSpan.FromSeconds(30)), $"{connection.State} {connection.Reason}");
    }

    [Fact]
    public void Query_stats_lie_between_two_readings_of_another_client()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits, Vcpus = 2 });
        using var io = new QmpIo(new DirectoryHost());
        var stats = new KvmQueryStats(Connect(io, guest));
        Assert.True(Wait.Until(() => Fresh(stats) && stats.Latest!.Vcpus.All(v => v.Tid > 0) && stats.VcpuSchemas is not null, TimeSpan.FromSeconds(30)), stats.Reason);
        Assert.Equal(guest.VcpuTids, stats.Latest!.Vcpus.OrderBy(v => v.Index).Select(v => v.Tid));

        // One answer may be under way since before: the second new one was asked for after this.
        var before = Exits(guest);
        Assert.True(Wait.Until(() => Fresh(stats), TimeSpan.FromSeconds(30)));
        Assert.True(Wait.Until(() => Fresh(stats), TimeSpan.FromSeconds(30)));
        var after = Exits(guest);
        var (_, _, counters) = stats.Latest.Vcpus.Single(v => v.Index == 0);
        var place = counters.Places.Single(p => p.Name == "exits");
        Assert.InRange(counters.Values[place.Index], before, after);
        Assert.Contains(stats.VcpuSchemas!, s => s.Name == "exits" && s.Type == "cumulative");
        Assert.True(Wait.Until(() => Fresh(stats) && stats.LatestVm is not null, TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void Disk_held_back_by_a_throttle_reads_at_its_rate()
    {
        using var place = new Workplace();
        var image = Path.Combine(place.Folder, "disk.raw");
        using (var file = File.Create(image))
            file.SetLength(1 << 20);
        using var guest = Guest.Start(new GuestOptions
        {
            Work = GuestWork.ReadDisk,
            ExtraArguments = ["-machine", "pc", "-drive", $"file={image},format=raw,if=ide,throttling.iops-total={Limit}"],
        });
        Assert.True(Wait.Until(() => Reads(guest) > 0, TimeSpan.FromSeconds(30)), "the guest does not read");

        // A machine whose CPUs are taken away reads less than it may: the same moments, read another way, say how much.
        var tries = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            var (reads, clock) = (Reads(guest), Stopwatch.StartNew());
            var records = JsonRecords.Run("-n", "7", "-d", "1");
            var actual = (Reads(guest) - reads) / clock.Elapsed.TotalSeconds;
            var disks = records.Skip(3).Select(r => r.Vm(guest.Pid).GetProperty("disks")).Where(d => d.GetArrayLength() > 0).Select(d => d[0]).ToList();
            var seen = disks.Where(d => d.GetProperty("reads_per_s").ValueKind == JsonValueKind.Number).Select(d => d.GetProperty("reads_per_s").GetDouble()).DefaultIfEmpty(double.NaN).Average();
            tries.Add($"{seen:0.0} seen, {actual:0.0} counted");
            if (Math.Abs(seen - Limit) > Limit * 0.05 || Math.Abs(seen - actual) > actual * 0.05)
                continue;

            var disk = disks[^1];
            Assert.Equal(("ide", image, "raw", $"{Limit} iops"), (disk.GetProperty("bus").GetString(), disk.GetProperty("image").GetString(), disk.GetProperty("format").GetString(), disk.GetProperty("limits").GetString()));
            Assert.InRange(disk.GetProperty("latency_s").GetDouble(), 0.000_01, 1);
            Assert.InRange(disk.GetProperty("read_bytes_per_s").GetDouble() / disk.GetProperty("reads_per_s").GetDouble(), 505, 520);
            return;
        }

        Assert.Fail(string.Join("; ", tries));
    }

    [Fact]
    public void Disk_behind_a_throttle_node_shows_the_limits_of_its_group_and_what_it_stands_on()
    {
        using var place = new Workplace();
        var image = Path.Combine(place.Folder, "disk.raw");
        using (var file = File.Create(image))
            file.SetLength(1 << 20);
        using var guest = Guest.Start(new GuestOptions
        {
            Work = GuestWork.Halt,
            ExtraArguments =
            [
                "-object", "throttle-group,id=tg0,x-iops-total=120,x-bps-read=10485760",
                "-blockdev", $"driver=file,filename={image},node-name=f0", "-blockdev", "driver=raw,file=f0,node-name=r0", "-blockdev", "driver=throttle,throttle-group=tg0,file=r0,node-name=t0",
                "-device", "virtio-blk-pci,drive=t0,id=disk0",
            ],
        });
        var said = "";
        for (var i = 0; i < 6; i++)
        {
            var disks = JsonRecords.Run("-n", "5", "-d", "1")[^1].Vm(guest.Pid).GetProperty("disks");
            said = disks.GetRawText();
            if (disks.GetArrayLength() == 1 && disks[0].GetProperty("limits").GetString() == "120 iops, rd 10M/s")
            {
                Assert.Equal(("raw", image, "virtio"), (disks[0].GetProperty("format").GetString(), disks[0].GetProperty("image").GetString(), disks[0].GetProperty("bus").GetString()));
                return;
            }
        }

        Assert.Fail(said);
    }

    [Fact]
    public void Tap_in_a_network_namespace_is_counted_as_the_guest_sees_it()
    {
        Need.Root();
        var ip = Need.Program("ip");
        if (!File.Exists("/dev/net/tun")) Assert.Skip("no /dev/net/tun");
        var space = $"kvmtop-test-{Environment.ProcessId}";
        if (Command.Run(ip, ["netns", "add", space], TimeSpan.FromSeconds(30)).ExitCode != 0) Assert.Skip("no network namespaces");
        try
        {
            string[] inside = [ip, "netns", "exec", space];
            // Nothing but what is sent here: IPv6 would ask for routers by itself.
            Command.Run(ip, ["netns", "exec", space, "bash", "-c", "echo 1 | tee /proc/sys/net/ipv6/conf/{all,default}/disable_ipv6"], TimeSpan.FromSeconds(30));
            using var guest = Guest.Start(new GuestOptions
            {
                // A NE2000 that no driver has started yet takes its packets all the same; a virtio device would leave them in the tap.
                Work = GuestWork.Halt,
                Prefix = inside,
                ExtraArguments = ["-netdev", "tap,id=n0,ifname=kvtap0,script=no,downscript=no", "-device", "ne2k_pci,netdev=n0,id=net0"],
            });
            foreach (var arguments in (string[][])[["addr", "add", "10.213.7.1/24", "dev", "kvtap0"], ["link", "set", "kvtap0", "up"], ["neigh", "add", "10.213.7.2", "lladdr", "02:00:00:00:00:02", "dev", "kvtap0"]])
                Assert.Equal(0, Command.Run(ip, ["netns", "exec", space, ip, .. arguments], TimeSpan.FromSeconds(30)).ExitCode);

            // The program stands in the host's own namespace, and sees what is sent to the guest in the other.
            using var stop = new CancellationTokenSource();
            var sender = new Thread(() =>
            {
                while (!stop.IsCancellationRequested)
                    Command.Run(ip, ["netns", "exec", space, "bash", "-c", "for i in {1..50}; do printf '%01000d' 0 >/dev/udp/10.213.7.2/9; sleep 0.01; done"], TimeSpan.FromSeconds(30));
            });
            sender.Start();
            try
            {
                var vm = Latest(guest, v => v.GetProperty("nics") is var nics && nics.GetArrayLength() == 1
                    && nics[0].GetProperty("rx_packets_per_s") is { ValueKind: JsonValueKind.Number } packets && packets.GetDouble() > 5);
                var nic = vm.GetProperty("nics")[0];
                Assert.Equal(("kvtap0", "tap", "ne2k_pci"), (nic.GetProperty("name").GetString(), nic.GetProperty("kind").GetString(), nic.GetProperty("model").GetString()));
                Assert.Equal(0, nic.GetProperty("tx_packets_per_s").GetDouble());
                // 1000 bytes with the headers of UDP, IP and Ethernet.
                Assert.InRange(nic.GetProperty("rx_bytes_per_s").GetDouble() / nic.GetProperty("rx_packets_per_s").GetDouble(), 1035, 1050);
            }
            finally
            {
                stop.Cancel();
                sender.Join(TimeSpan.FromSeconds(60));
            }
        }
        finally
        {
            Command.Run(ip, ["netns", "del", space], TimeSpan.FromSeconds(30));
        }
    }

    private static QmpConnection Connect(QmpIo io, Guest guest) => io.Open(new QmpTarget([Socket(guest)], null), new QmpPeer(guest.Pid));

    private static string Socket(Guest guest) => Path.Combine(Path.GetDirectoryName(guest.QmpSocket)!, "kvmtop");

    private static ulong Reads(Guest guest) => guest.Qmp("query-blockstats")[0].GetProperty("stats").GetProperty("rd_operations").GetUInt64();

    private static ulong Exits(Guest guest)
    {
        var path = guest.Qmp("query-cpus-fast").EnumerateArray().Single(c => c.GetProperty("cpu-index").GetInt32() == 0).GetProperty("qom-path").GetString();
        return guest.Qmp("query-stats", """{"target":"vcpu"}""").EnumerateArray().Single(v => v.GetProperty("qom-path").GetString() == path)
            .GetProperty("stats").EnumerateArray().Single(s => s.GetProperty("name").GetString() == "exits").GetProperty("value").GetUInt64();
    }

    /// <summary>The guest as the program shows it, once it is as wanted.</summary>
    private static bool Fresh(KvmQueryStats stats)
    {
        var isNew = stats.Take();
        stats.Ask();
        return isNew;
    }

    private static JsonElement Latest(Guest guest, Func<JsonElement, bool> wanted)
    {
        var text = "";
        for (var i = 0; i < 5; i++)
        {
            foreach (var record in JsonRecords.Run("-n", "6", "-d", "0.5"))
            {
                if (record.FindVm(guest.Pid) is { } vm)
                {
                    text = vm.ToString();
                    if (wanted(vm)) return vm;
                }
            }
        }

        throw new InvalidOperationException(text);
    }
}
