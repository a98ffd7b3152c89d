using System.Diagnostics;
using System.Text.Json;
using KvmTop.RealTests.Harness;
using KvmTop.RealTests.Kvm;

namespace KvmTop.RealTests.Libvirt;

/// <summary>Guests of a real libvirtd, beside one without it.</summary>
public sealed class LibvirtTests
{
    private const double Tolerance = 0.03;
    private const int Attempts = 4;
    private const int Stop = 19;
    private const int Continue = 18;

    [Fact]
    public void Records_have_libvirts_guests_beside_others_and_those_that_are_off()
    {
        using var daemon = LibvirtDaemon.Start();
        using var plain = Guest.Start(new GuestOptions { Work = GuestWork.Halt });
        daemon.Define("lv-on", GuestWork.Halt, "A <b>title</b> & more", new string('&', 100_000));
        daemon.Define("lv-off", GuestWork.Halt);
        daemon.Virsh("autostart", "lv-off");
        var pid = daemon.Run("lv-on");

        var record = Answered(daemon);
        var vm = record.Vm(pid);
        var domain = vm.GetProperty("libvirt");
        Assert.Equal(("lv-on", "running"), (vm.Text("name"), vm.Text("state")));
        Assert.Equal(("lv-on", "A <b>title</b> & more", "running", "yes", "no"), (domain.Text("name"), domain.Text("title"), domain.Text("state"), domain.Text("persistent"), domain.Text("autostart")));
        Assert.Equal(vm.Text("uuid"), domain.Text("uuid"));
        Assert.Equal(64 << 20, vm.Number("balloon_bytes"));
        Assert.Equal(("vda", "virtio"), (vm.GetProperty("disks")[0].Text("name"), vm.GetProperty("disks")[0].Text("bus")));
        Assert.Equal(JsonValueKind.Null, record.Vm(plain.Pid).GetProperty("libvirt").ValueKind);
        var off = Assert.Single(record.GetProperty("inactive_domains").EnumerateArray());
        Assert.Equal(("lv-off", "off", "yes", 2), (off.Text("name"), off.Text("state"), off.Text("autostart"), off.Number("vcpu_count")));

        daemon.Virsh("suspend", "lv-on");
        vm = Answered(daemon).Vm(pid);
        Assert.Equal(("paused", "user"), (vm.Text("state"), vm.GetProperty("libvirt").Text("state_reason")));
    }

    [Fact]
    public void Kvm_counters_of_a_guest_agree_with_what_libvirt_is_told_within_3_percent()
    {
        using var daemon = LibvirtDaemon.Start();
        daemon.Define("lv-exits", GuestWork.Exits);
        var pid = daemon.Run("lv-exits");
        if (!Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Any(f => new FileInfo(f).LinkTarget?.StartsWith("anon_inode:kvm-vcpu-stats:", StringComparison.Ordinal) == true))
            Assert.Skip("this QEMU keeps no statistics descriptors open (8.1 does)");
        using var reading = new KvmReading();
        var said = "";
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            // virsh takes tens of milliseconds: the reading lies in the middle of a pair of its own.
            var (started, from) = Around(() => daemon.QueryStats("lv-exits", "exits", "insn_emulation"), () => reading.Read(pid));
            Thread.Sleep(5000);
            var vm = default(Collectors.KvmVmRates);
            var (ended, to) = Around(() => daemon.QueryStats("lv-exits", "exits", "insn_emulation"), () => vm = reading.Read(pid));
            Assert.Equal("stats fd", vm.Source);
            var table = reading.Counters(vm);
            var pairs = started.Keys.Select(name => (Name: name, Told: (ended[name] - started[name]) / (to - from), Shown: table.Find(name)!.PerSecond)).ToList();
            said = string.Join("; ", pairs.Select(p => $"{p.Name}: told {p.Told:F0}, shown {p.Shown:F0}"));
            if (pairs.All(p => p.Told > 1000 && Math.Abs(p.Shown - p.Told) <= p.Told * Tolerance)) return;
        }

