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
