using System.Globalization;

namespace KvmTop.Collectors;

/// <summary>How far a trace is.</summary>
public enum ExitTraceState
{
    /// <summary>Events are being counted.</summary>
    Running,

    /// <summary>Its time was up, or somebody stopped it.</summary>
    Stopped,

    /// <summary>The VM has ended; what was counted until then stands.</summary>
    VmGone,
}

/// <summary>What a trace has found so far: immutable, for screens and printers.</summary>
public sealed class ExitTraceReport
{
    /// <summary>How far the trace is.</summary>
    public required ExitTraceState State { get; init; }

    /// <summary>Time that was traced.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>The vCPUs that the figures are of.</summary>
    public required IReadOnlyList<int> Vcpus { get; init; }

    /// <summary>By reason, the one that took the most time first.</summary>
    public required IReadOnlyList<ExitReasonReport> Reasons { get; init; }

    /// <summary>Trace events that were read, of all traced vCPUs.</summary>
    public required long Events { get; init; }

    /// <summary>Trace events that found no room, of all traced vCPUs.</summary>
    public required long Lost { get; init; }

    /// <summary>Exits that were counted without a time: events were lost, the trace began or ended in their middle, or the CPU's clock stood still.</summary>
    public required long Unfinished { get; init; }

    /// <summary>What one must know to read the figures.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Hits of each event as the kernel counted them, lost ones included; empty while the trace runs.</summary>
    public IReadOnlyList<EventCount> EventCounts { get; init; } = [];

    /// <summary>Exits of all reasons: to KVM, or to the VMM where KVM's own are silent. What KVM did without an exit is not among them.</summary>
    public long Exits => Reasons.Where(r => r.Reason.Kind != ExitReasonKind.InKernel).Sum(r => r.Count);

    /// <summary>Lost events in percent of all.</summary>
    public double LostPct => Events + Lost == 0 ? 0 : 100.0 * Lost / (Events + Lost);

    /// <summary>A power of two of nanoseconds as text, for the scale of a histogram: "512ns", "131us", "2.1ms".</summary>
    public static string Scale(int power)
    {
        var ns = (double)(1UL << power);
        var (value, unit) = ns < 1e3 ? (ns, "ns") : ns < 1e6 ? (ns / 1e3, "us") : ns < 1e9 ? (ns / 1e6, "ms") : (ns / 1e9, "s");
        return value < 10 && unit != "ns" ? string.Create(CultureInfo.InvariantCulture, $"{value:0.0}{unit}") : string.Create(CultureInfo.InvariantCulture, $"{value:0}{unit}");
    }

    /// <summary>Makes the report of what an aggregator has counted.</summary>
    /// <param name="totals">The counts.</param>
    /// <param name="formats">Gives the reasons their names.</param>
    /// <param name="elapsed">Over which time.</param>
    /// <param name="vcpus">Of which vCPUs.</param>
    public static IReadOnlyList<ExitReasonReport> ReasonsOf(ExitTotals totals, KvmTraceFormats formats, TimeSpan elapsed, int vcpus)
    {
        var reasons = new List<ExitReasonReport>(totals.Reasons.Count);
        foreach (var statistics in totals.Reasons)
        {
            reasons.Add(new ExitReasonReport(formats.NameOf(statistics.Reason), statistics, elapsed, vcpus, formats));
        }

        reasons.Sort(static (a, b) =>
        {
            var byTime = b.Statistics.Total.SumNanoseconds.CompareTo(a.Statistics.Total.SumNanoseconds);
            return byTime != 0 ? byTime : a.Count != b.Count ? b.Count.CompareTo(a.Count) : string.CompareOrdinal(a.Name, b.Name);
        });
        return reasons;
    }

    /// <summary>The notes that follow from what was heard and what was not.</summary>
    public static IReadOnlyList<string> NotesOf(ExitTotals totals, KvmTraceFormats formats)
    {
        var notes = new List<string>();
        if (totals.SawUserspaceOnly)
        {
            notes.Add((totals.SawHardwareExits
                ? "At times this guest went to the VMM without a kvm_exit: KVM emulates part of its code. "
                : "kvm_exit was silent: KVM emulates this guest's code, or runs it in another way than VMX and SVM. ")
                + "KVM_EXIT_* rows are exits to the VMM; their time is the VMM's part alone, the kernel's is not known. \"in KVM\" rows are what KVM did without an exit."
                + (formats.HasRunStart ? "" : " This kernel has no kvm_fpu event: the time runs to the next event, and is too long."));
        }

        return notes;
    }
}

/// <summary>One exit reason of a report. Times are NaN where none is known.</summary>
public sealed class ExitReasonReport(string name, ExitStatistics statistics, TimeSpan elapsed, int vcpus, KvmTraceFormats formats)
{
    private const int MostDetails = 16;

    /// <summary>As the kernel calls it; hexadecimal where it has no name.</summary>
    public string Name { get; } = name;

    /// <summary>The counts; nothing changes in them any more.</summary>
    public ExitStatistics Statistics { get; } = statistics;

    /// <summary>The reason as a number.</summary>
    public ExitReason Reason => Statistics.Reason;

    /// <summary>How many.</summary>
    public long Count => Statistics.Count;

    /// <summary>How many a second.</summary>
    public double PerSecond => elapsed > TimeSpan.Zero ? Count / elapsed.TotalSeconds : double.NaN;