        Assert.Fail(said);
    }

    [Fact]
    public void Daemon_that_is_killed_and_started_again_is_picked_up_and_one_that_hangs_stalls_nothing()
    {
        using var daemon = LibvirtDaemon.Start();
        using var place = new Workplace();
        daemon.Define("lv-on", GuestWork.Halt);
        daemon.Define("lv-off", GuestWork.Halt);
        daemon.Run("lv-on");
        using var screen = place.Start(160, 40, "--libvirt-uri", daemon.ReadOnlyUri, "--columns", "name,state,title,persistent,autostart,pid", "--filter", "name~lv-");
        screen.WaitFor(s => Row(s, "lv-off") is { } off && off.Contains(" off ", StringComparison.Ordinal) && Row(s, "lv-on")!.Contains("yes", StringComparison.Ordinal), "both domains");
        screen.WaitFor("1 off");

        daemon.Kill();
        daemon.Launch();
        daemon.Virsh("start", "lv-off");
        screen.WaitFor(s => Row(s, "lv-off")?.Contains("running", StringComparison.Ordinal) == true && Row(s, "lv-off")!.Contains("yes", StringComparison.Ordinal), "the domain after the restart", TimeSpan.FromSeconds(60));

        daemon.Signal(Stop);
        try
        {
            // The clock in the header goes on, second by second, for longer than the signs of life may be missed.
            var seen = new HashSet<string>();
            var clock = Stopwatch.StartNew();
            while (clock.Elapsed < TimeSpan.FromSeconds(15))
            {
                seen.Add(Clock(screen.Capture()));
                Thread.Sleep(200);
            }

            Assert.True(seen.Count >= 10, $"{seen.Count} different times in 15 s");
            clock.Restart();
            screen.SendKeys("q");
            Assert.Equal(0, screen.WaitForEnd());
            Assert.InRange(clock.Elapsed.TotalSeconds, 0, 5);
        }
        finally
        {
            daemon.Signal(Continue);
        }
    }

    [Fact]
    public void Events_of_a_guest_are_in_the_events_pane_and_nothing_else_is_written_on_the_screen()
    {
        using var daemon = LibvirtDaemon.Start();
        using var place = new Workplace();
        daemon.Define("lv-events", GuestWork.Halt);
        using var screen = place.Start(160, 40, "--libvirt-uri", daemon.ReadOnlyUri);
        screen.WaitFor("1 off");
        screen.SendKeys("9");
        daemon.Run("lv-events");
        screen.WaitFor(s => s.Contains("started", StringComparison.Ordinal), "started");
        daemon.Virsh("suspend", "lv-events");
        screen.WaitFor(s => s.Contains("suspended", StringComparison.Ordinal), "suspended");
        daemon.Virsh("destroy", "lv-events");
        screen.WaitFor(s => s.Contains("stopped: destroyed", StringComparison.Ordinal), "stopped: destroyed");
        daemon.Kill();
        Thread.Sleep(3000);
        Assert.DoesNotContain("error :", screen.Capture(), StringComparison.Ordinal);
    }

    /// <summary>A record with libvirt's answer in it; the last of three.</summary>
    private static JsonElement Answered(LibvirtDaemon daemon)
    {
        for (var attempt = 0; ; attempt++)
        {
            var record = JsonRecords.Run("-n", "3", "-d", "1", "--libvirt-uri", daemon.ReadOnlyUri)[^1];
            if (record.GetProperty("inactive_domains").ValueKind == JsonValueKind.Array || attempt == Attempts) return record;
        }
    }

    /// <summary>What libvirt is told, as of the moment at which something is done: it is asked before and after, which takes it tens of milliseconds each.</summary>
    private static (Dictionary<string, double> Counts, double At) Around(Func<Dictionary<string, double>> ask, Action act)
    {
        var clock = Stopwatch.GetTimestamp();
        double Middle<T>(Func<T> work, out T result)
        {
            var from = Stopwatch.GetElapsedTime(clock).TotalSeconds;
            result = work();
            return (from + Stopwatch.GetElapsedTime(clock).TotalSeconds) / 2;
        }

        var (first, at, last) = (Middle(ask, out var before), Middle(() => { act(); return 0; }, out _), Middle(ask, out var after));
        return (before.ToDictionary(p => p.Key, p => p.Value + ((after[p.Key] - p.Value) * (at - first) / (last - first))), Stopwatch.GetElapsedTime(0, clock).TotalSeconds + at);
    }

    private static string? Row(string screen, string name) => screen.Split('\n').FirstOrDefault(l => l.TrimStart('▌', ' ').StartsWith(name + " ", StringComparison.Ordinal));

    private static string Clock(string screen) => System.Text.RegularExpressions.Regex.Match(screen, @"\d\d:\d\d:\d\d").Value;
}
