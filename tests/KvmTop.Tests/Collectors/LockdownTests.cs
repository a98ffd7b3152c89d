using KvmTop.Collectors;
using KvmTop.Collectors.Checks;
using KvmTop.Linux;
using KvmTop.Tests.Linux;

namespace KvmTop.Tests.Collectors;

/// <summary>What a locked-down kernel leaves of KVM's counters and of tracing, and the reasons that it gives for the rest. The files are those of the captured host.</summary>
public sealed class LockdownTests
{
    private const string Confidentiality = "none integrity [confidentiality]\n";
    private const int Pid = 4711;

    [Fact]
    public void Confidentiality_leaves_the_descriptors_of_the_vmm()
    {
        using var run = Locked(Confidentiality, out var host);
        Descriptor(host, 1000);
        run.Tick();
        Descriptor(host, 1500);
        run.Tick();
        var vm = Assert.Single(VmRow.All(run.Snapshot));
        Assert.Equal(("stats fd", 500, null), (vm.Kvm?.Source, vm.Kvm?.ExitsPerSecond, vm.Kvm?.VmSource));
    }

    [Theory]
    [InlineData(Confidentiality, "lockdown (confidentiality)")]
    [InlineData("none [integrity] confidentiality\n", "lockdown (integrity)")]
    public void Locked_down_debugfs_is_the_reason_and_no_counter_of_it_is_opened(string lockdown, string said)
    {
        using var run = Locked(lockdown, out var host);
        host.Fail($"/sys/kernel/debug/kvm/{Pid}-11/exits", Errno.EIO);
        run.Tick();
        var vm = Assert.Single(VmRow.All(run.Snapshot));
        Assert.Null(vm.Kvm?.Source);
        Assert.Contains($"debugfs: kernel {said} hides debugfs", vm.Kvm?.Why, StringComparison.Ordinal);
        Assert.DoesNotContain("input/output", vm.Kvm?.Why, StringComparison.Ordinal);
        Assert.Contains(said, Catalog.VmMetrics.Single(m => m.Id == "exits_per_s").Get(vm).MissingReason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Errno.EPERM)]
    [InlineData(Errno.EACCES)]
    public void Trace_refused_under_confidentiality_names_it_and_what_is_left(Errno errno)
    {
        var host = new FakeHost();
        host.Write("/sys/kernel/security/lockdown", Confidentiality);
        var text = ExitTraceObstacles.OfPerf(host, errno).ToString();
        Assert.Contains("locked down (confidentiality)", text, StringComparison.Ordinal);
        Assert.Contains("KVM's own counters", text, StringComparison.Ordinal);
        host.Write("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
        Assert.DoesNotContain("confidentiality", ExitTraceObstacles.OfPerf(host, errno).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Confidentiality)]
    [InlineData("none [integrity] confidentiality\n")]
    public void Checks_advise_no_mount_that_would_not_help(string lockdown)
    {
        using var run = Locked(lockdown, out var host);
        host.Write("/proc/self/mountinfo", "");
        run.Tick();
        var findings = CheckReport.Run(CheckCatalog.All, new CheckContext(host, run.Snapshot, null)).Results.Select(r => r.Finding).ToList();
        Assert.DoesNotContain(findings, f => f.Fix?.Contains("mount -t debugfs", StringComparison.Ordinal) == true);
        Assert.Equal(lockdown != Confidentiality, findings.Exists(f => f.Fix?.Contains("mount -t tracefs", StringComparison.Ordinal) == true));
    }

    private static AllTopics Locked(string lockdown, out FakeHost host)
    {
        host = FakeHost.Captured();
        host.Write("/sys/kernel/security/lockdown", lockdown);
        host.Write("/proc/sys/kernel/osrelease", "6.8.0\n");
        host.Write($"/sys/kernel/debug/kvm/{Pid}-11/exits", "5\n");
        return new AllTopics(host);
    }

    private static void Descriptor(FakeHost host, ulong exits)
    {
        host.Link($"/proc/{Pid}/fd/40", "anon_inode:kvm-vcpu-stats:0");
        host.Write($"/proc/{Pid}/fd-content/40", new StatsBlob($"kvm-{Pid}/vcpu-0").Add("exits", exits).Build());
    }
}
