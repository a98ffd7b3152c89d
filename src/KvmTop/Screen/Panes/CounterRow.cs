using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Screen.Panes;

/// <summary>A counter of KVM as a row of the Exits pane: what is shown at a tick, for itself and beside all exits.</summary>
/// <param name="Counter">The figures.</param>
/// <param name="Exits">All exits a second; NaN when unknown.</param>
/// <param name="History">Its rate over the last ticks.</param>
internal sealed record CounterRow(KvmCounterRow Counter, double Exits, Series History)
{
    /// <summary>Why there is no rate yet.</summary>
    public const string NeedsTwo = "first reading: a rate needs two";

    private const string NoRate = "it says what is so now, in the column TOTAL";

    /// <summary>The kernel's name for it.</summary>
    public string Name => Counter.Counter.Name;

    /// <summary>True for a time, whose rate is a share of it.</summary>
    public bool IsTime => Counter.Counter is { Unit: KvmCounterUnit.Seconds, HasRate: true };

    /// <summary>Per second; for a time, percent of one CPU.</summary>
    public double Rate => IsTime ? Counter.PerSecond * Counter.Counter.Scale * 100 : Counter.PerSecond;

    /// <summary>What the rate is shown in.</summary>
    public Unit RateUnit => IsTime ? Unit.Percent : Unit.PerSecond;

    /// <summary>The columns of the pane.</summary>
    public static IReadOnlyList<Metric<CounterRow>> Metrics { get; } =
    [
        new()
        {
            Id = "counter", Title = "COUNTER", Unit = Unit.Text, Width = 26, Needs = [KvmStatsTopic.Instance], Source = "the kernel's name for it",
            Help = "The counter. Which ones there are depends on kernel and architecture. Below the table stands what the one under the cursor means.",
            Get = r => Figure.Of(HostileText.Clean(r.Name, 64)),
        },
        new()
        {
            Id = "rate", Title = "RATE/s", Unit = Unit.PerSecond, Width = 8, Needs = [KvmStatsTopic.Instance], Source = "KVM",
            Help = "Growth per second. Of counters of time (their names end in _ns) the share of one CPU's time, in percent.",
            Get = r => r.Counter.Counter.HasRate ? Figure.Of(r.Rate, NeedsTwo) : Figure.Missing(NoRate),
        },
        new()
        {
            Id = "share_pct", Title = "SHARE", Unit = Unit.Percent, Width = 6, Needs = [KvmStatsTopic.Instance], Source = "KVM",
            Help = "Share of all exits, for counters that are kinds of exits.",
            Get = r => r.Share,
        },
        new()
        {
            Id = "total", Title = "TOTAL", Unit = Unit.Count, Width = 8, Needs = [KvmStatsTopic.Instance], Source = "KVM",
            Help = "The counter itself: since the vCPU began; for some what is so now, or the highest so far. Times in seconds and so on.",
            Get = r => Figure.Of(r.Counter.Counter.IsHistogram ? double.NaN : r.Counter.Total, "a histogram"),
        },
        new()
        {
            Id = "history", Title = "HISTORY", Unit = Unit.Number, Width = 20, Needs = [KvmStatsTopic.Instance], Source = "KVM",
            Help = "The rate over the last ticks since this host, VM or vCPU was chosen, newest on the right; its height is that of its own highest value.",
            Get = r => Figure.Of(r.History.Latest, NeedsTwo),
        },
        new()
        {
            Id = "meaning", Title = "MEANING", Unit = Unit.Text, Width = 44, Needs = [KvmStatsTopic.Instance], Source = "-",
            Help = "What it counts, in words; in full below the table for the one under the cursor.",
            Get = r => Figure.Of(KvmCounterGuide.Find(r.Name)?.Meaning, "no words for this one"),
        },
    ];

    private Figure Share =>
        Name == "exits" || KvmCounterGuide.Find(Name) is not { IsExit: true } ? Figure.Missing("not a kind of exit")
        : Exits > 0 && Rate <= Exits * 1.01 ? Figure.Of(Math.Min(Rate / Exits * 100, 100))
        : Figure.Missing(Exits > 0 ? "it counts more than all exits do on this kernel" : "no exits were counted");
}
