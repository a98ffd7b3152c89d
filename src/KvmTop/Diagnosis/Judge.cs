using KvmTop.Collectors;

namespace KvmTop.Diagnosis;

/// <summary>What could not be judged of one VM.</summary>
/// <param name="Measuring">Its first reading: rates come with the next.</param>
/// <param name="Wait">Why it is not known whether it waits for a CPU; null when it is.</param>
/// <param name="Throttle">Why it is not known whether a quota holds it back.</param>
/// <param name="Swap">Why it is not known whether memory of it is swapped out.</param>
/// <param name="Remote">Why it is not known where its memory lies.</param>
internal sealed record Gaps(bool Measuring, string? Wait, string? Throttle, string? Swap, string? Remote)
{
    /// <summary>Nothing is missing.</summary>
    public static Gaps None { get; } = new(false, null, null, null, null);

    /// <summary>The usual: all is known but where its memory lies, which nobody claims.</summary>
    public bool IsKnown => !Measuring && Wait is null && Throttle is null && Swap is null;

    /// <summary>The first reason why one of CPU wait, throttling and swap is not known; null when all are.</summary>
    public string? Reason => Wait is not null ? $"CPU wait: {Wait}" : Throttle is not null ? $"throttling: {Throttle}" : Swap is not null ? $"swap: {Swap}" : null;
}

/// <summary>
/// Judges one VM by the thresholds that its figures declare, and estimates what each trouble costs. Figures that the same panes always read are judged, and no others: the verdict is
/// the same whatever is on the screen.
/// </summary>
internal static class Judge
{
    // A vCPU that touches memory in swap waits for a disk, one that touches remote memory for half as long again as for local: how often is not known. A tenth of the share
    // that is out, and a twentieth of what is remote, is what that costs a guest that uses all its memory now and then.
    private const double SwapCost = 0.1, RemoteCost = 0.05;

    // From here on a vCPU had something to do.
    private const double BusyPct = 1;

    private static readonly Metric<VmRow> s_wait = Of("ready_max_pct"), s_throttle = Of("throttled_pct"), s_swap = Of("swap_bytes"), s_local = Of("numa_local_pct");

    /// <summary>What must be read for it beside the VMs themselves. Dear, and slow to change: it is read at leisure.</summary>
    public static IReadOnlyList<Topic> Needs { get; } = [VmMemoryTopic.Instance];

    /// <summary>Adds what a VM loses time by, the worst first, and returns what could not be judged.</summary>
    public static Gaps Vm(VmRow row, List<Loss> losses)
    {
        losses.Clear();
        var vm = row.Vm;
        if (vm.State is VmState.Zombie or VmState.Off)
        {
            return Gaps.None;
        }

        var local = VmMemoryMetrics.Of(row)?.LocalPct ?? double.NaN;
        var swap = vm.Memory?.SwapBytes is { } bytes ? (double)bytes : double.NaN;
        Add(losses, s_wait, LossKind.Wait, vm.Ready.Worst, vm.Ready.Worst);
        Add(losses, s_throttle, LossKind.Throttle, vm.ThrottledPct, vm.ThrottledPct / Math.Max(1, Busy(vm)));
        Add(losses, s_swap, LossKind.Swap, swap, 100 * SwapCost * swap / Math.Max(1, swap + (vm.RssBytes ?? 0) + (vm.Memory?.HugetlbBytes ?? 0)));
        Add(losses, s_local, LossKind.Remote, local, RemoteCost * (100 - local));
        if (losses.Count > 1)
        {
            losses.Sort(static (a, b) => b.LostPct.CompareTo(a.LostPct));
        }

        return Missing(row, local, swap);
    }

    private static Gaps Missing(VmRow row, double local, double swap)
    {
        var (wait, throttle) = (double.IsNaN(row.Vm.Ready.Worst), double.IsNaN(row.Vm.ThrottledPct));
        if (!wait && !throttle && !double.IsNaN(swap) && !double.IsNaN(local))
        {
            return Gaps.None;
        }

        // Counters that began anew are known again with the next reading, too.
        var anew = row.Vm.Interval == TimeSpan.Zero || (wait && row.Vm.SchedulerReason is null && row.Vm.Info.VcpuThreads > 0);
        return new Gaps(
            anew,
            wait && !anew ? s_wait.Get(row).MissingReason : null,
            throttle && !anew ? s_throttle.Get(row).MissingReason : null,
            double.IsNaN(swap) ? s_swap.Get(row).MissingReason : null,
            double.IsNaN(local) ? s_local.Get(row).MissingReason : null);
    }

    private static void Add(List<Loss> losses, Metric<VmRow> metric, LossKind kind, double value, double lost)
    {
        if (metric.Thresholds!.IsWarn(value))
        {
            losses.Add(new Loss(kind, value, Math.Min(lost, 100), metric.Thresholds.IsCritical(value)));
        }
    }

    /// <summary>How many vCPUs had something to do: the time that a quota held back is shared among them.</summary>
    private static int Busy(VmModel vm)
    {
        var busy = 0;
        foreach (ref readonly var vcpu in vm.Vcpus)
        {
            busy += vcpu.CpuPct + vcpu.ReadyPct >= BusyPct ? 1 : 0;
        }

        return busy;
    }

    private static Metric<VmRow> Of(string id)
    {
        foreach (var metric in Catalog.VmMetrics)
        {
            if (metric.Id == id)
            {
                return metric;
            }
        }

        throw new ArgumentException($"no figure {id}", nameof(id));
    }
}
