using KvmTop.Collectors;
using KvmTop.Text;

namespace KvmTop.Screen;

/// <summary>A VM that suffers, and from what.</summary>
/// <param name="Text">Name, figure and value.</param>
/// <param name="IsCritical">Beyond the critical threshold.</param>
/// <param name="Weight">How far beyond, for sorting.</param>
internal sealed record Trouble(string Text, bool IsCritical, double Weight);

/// <summary>Finds the VMs whose figures are beyond the thresholds that the metrics themselves declare.</summary>
internal static class Troubles
{
    // A sum over vCPUs has no threshold of its own: its worst vCPU speaks for it.
    private static readonly IReadOnlyList<Metric<VmRow>> s_judged = [.. Catalog.VmMetrics.Where(m => m is { Thresholds: not null, PerVcpu: false })];

    /// <summary>The troubles of a moment, the worst first; one per VM, its worst.</summary>
    public static IReadOnlyList<Trouble> Of(Snapshot snapshot)
    {
        List<Trouble>? found = null;
        foreach (var vm in snapshot.Get(VmsTopic.Instance).Value?.Vms ?? [])
        {
            if (Worst(new VmRow(snapshot, vm)) is { } trouble)
            {
                (found ??= []).Add(trouble);
            }
        }

        found?.Sort(static (a, b) => a.IsCritical != b.IsCritical ? b.IsCritical.CompareTo(a.IsCritical) : b.Weight.CompareTo(a.Weight));
        return found ?? [];
    }

    /// <summary>What a figure beyond its threshold means for the VM, in a word or two.</summary>
    private static string Words(Metric<VmRow> metric) => metric.Id switch
    {
        "ready_max_pct" => "waits for a CPU",
        "throttled_pct" => "throttled",
        "swap_bytes" => "swapped out",
        "numa_local_pct" => "local memory only",
        _ => metric.Title,
    };

    private static Trouble? Worst(VmRow row)
    {
        Trouble? worst = null;
        foreach (var metric in s_judged)
        {
            var value = metric.Get(row).Number;
            var thresholds = metric.Thresholds!;
            if (thresholds.IsWarn(value))
            {
                var weight = thresholds.Weight(value);
                if (worst is null || weight > worst.Weight)
                {
                    var text = FigureFormat.ToText(Figure.Of(value), metric.Unit, 5);
                    worst = new Trouble($"{row.Vm.Info.Name} {Words(metric)} {text}{(metric.Unit == Unit.Percent ? "%" : "")}", thresholds.IsCritical(value), weight);
                }
            }
        }

        return worst;
    }
}
