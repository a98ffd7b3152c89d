using KvmTop.Collectors;
using KvmTop.Screen.Panes;

namespace KvmTop.Tests.App.Panes;

public sealed class VmFindingsTests
{
    private static readonly PaneStage s_stage = new(40);

    [Fact]
    public void Of_pinned_and_starved_vm_names_the_rivals_on_its_cpus() =>
        Assert.Contains(Of("ci-runner"), f => f.Severity == Severity.Critical && f.Text.Contains("waited", StringComparison.Ordinal) && f.Text.Contains("other vCPUs are pinned to the same CPUs 12-15", StringComparison.Ordinal));

    [Fact]
    public void Of_throttled_vm_names_the_cgroup() =>
        Assert.Contains(Of("analytics"), f => f.Text.StartsWith("throttled ", StringComparison.Ordinal) && f.Text.EndsWith("/machine.slice/analytics.scope", StringComparison.Ordinal));

    [Fact]
    public void Of_swapping_vm_says_how_much() => Assert.Contains(Of("erp-legacy"), f => f.Text.Contains("GiB swapped out", StringComparison.Ordinal));

    [Fact]
    public void Of_tcg_vm_warns() => Assert.Contains(Of("riscv-dev"), f => f.Severity == Severity.Warning && f.Text.Contains("TCG", StringComparison.Ordinal));

    [Fact]
    public void Of_healthy_vm_finds_nothing() => Assert.Empty(Of("mail"));

    [Fact]
    public void Of_figures_that_are_missing_finds_nothing()
    {
        var vm = s_stage.Vm("ci-runner");
        var unknown = vm with { Ready = (double.NaN, double.NaN, -1), ThrottledPct = double.NaN, EmulatorPct = double.NaN, Memory = null, Threads = [.. vm.Threads.Select(t => new ThreadLoad(t.Thread, double.NaN, double.NaN, double.NaN))] };
        Assert.Empty(VmFindings.Of(new VmRow(Snapshot.Empty, unknown)));
    }

    [Fact]
    public void Of_full_io_thread_names_it()
    {
        var vm = s_stage.Vm("mail");
        ThreadLoad[] threads = [.. vm.Threads];
        var i = Array.FindIndex(threads, t => t.Thread.Name.StartsWith("IO", StringComparison.Ordinal));
        threads[i] = threads[i] with { CpuPct = 95 };
        Assert.Contains(VmFindings.Of(new VmRow(Snapshot.Empty, vm with { Threads = threads })), f => f.Text.Contains("\"IO iothread1\" uses 95 %", StringComparison.Ordinal));
    }

    private static IReadOnlyList<Finding> Of(string name) => VmFindings.Of(new VmRow(s_stage.Snapshot, s_stage.Vm(name)));
}
