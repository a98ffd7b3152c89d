using System.Diagnostics;
using System.Globalization;
using KvmTop.Collectors;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Kvm;

/// <summary>Counted tracepoints as the source of last resort: a real guest whose descriptors and monitor are not used, on a kernel whose debugfs is closed.</summary>
public sealed class PerfSourceTests : IDisposable
{
    private const double Tolerance = 0.02;
    private const int Attempts = 5;

    // What KVM's own counters are called where they are counted at the same place.
    private static readonly Dictionary<string, string> s_names = new() { ["kvm_exit"] = "exits", ["kvm_emulate_insn"] = "insn_emulation", ["kvm_hypercall"] = "hypercalls", ["kvm_inj_virq"] = "irq_injections" };

    private static readonly string[] s_events = ["kvm_exit", "kvm_entry", "kvm_userspace_exit", "kvm_pio", "kvm_cpuid", "kvm_emulate_insn", "kvm_mmio", "kvm_msr"];

    private readonly MountedTraceFs _tracefs = new();

    public void Dispose() => _tracefs.Dispose();

    [Fact]
    public void Rates_agree_with_perf_stat_within_2_percent()
    {
        var perf = Need.Program("perf");
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits, Vcpus = 2 });
        using var reading = new KvmReading(StatsFdUse.Never, QmpUse.Off);
        Open(reading, guest.Pid);
        var said = "";
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            // The guest runs only while both count: what they saw is then the same, whatever the machine does in between.
            guest.Qmp("stop");
            var start = new ProcessStartInfo(perf, ["stat", "-x", ",", "-e", string.Join(',', s_events.Select(e => "kvm:" + e)), "-t", string.Join(',', guest.VcpuTids)])
            {
                RedirectStandardError = true, RedirectStandardOutput = true,
            };
            using var stat = Process.Start(start)!;
            try
            {
                if (!Wait.Until(() => stat.HasExited || PerfDescriptors.Count(stat.Id) >= s_events.Length * guest.VcpuTids.Count, TimeSpan.FromSeconds(30)) || stat.HasExited)
                {
                    Assert.Skip($"perf does not count here: {(stat.HasExited ? stat.StandardError.ReadToEnd() : "no events opened")}");
                }

                Thread.Sleep(500);
                var before = Totals(reading, guest.Pid);
                guest.Qmp("cont");
                Thread.Sleep(2000);
                guest.Qmp("stop");
                var after = Totals(reading, guest.Pid);
                Assert.Equal(0, Native.Kill(stat.Id, 2));
                var output = stat.StandardError.ReadToEnd();
                stat.WaitForExit();
                var counted = output.Split('\n').Select(l => l.Split(',')).Where(f => f.Length > 2 && f[2].StartsWith("kvm:", StringComparison.Ordinal))
                    .ToDictionary(f => f[2][4..], f => double.Parse(f[0], CultureInfo.InvariantCulture));
                var pairs = s_events.Select(e => (Event: e, Perf: counted[e], Shown: After(after, e) - (double.IsNaN(After(before, e)) ? 0 : After(before, e)))).ToList();
                said = string.Join("; ", pairs.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Event}: perf {p.Perf}, shown {p.Shown}")));

                // One that has not fired is not there, rather than 0.
                Assert.All(pairs.Where(p => p.Perf == 0), p => Assert.True(double.IsNaN(p.Shown) || p.Shown == 0, said));
                Assert.True(counted["kvm_exit"] > 0 || double.IsNaN(After(after, "kvm_exit")), said);
                if (pairs.Where(p => p.Perf > 0).All(p => Math.Abs(p.Shown - p.Perf) <= p.Perf * Tolerance) && counted["kvm_userspace_exit"] > 1000)
                {
                    TestContext.Current.SendDiagnosticMessage(said);
                    return;
                }
            }
            finally
            {
                if (!stat.HasExited)
                {
                    stat.Kill();
                }
            }
        }

        Assert.Fail(said);
    }

    [Fact]
    public void Record_names_the_source_and_gives_exits_only_where_they_are_counted()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits });
        using (var reading = new KvmReading(StatsFdUse.Never, QmpUse.Off))
        {
            Open(reading, guest.Pid);
        }

        var vm = JsonRecords.Run("-n", "3", "-d", "1", "--stats-fds", "never", "--qmp", "off")[^1].Vm(guest.Pid);
        Assert.Equal("perf", vm.Text("kvm_stats_source"));
        var kvm = vm.GetProperty("kvm");
        Assert.True(kvm.Number("kvm_userspace_exit") > 1000);
        var counted = kvm.TryGetProperty("exits", out var exits);
        Assert.Equal(counted, vm.GetProperty("exits_per_s").ValueKind == System.Text.Json.JsonValueKind.Number);
        Assert.True(!counted || exits.GetDouble() > 0);
    }

    [Fact]
    public void Source_that_is_left_leaves_no_descriptor_behind()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits });
        using (var reading = new KvmReading(StatsFdUse.Never, QmpUse.Off))
        {
            Open(reading, guest.Pid);
            Assert.True(PerfDescriptors.Count(Environment.ProcessId) > 0);
        }

        Assert.Equal(0, PerfDescriptors.Count(Environment.ProcessId));
    }

    private static void Open(KvmReading reading, int pid)
    {
        var vm = default(KvmVmRates);
        _ = Wait.Until(() => (vm = reading.Read(pid)).Source is not null, TimeSpan.FromSeconds(30));
        if (vm.Source != "perf")
        {
            Assert.Skip($"{vm.Source ?? "no source"}: {vm.Why}");
        }
    }

    /// <summary>What has been counted, by tracepoint; nothing for those that have not fired.</summary>
    private static KvmCounterTable Totals(KvmReading reading, int pid) => reading.Counters(reading.Read(pid));

    private static double After(KvmCounterTable table, string tracepoint) => table.Find(s_names.GetValueOrDefault(tracepoint, tracepoint))?.Total ?? double.NaN;
}