    /// <summary>Their time in percent of the time of the traced vCPUs.</summary>
    public double SharePct => HasTimes && elapsed > TimeSpan.Zero && vcpus > 0 ? Statistics.Total.SumNanoseconds / (elapsed.TotalSeconds * vcpus * 1e7) : double.NaN;

    /// <summary>The VMM's part of their time in percent; 100 where only that is known.</summary>
    public double VmmPct => HasTimes && Statistics.Total.SumNanoseconds > 0 ? 100.0 * Statistics.Vmm.SumNanoseconds / Statistics.Total.SumNanoseconds : double.NaN;

    /// <summary>How many of them in percent went on to the VMM.</summary>
    public double UserspacePct => Count > 0 ? 100.0 * Statistics.UserspaceCount / Count : double.NaN;

    /// <summary>The guest had nothing to do: its time is sleep, not cost.</summary>
    public bool IsHalt => Reason.Kind == ExitReasonKind.Hardware && Name is "HLT" or "hlt" or "idle-halt";

    /// <summary>False for what KVM did without an exit.</summary>
    public bool HasTimes => Statistics.Total.Count > 0;

    /// <summary>Seconds of the mean exit.</summary>
    public double MeanSeconds => Statistics.Total.MeanNanoseconds / 1e9;

    /// <summary>Seconds that so many percent of the exits do not exceed, within 2 %.</summary>
    public double PercentileSeconds(double percent) => Statistics.Total.Percentile(percent) / 1e9;

    /// <summary>Seconds of the longest exit.</summary>
    public double MaxSeconds => HasTimes ? Statistics.Total.MaxNanoseconds / 1e9 : double.NaN;

    /// <summary>What the guest asked for most, where from, and what for KVM went to the VMM.</summary>
    public IEnumerable<ExitDetailReport> Details => Entries(Statistics.Details);

    /// <summary>The guest's instruction pointers.</summary>
    public IEnumerable<ExitDetailReport> Rips => Entries(Statistics.Rips);

    /// <summary>The KVM_EXIT_* reasons of those that went on to the VMM.</summary>
    public IEnumerable<ExitDetailReport> Userspace => Entries(Statistics.Userspace);

    private IEnumerable<ExitDetailReport> Entries(TopTable? table)
    {
        foreach (var entry in table?.Top(MostDetails) ?? [])
        {
            var detail = ExitDetail.Of(entry.Key);
            yield return new ExitDetailReport(KindOf(detail.Kind), Text(detail), entry.Count, entry.Error, entry.Nanoseconds / 1e9);
        }
    }

    private string Text(ExitDetail detail)
    {
        var size = detail.Size is > 0 and < 15 ? string.Create(CultureInfo.InvariantCulture, $" {detail.Size}B") : "";
        return detail.Kind switch
        {
            ExitDetailKind.PortRead => string.Create(CultureInfo.InvariantCulture, $"in  0x{detail.Address:x}{size}"),
            ExitDetailKind.PortWrite => string.Create(CultureInfo.InvariantCulture, $"out 0x{detail.Address:x}{size}"),
            ExitDetailKind.MmioRead => string.Create(CultureInfo.InvariantCulture, $"read 0x{detail.Address:x}{size}"),
            ExitDetailKind.MmioWrite => string.Create(CultureInfo.InvariantCulture, $"write 0x{detail.Address:x}{size}"),
            ExitDetailKind.MsrRead => string.Create(CultureInfo.InvariantCulture, $"rdmsr 0x{detail.Address:x}"),
            ExitDetailKind.MsrWrite => string.Create(CultureInfo.InvariantCulture, $"wrmsr 0x{detail.Address:x}"),
            ExitDetailKind.Cpuid => string.Create(CultureInfo.InvariantCulture, $"leaf 0x{(uint)detail.Address:x}.{detail.Address >> 32:x}"),
            ExitDetailKind.Hypercall => string.Create(CultureInfo.InvariantCulture, $"hypercall {detail.Address}"),
            ExitDetailKind.HyperVHypercall => string.Create(CultureInfo.InvariantCulture, $"Hyper-V hypercall 0x{detail.Address:x}"),
            ExitDetailKind.Userspace => detail.Address == uint.MaxValue ? "signal or error" : formats.NameOf(new ExitReason(ExitReasonKind.Userspace, (uint)detail.Address, 0)),
            _ => string.Create(CultureInfo.InvariantCulture, $"0x{detail.Address:x}"),
        };
    }

    private static string KindOf(ExitDetailKind kind) => kind switch
    {
        ExitDetailKind.PortRead or ExitDetailKind.PortWrite => "port",
        ExitDetailKind.MmioRead or ExitDetailKind.MmioWrite => "mmio",
        ExitDetailKind.MsrRead or ExitDetailKind.MsrWrite => "msr",
        ExitDetailKind.Cpuid => "cpuid",
        ExitDetailKind.Hypercall or ExitDetailKind.HyperVHypercall => "hypercall",
        ExitDetailKind.Userspace => "userspace",
        _ => "rip",
    };
}

/// <summary>One thing that a guest asked for.</summary>
/// <param name="Kind">"port", "mmio", "msr", "cpuid", "hypercall", "userspace" or "rip".</param>
/// <param name="Text">What it was: "out 0x80 1B".</param>
/// <param name="Count">How often; too high by at most <paramref name="Error"/>.</param>
/// <param name="Error">0 for an exact count.</param>
/// <param name="Seconds">Time of the exits that had it.</param>
public sealed record ExitDetailReport(string Kind, string Text, long Count, long Error, double Seconds);

/// <summary>How often a tracepoint fired.</summary>
public sealed record EventCount(string Event, long Count);
