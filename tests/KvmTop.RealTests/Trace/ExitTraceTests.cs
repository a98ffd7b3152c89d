using System.Diagnostics;
using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Trace;

/// <summary>The trace of real vCPUs, against a VMM that knows what it did, against perf, and against what may go wrong.</summary>
public sealed class ExitTraceTests : IDisposable
{
    private static readonly DirectoryHost s_host = new();

    private readonly MountedTraceFs _tracefs = new();

    [Fact]
    public void Trace_of_a_vmm_that_counts_its_exits_is_exact()
    {
        const int rounds = 20_000;
        using var vmm = ExactVmm.Start(rounds);
        using var trace = Start(vmm.Pid);
        var exits = vmm.Run();
        Assert.Equal((2 * rounds) + 1, exits);
        trace.Stop();
        var report = trace.Report();
        Assert.Equal(0, report.Lost);

        // Whatever the processor calls it: all of them went to the VMM for I/O, and the ports are known.
        Assert.Equal(exits, report.Reasons.Where(r => r.Reason.Kind == ExitReasonKind.Userspace && r.Name == "KVM_EXIT_IO").Sum(r => r.Count)
            + report.Reasons.SelectMany(r => r.Userspace).Where(u => u.Text == "KVM_EXIT_IO").Sum(u => u.Count));
        var ports = report.Reasons.SelectMany(r => r.Details).Where(d => d.Kind == "port").GroupBy(d => d.Text).ToDictionary(g => g.Key, g => g.Sum(d => d.Count));
        Assert.Equal((rounds, rounds, 1L), (ports["out 0x80 1B"], ports["in  0x71 1B"], ports["out 0xf4 1B"]));

        // The last one never came back.
        Assert.Equal(exits - 1, report.Reasons.Where(r => r.Reason.Kind != ExitReasonKind.Interrupted).Sum(r => r.Statistics.Vmm.Count));
    }

    [Fact]
    public void Trace_counts_what_perf_stat_counts()
    {
        var perf = Need.Program("perf");
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits });
        guest.Qmp("stop");
        using var trace = Start(guest.Pid);
        string[] events = ["kvm_exit", "kvm_entry", "kvm_userspace_exit", "kvm_pio", "kvm_cpuid"];
        var start = new ProcessStartInfo(perf, ["stat", "-x", ",", "-e", string.Join(',', events.Select(e => "kvm:" + e)), "-t", string.Join(',', guest.VcpuTids)])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        using var stat = Process.Start(start)!;
        try
        {
            if (!Wait.Until(() => stat.HasExited || PerfDescriptors.Count(stat.Id) >= events.Length * guest.VcpuTids.Count, TimeSpan.FromSeconds(30)) || stat.HasExited)
            {
                Assert.Skip($"perf does not count here: {(stat.HasExited ? stat.StandardError.ReadToEnd() : "no events opened")}");
            }

            // Both look at all that the guest does: it runs only while both are counting.
            Thread.Sleep(500);
            guest.Qmp("cont");
            Thread.Sleep(1500);
            guest.Qmp("stop");
        }
        finally
        {
            _ = Native.Kill(stat.Id, 2);
        }

        var lines = stat.StandardError.ReadToEnd().Split('\n');
        stat.WaitForExit();
        trace.Stop();
        var report = trace.Report();
        var counts = report.EventCounts.ToDictionary(c => c.Event, c => c.Count);
        foreach (var e in events)
        {
            var theirs = double.Parse(lines.Single(l => l.Contains($"kvm:{e},", StringComparison.Ordinal)).Split(',')[0], CultureInfo.InvariantCulture);
            Assert.InRange(counts[e], theirs * 0.98, theirs * 1.02);
        }

        Assert.True(counts["kvm_userspace_exit"] > 1000, "the guest made exits");
        Assert.InRange(report.LostPct, 0, 1);
        Assert.InRange(report.Events + report.Lost, counts.Values.Sum() * 0.98, counts.Values.Sum() * 1.02);
    }

    [Fact]
    public void Trace_of_a_vm_that_is_killed_ends_by_itself_and_keeps_its_figures()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits, Vcpus = 2 });
        using var trace = Start(guest.Pid);
        Assert.True(Wait.Until(() => trace.Report().Exits > 1000, TimeSpan.FromSeconds(30)));
        _ = Native.Kill(guest.Pid, 9);
        Assert.True(trace.Wait(TimeSpan.FromSeconds(30)));
        var report = trace.Report();
        Assert.Equal(ExitTraceState.VmGone, report.State);
        Assert.True(report.Exits > 1000);
    }

    [Fact]
    public void Trace_ends_when_its_time_is_up()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits });
        using var trace = Start(guest.Pid, TimeSpan.FromSeconds(0.5));
        Assert.True(trace.Wait(TimeSpan.FromSeconds(30)));
        Assert.Equal(ExitTraceState.Stopped, trace.Report().State);
        Assert.True(trace.Report().Elapsed >= TimeSpan.FromSeconds(0.5));
    }

    [Fact]
    public void Trace_of_one_vcpu_leaves_the_busy_one_out()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits, Vcpus = 2 });
        using var trace = ExitTraceSession.Start(s_host, MountedTraceFs.Vm(guest.Pid), 1, TimeSpan.FromSeconds(1), out _);
        Assert.True(trace!.Wait(TimeSpan.FromSeconds(30)));
        Assert.Equal([1], trace.Report().Vcpus);
        Assert.InRange(trace.Report().Exits, 0, 100);
    }

    [Fact]
    public void Trace_leaves_tracefs_as_it_was_before_during_and_after()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Exits });
        var before = MountedTraceFs.State();
        using (var trace = Start(guest.Pid))
        {
            Assert.True(Wait.Until(() => trace.Report().Exits > 100, TimeSpan.FromSeconds(30)));
            Assert.Equal(before, MountedTraceFs.State());
        }

        Assert.Equal(before, MountedTraceFs.State());
        Assert.Equal(0, PerfDescriptors.Count(Environment.ProcessId));
    }

    [Fact]
    public void Counters_of_a_vmm_that_counts_its_exits_are_exact()
    {
        using var vmm = ExactVmm.Start(3000);
        var tids = MountedTraceFs.Vm(vmm.Pid).Threads.Where(t => t.IsVcpu).Select(t => t.Tid).ToList();
        Assert.Equal(Errno.None, PerfCounters.Open(TraceFs.Find(s_host, out _)!, tids, ["kvm_pio", "kvm_no_such_event", "kvm_userspace_exit"], out var counters));
        using (counters)
        {
            Assert.Equal(["kvm_pio", "kvm_userspace_exit"], counters!.Events);
            var exits = vmm.Run();
            var counts = new ulong[2];
            Assert.Equal(Errno.None, counters.Read(0, counts));
            Assert.Equal([(ulong)exits, (ulong)exits], counts);
        }
    }

    public void Dispose() => _tracefs.Dispose();

    private static ExitTraceSession Start(int pid, TimeSpan? duration = null)
    {
        var trace = ExitTraceSession.Start(s_host, MountedTraceFs.Vm(pid), null, duration, out var refusal);
        if (trace is null)
        {
            Assert.Skip(refusal!.ToString());
        }

        return trace;
    }
}
