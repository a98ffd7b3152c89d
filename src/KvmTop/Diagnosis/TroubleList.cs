using System.Globalization;
using KvmTop.Collectors;

namespace KvmTop.Diagnosis;

/// <summary>
/// All VMs in trouble at one moment, the worst first, and what is not known of the others. The order is by the share of its time that a VM probably loses by its worst trouble: what its
/// vCPUs wait for a CPU or are held back by a quota is lost in full; of what is swapped out or remote only a part (see <see cref="Judge"/>). Knows nothing of how it is drawn.
/// </summary>
internal sealed class TroubleList
{
    private TroubleList(IReadOnlyList<VmTrouble> vms, IReadOnlyList<string> gaps, int judged, int measuring, string? unread)
    {
        (Vms, Gaps, Judged, Measuring, Unread) = (vms, gaps, judged, measuring, unread);
    }

    /// <summary>Before the first snapshot.</summary>
    public static TroubleList Empty { get; } = new([], [], 0, 0, null);

    /// <summary>One entry per VM in trouble, the worst first.</summary>
    public IReadOnlyList<VmTrouble> Vms { get; }

    /// <summary>What is not known of how many VMs, and why: sentences.</summary>
    public IReadOnlyList<string> Gaps { get; }

    /// <summary>How many VMs there are.</summary>
    public int Judged { get; }

    /// <summary>How many of them have had their first reading only.</summary>
    public int Measuring { get; }

    /// <summary>Why the VMs could not be read at all; null when they could, or it has not been tried yet.</summary>
    public string? Unread { get; }

    /// <summary>True when there are VMs, everything about them that is claimed was measured, and nothing is wrong.</summary>
    public bool IsClear => Judged > 0 && Vms.Count == 0 && Measuring == 0 && Unread is null && !HasGaps;

    /// <summary>The host was read, and there is no VM.</summary>
    public bool IsEmptyHost => Judged == 0 && Unread is null && this != Empty;

    /// <summary>CPU wait, throttling or swap of some VM is not known.</summary>
    public bool HasGaps { get; private init; }

    /// <summary>What there is to say when no VM is in trouble.</summary>
    public string Verdict => Unread is { } reason ? $"virtual machines not read: {reason}"
        : Judged == 0 || Measuring == Judged ? "measuring .."
        : Measuring > 0 ? string.Create(CultureInfo.InvariantCulture, $"no trouble so far, measuring {Measuring} of {Judged} VMs")
        : HasGaps ? $"no trouble seen; {Gaps[0]}"
        : "no VM waits for a CPU, is throttled or swapped";

    /// <summary>The list of a moment.</summary>
    public static TroubleList Of(Snapshot snapshot)
    {
        var reading = snapshot.Get(VmsTopic.Instance);
        if (reading.Value is not { } model)
        {
            return reading.Status is ReadingStatus.NoData ? Empty : new TroubleList([], [], 0, 0, $"{reading.Status.ToString().ToLowerInvariant()}: {reading.Reason}");
        }

        var found = new List<VmTrouble>();
        var losses = new List<Loss>();
        var measuring = 0;
        Gap wait = new("CPU wait"), throttle = new("throttling"), swap = new("swap"), remote = new("memory locality");
        foreach (var vm in model.Vms)
        {
            var gaps = Judge.Vm(new VmRow(snapshot, vm), losses);
            if (losses.Count > 0)
            {
                found.Add(new VmTrouble(vm.Info.Key, vm.Info.Name, [.. losses]));
            }

            measuring += gaps.Measuring ? 1 : 0;
            wait.Add(gaps.Wait);
            throttle.Add(gaps.Throttle);
            swap.Add(gaps.Swap);
            remote.Add(gaps.Remote);
        }

        // Of those that lose the same, the name decides: they must not change places by themselves.
        found.Sort(static (a, b) => b.LostPct.CompareTo(a.LostPct) is var order and not 0 ? order : string.CompareOrdinal(a.Name, b.Name));
        var sentences = new List<string>();
        var claimed = wait.Tell(sentences) | throttle.Tell(sentences) | swap.Tell(sentences);
        _ = remote.Tell(sentences);
        return new TroubleList(found, sentences, model.Vms.Count, measuring, null) { HasGaps = claimed };
    }

    /// <summary>Counts the VMs of which one thing is not known.</summary>
    private sealed class Gap(string what)
    {
        private int _count;
        private string? _first;

        public void Add(string? reason)
        {
            if (reason is not null)
            {
                _count++;
                _first ??= reason;
            }
        }

        public bool Tell(List<string> sentences)
        {
            if (_count == 0)
            {
                return false;
            }

            sentences.Add(string.Create(CultureInfo.InvariantCulture, $"{what} of {_count} VM{(_count == 1 ? "" : "s")} not known: {_first}"));
            return true;
        }
    }
}
