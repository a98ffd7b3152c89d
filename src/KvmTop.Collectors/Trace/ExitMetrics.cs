namespace KvmTop.Collectors;

/// <summary>The figures of an exit reason: columns of the trace's table, fields of its JSON and CSV.</summary>
public static class ExitMetrics
{
    private const string Trace = "kvm_exit, kvm_entry and kvm_userspace_exit by perf events on the vCPU threads";
    private const string NoTime = "counted only: KVM did this without an exit that has a beginning and an end";
    private const string NoKernel = "no kvm_exit was seen: only the VMM's part is known";
    private const string NoVmm = "none of these exits went to the VMM";

    /// <summary>All of them, those of the table first.</summary>
    public static IReadOnlyList<Metric<ExitReasonReport>> PerReason { get; } =
    [
        new() { Id = "reason", Title = "REASON", Width = 12, Unit = Unit.Text, Source = Trace, Help = "Why the vCPU left the guest, as the running kernel names it; hexadecimal where it has no name. KVM_EXIT_* are exits to the VMM where kvm_exit is silent; \"in KVM\" is what KVM did without an exit.", Get = r => Figure.Of(r.Name) },
        Number("count", "COUNT", 8, Unit.Count, "How many.", r => r.Count, null),
        Number("rate_per_s", "EXIT/s", 7, Unit.PerSecond, "How many a second.", r => r.PerSecond, "no time has passed yet"),
        Number("time_pct", "TIME%", 6, Unit.Percent, "Their time from exit to re-entry, in percent of the time of all traced vCPUs.", r => r.SharePct, NoTime),
        Number("mean_s", "MEAN", 6, Unit.Latency, "Mean time from exit to re-entry.", r => r.MeanSeconds, NoTime),
        Number("p50_s", "P50", 6, Unit.Latency, "Half of the exits took no longer; within 2 %.", r => r.PercentileSeconds(50), NoTime),
        Number("p99_s", "P99", 6, Unit.Latency, "99 % of the exits took no longer; within 2 %.", r => r.PercentileSeconds(99), NoTime),
        Number("max_s", "MAX", 6, Unit.Latency, "The longest.", r => r.MaxSeconds, NoTime),
        Number("vmm_pct", "VMM%", 5, Unit.Percent, "Part of their time that passed in the VMM (QEMU); the rest passed in the kernel.", r => r.VmmPct, NoTime),
        Number("userspace_pct", "USER%", 6, Unit.Percent, "Part of the exits that went on to the VMM.", r => r.UserspacePct, null),
        Number("total_s", "TOTAL", 6, Unit.Latency, "Their time together.", r => r.HasTimes ? r.Statistics.Total.SumNanoseconds / 1e9 : double.NaN, NoTime),
        Number("kernel_mean_s", "K-MEAN", 6, Unit.Latency, "Mean time in the kernel.", r => r.Statistics.Kernel.MeanNanoseconds / 1e9, NoKernel),
        Number("kernel_p50_s", "K-P50", 6, Unit.Latency, "Half of the exits spent no longer in the kernel.", r => r.Statistics.Kernel.Percentile(50) / 1e9, NoKernel),
        Number("kernel_p99_s", "K-P99", 6, Unit.Latency, "99 % of the exits spent no longer in the kernel.", r => r.Statistics.Kernel.Percentile(99) / 1e9, NoKernel),
        Number("vmm_mean_s", "V-MEAN", 6, Unit.Latency, "Mean time in the VMM, of the exits that went there.", r => r.Statistics.Vmm.MeanNanoseconds / 1e9, NoVmm),
        Number("vmm_p50_s", "V-P50", 6, Unit.Latency, "Half of the exits that went there spent no longer in the VMM.", r => r.Statistics.Vmm.Percentile(50) / 1e9, NoVmm),
        Number("vmm_p99_s", "V-P99", 6, Unit.Latency, "99 % of the exits that went there spent no longer in the VMM.", r => r.Statistics.Vmm.Percentile(99) / 1e9, NoVmm),
    ];

    /// <summary>The ones that a table of 80 columns has room for.</summary>
    public static IReadOnlyList<string> Usual { get; } = ["reason", "count", "rate_per_s", "time_pct", "mean_s", "p50_s", "p99_s", "max_s", "vmm_pct"];

    private static Metric<ExitReasonReport> Number(string id, string title, int width, Unit unit, string help, Func<ExitReasonReport, double> get, string? missing) =>
        new() { Id = id, Title = title, Width = width, Unit = unit, Help = help, Source = Trace, Get = r => Figure.Of(get(r), missing) };
}
