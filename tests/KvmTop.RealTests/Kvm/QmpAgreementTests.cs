using System.Diagnostics;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Kvm;

/// <summary>Exits and emulated instructions of a real QEMU guest, beside what QEMU itself says over QMP.</summary>
public sealed class QmpAgreementTests
{
    private const double Tolerance = 0.03;
    private const int Attempts = 4;

    private const string Question = """{"target":"vcpu","providers":[{"provider":"kvm","names":["exits","insn_emulation","fpu_reload"]}]}""";

    [Fact]
    public void Rates_agree_with_query_stats_within_3_percent()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits, Vcpus = 2 });
        SkipWithoutStats(guest);
        using var reading = new KvmReading();
        var said = "";
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var started = Ask(guest);
            var from = Stopwatch.GetTimestamp();
            reading.Read(guest.Pid);
            Thread.Sleep(2000);
            var ended = Ask(guest);
            var seconds = Stopwatch.GetElapsedTime(from).TotalSeconds;
            var vm = reading.Read(guest.Pid);
            Assert.Equal("stats fd", vm.Source);
            var table = reading.Counters(vm);
            var pairs = started.Keys.Select(name => (Name: name, Qmp: (ended[name] - started[name]) / seconds, Shown: table.Find(name)!.PerSecond)).ToList();
            said = string.Join("; ", pairs.Select(p => $"{p.Name}: QMP {p.Qmp:F0}, shown {p.Shown:F0}"));
            if (pairs.All(p => p.Qmp > 0 ? Math.Abs(p.Shown - p.Qmp) <= p.Qmp * Tolerance : p.Shown == 0) && pairs.Any(p => p.Qmp > 1000)) return;
        }

        Assert.Fail(said);
    }

    [Fact]
    public async Task Json_records_agree_with_query_stats_within_3_percent()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits });
        SkipWithoutStats(guest);
        var said = "";
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var trail = new List<(DateTimeOffset At, double Count)>();
            var run = Task.Run(() => JsonRecords.Run("-n", "2", "-d", "2", "--stats-fds", "always"));
            while (!run.IsCompleted)
            {
                var before = DateTimeOffset.UtcNow;
                var count = Ask(guest)["exits"];
                trail.Add((before + ((DateTimeOffset.UtcNow - before) / 2), count));
                await Task.Delay(40);
            }

            var record = (await run)[^1];
            var vm = record.Vm(guest.Pid);
            Assert.Equal("stats fd", vm.Text("kvm_stats_source"));
            var (from, to) = record.Span();
            var truth = (At(trail, to) - At(trail, from)) / (to - from).TotalSeconds;
            var (whole, vcpu, named) = (vm.Number("exits_per_s"), vm.GetProperty("vcpus")[0].Number("exits_per_s"), vm.GetProperty("kvm").Number("exits"));
            said = $"QMP {truth:F0}, VM {whole:F0}, vCPU {vcpu:F0}, kvm.exits {named:F0}";
            Assert.Equal(whole, named, 1.0);
            Assert.Equal(whole, vcpu, 1.0);
            if (Math.Abs(whole - truth) <= truth * Tolerance) return;
        }

        Assert.Fail(said);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rates_over_qmp_agree_with_another_client_of_the_monitor_within_3_percent(bool old)
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits, Vcpus = 2, Qemu = old ? Need.OldQemu() : null, ExtraArguments = old ? ["-L", "/usr/share/qemu"] : [] });
        using var reading = new KvmReading(old ? Collectors.StatsFdUse.Always : Collectors.StatsFdUse.Never);
        var said = "";
        Assert.True(
            Wait.Until(
                () =>
                {
                    Thread.Sleep(1000);
                    var vm = reading.Read(guest.Pid);
                    said = $"{vm.Source}: {vm.Why}";
                    return vm.Source == "qmp" && !double.IsNaN(vm.ExitsPerSecond);
                },
                TimeSpan.FromSeconds(60)),
            said);

        // What is shown is of the second before: what another client saw since a second before that, second by second, must contain it.
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var (counts, rates) = (new List<(double Seconds, double Exits, double Emulated)>(), new List<(double Exits, double Emulated)>());
            var from = Stopwatch.GetTimestamp();
            for (var i = 0; i < 6; i++)
            {
                var sums = Ask(guest);
                counts.Add((Stopwatch.GetElapsedTime(from).TotalSeconds, sums["exits"], sums["insn_emulation"]));
                var vm = reading.Read(guest.Pid);
                Assert.Equal("qmp", vm.Source);
                Assert.Equal(guest.VcpuTids, reading.Model.Vcpus(vm).ToArray().Select(v => v.Tid));
                var table = reading.Counters(vm);
                rates.Add((table.Find("exits")!.PerSecond, table.Find("insn_emulation")!.PerSecond));
                Assert.NotNull(table.Find("pages_4k"));
                Thread.Sleep(1000);
            }

            // Each reading was asked for right after a count of the other's and is shown one tick later.
            var seconds = counts[4].Seconds - counts[0].Seconds;
            var (exits, emulated) = ((counts[4].Exits - counts[0].Exits) / seconds, (counts[4].Emulated - counts[0].Emulated) / seconds);
            var (shownExits, shownEmulated) = (rates.Skip(2).Average(r => r.Exits), rates.Skip(2).Average(r => r.Emulated));
            said = $"exits: QMP {exits:F0}, shown {shownExits:F0}; insn_emulation: QMP {emulated:F0}, shown {shownEmulated:F0}";
            TestContext.Current.SendDiagnosticMessage(said);
            if (exits > 1000 && Math.Abs(shownExits - exits) <= exits * Tolerance && Math.Abs(shownEmulated - emulated) <= emulated * Tolerance) return;
        }

        Assert.Fail(said);
    }

    [Fact]
    public void Switched_off_they_are_not_used_and_the_reason_is_given()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt });
        using var reading = new KvmReading(Collectors.StatsFdUse.Never);
        var vm = reading.Read(guest.Pid);
        Assert.NotEqual("stats fd", vm.Source);
        Assert.Contains("stats-fds=never", vm.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Guest_without_thread_names_has_its_vcpus_told_by_their_descriptors()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits, Vcpus = 2, DebugThreads = false });
        SkipWithoutStats(guest);
        using var reading = new KvmReading();
        var vm = reading.Read(guest.Pid);
        Assert.Equal(guest.VcpuTids, reading.Model.Vcpus(vm).ToArray().Select(v => v.Tid));
    }

    private static double At(List<(DateTimeOffset At, double Count)> trail, DateTimeOffset time)
    {
        for (var i = 1; i < trail.Count; i++)
        {
            var (a, b) = (trail[i - 1], trail[i]);
            if (b.At >= time) return a.Count + ((b.Count - a.Count) * ((time - a.At) / (b.At - a.At)));
        }

        return trail[^1].Count;
    }

    private static void SkipWithoutStats(Guest guest)
    {
        Need.Root();
        if (!Directory.EnumerateFileSystemEntries($"/proc/{guest.Pid}/fd").Any(f => new FileInfo(f).LinkTarget?.StartsWith("anon_inode:kvm-vcpu-stats:", StringComparison.Ordinal) == true))
            Assert.Skip("this QEMU keeps no statistics descriptors open (8.1 does)");
    }

    /// <summary>The counters of all vCPUs, added up, as QEMU reads them.</summary>
    private static Dictionary<string, double> Ask(Guest guest)
    {
        var sums = new Dictionary<string, double>();
        foreach (var vcpu in guest.Qmp("query-stats", Question).EnumerateArray())
        {
            foreach (var stat in vcpu.GetProperty("stats").EnumerateArray())
            {
                var name = stat.GetProperty("name").GetString()!;
                sums[name] = sums.GetValueOrDefault(name) + stat.GetProperty("value").GetDouble();
            }
        }

        return sums;
    }
}
