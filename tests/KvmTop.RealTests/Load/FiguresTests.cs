using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Load;

/// <summary>CPU, ready and throttled, in JSON and on the screen, within 3 points of an independent reading of the same seconds.</summary>
public sealed class FiguresTests : IClassFixture<BusyHost>
{
    private const double Points = 3;

    private readonly BusyHost _host;

    public FiguresTests(BusyHost host)
    {
        _host = host;
        host.Start();
    }

    [Fact]
    public void Json_spinning_guest_has_its_load_on_one_of_two_vcpus()
    {
        Agree(_host.Spinner);

        var vm = _host.Records[^1].Vm(_host.Spinner.Pid);
        var vcpus = vm.GetProperty("vcpus").EnumerateArray().ToArray();
        Assert.Equal(_host.Spinner.VcpuTids, vcpus.Select(v => v.GetProperty("tid").GetInt32()));
        Assert.InRange(vcpus[0].Number("cpu_pct") + vcpus[0].Number("ready_pct"), 90, 105);
        Assert.InRange(vcpus[1].Number("cpu_pct"), 0, 3);
    }

    [Fact]
    public void Json_rivals_for_one_cpu_wait_for_each_other()
    {
        Agree(_host.RivalA);
        Agree(_host.RivalB);

        Assert.All(new[] { _host.RivalA, _host.RivalB }, guest => Assert.InRange(Mean(guest, vm => vm.Number("ready_pct")), 40, 95));
        // Both are bound to one CPU: together they cannot have more than that.
        Assert.InRange(Mean(_host.RivalA, vm => vm.Number("cpu_pct")) + Mean(_host.RivalB, vm => vm.Number("cpu_pct")), 15, 104);
    }

    [Fact]
    public void Json_guest_beyond_its_quota_is_throttled()
    {
        Agree(_host.Throttled);

        Assert.InRange(Mean(_host.Throttled, vm => vm.Number("cpu_pct")), 10, 36);
        Assert.InRange(Mean(_host.Throttled, vm => vm.Number("throttled_pct")), 10, 80);
    }

    [Fact]
    public void Json_single_records_agree_too_and_not_only_their_mean()
    {
        // The middle one of five deviations: one preempted reading on a loaded machine is nobody's fault.
        foreach (var guest in _host.All)
        {
            var deviations = _host.Records.Select(r => Math.Abs(r.Vm(guest.Pid).Number("cpu_pct") - _host.Truth(guest, r).CpuPct)).Order().ToArray();
            Assert.True(deviations[deviations.Length / 2] <= Points, $"{guest.Name}: {string.Join(' ', deviations)}");
        }
    }

    [Fact]
    public void Json_unthrottled_guest_has_no_throttled_time() =>
        Assert.All(_host.Records, record => Assert.True(record.Vm(_host.Spinner.Pid).Number("throttled_pct") is 0 or double.NaN));

    [Fact]
    public void Screen_vms_pane_shows_the_load_of_each_vm()
    {
        var table = new ScreenTable(_host.ListScreen, "NAME", "RDY%");
        foreach (var guest in _host.All)
        {
            var truth = _host.Truth(guest, _host.Shown);
            var row = table.Row(guest.Name);
            Near(truth.CpuPct, table.Number(row, "CPU%"), $"CPU% of {guest.Name}", _host.ListScreen);
            Near(truth.ReadyPct, table.Number(row, "RDY%"), $"RDY% of {guest.Name}", _host.ListScreen);
            if (truth.ThrottledPct is { } throttled) Near(throttled, table.Number(row, "THR%"), $"THR% of {guest.Name}", _host.ListScreen);
        }
    }

    [Fact]
    public void Screen_tree_shows_the_load_of_each_vcpu_below_its_vm()
    {
        var table = new ScreenTable(_host.TreeScreen, "NAME", "RDY%");
        foreach (var guest in _host.All)
        {
            var truth = _host.Truth(guest, _host.Shown);
            for (var i = 0; i < guest.VcpuTids.Count; i++)
            {
                var row = table.Below(table.Row(guest.Name), i + 1);
                Assert.Contains($"vcpu {i}", row, StringComparison.Ordinal);
                Near(truth.Vcpus[i].CpuPct, table.Number(row, "CPU%"), $"CPU% of vCPU {i} of {guest.Name}", _host.TreeScreen);
                Near(truth.Vcpus[i].ReadyPct, table.Number(row, "RDY%"), $"RDY% of vCPU {i} of {guest.Name}", _host.TreeScreen);
            }
        }
    }

    [Fact]
    public void Screen_vcpus_pane_shows_the_load_of_each_vcpu()
    {
        var table = new ScreenTable(_host.VcpusScreen, "VM", "RDY%");
        foreach (var guest in _host.All)
        {
            var truth = _host.Truth(guest, _host.Shown);
            for (var i = 0; i < guest.VcpuTids.Count; i++)
            {
                var row = table.Rows.Single(r => table.Cell(r, "TID") == $"{guest.VcpuTids[i]}");
                Near(truth.Vcpus[i].CpuPct, table.Number(row, "CPU%"), $"CPU% of vCPU {i} of {guest.Name}", _host.VcpusScreen);
                Near(truth.Vcpus[i].ReadyPct, table.Number(row, "RDY%"), $"RDY% of vCPU {i} of {guest.Name}", _host.VcpusScreen);
            }
        }
    }

    private static void Near(double truth, double shown, string what, string screen) =>
        Assert.True(Math.Abs(truth - shown) <= Points, $"{what}: really {truth:F2}, shown {shown:F2}\n{screen}");

    /// <summary>The mean over all records, each with the weight of its interval.</summary>
    private double Mean(Guest guest, Func<JsonElement, double> figure) =>
        _host.Records.Sum(r => figure(r.Vm(guest.Pid)) * r.Number("interval_s")) / _host.Records.Sum(r => r.Number("interval_s"));

    private void Agree(Guest guest)
    {
        var truth = _host.Truth(guest);
        Near(truth.CpuPct, Mean(guest, vm => vm.Number("cpu_pct")), "cpu_pct", "");
        Near(truth.ReadyPct, Mean(guest, vm => vm.Number("ready_pct")), "ready_pct", "");
        if (truth.ThrottledPct is { } throttled) Near(throttled, Mean(guest, vm => vm.Number("throttled_pct")), "throttled_pct", "");
        for (var i = 0; i < guest.VcpuTids.Count; i++)
        {
            var index = i;
            Near(truth.Vcpus[i].CpuPct, Mean(guest, vm => vm.GetProperty("vcpus")[index].Number("cpu_pct")), $"cpu_pct of vCPU {i}", "");
            Near(truth.Vcpus[i].ReadyPct, Mean(guest, vm => vm.GetProperty("vcpus")[index].Number("ready_pct")), $"ready_pct of vCPU {i}", "");
        }
    }
}
