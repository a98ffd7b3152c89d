using System.Globalization;
using KvmTop.Streams;

namespace KvmTop;

/// <summary>Whether what is shown is of now, and what holds the next reading up.</summary>
/// <param name="Age">Since the tick of the newest figures began; before the first, since reading began.</param>
/// <param name="IsOld">Older than the pace allows for.</param>
/// <param name="IsEmpty">There has been no reading at all yet.</param>
/// <param name="Source">What is being read just now; null between readings.</param>
internal sealed record Freshness(TimeSpan Age, bool IsOld, bool IsEmpty, string? Source)
{
    // A tick of a busy host may be late by this much: no alarm yet.
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(2);

    /// <summary>Nothing known of it: as if all were well.</summary>
    public static Freshness Unknown { get; } = new(TimeSpan.Zero, false, false, null);

    /// <summary>What is said of figures that are old: for how long, and by what.</summary>
    public string Words => Invariant($"no reading for {Seconds} s: {(Source is { } source ? "still reading " + source : "kvmtop itself gets no CPU")}");

    /// <summary>Whole seconds of the age.</summary>
    public long Seconds => (long)Age.TotalSeconds;

    /// <summary>Looks at a hub that reads once in so long.</summary>
    public static Freshness Of(HubProgress progress, TimeSpan delay)
    {
        var age = progress.Age;
        return new Freshness(age, age > Limit(progress, delay), !progress.HasPublished, progress.Reading?.Title);
    }

    /// <summary>When to look again, so that an age on the screen is right to the second.</summary>
    public static TimeSpan UntilNext(HubProgress progress, TimeSpan delay)
    {
        var left = Limit(progress, delay) - progress.Age;
        return left > TimeSpan.Zero ? left + TimeSpan.FromMilliseconds(1) : TimeSpan.FromSeconds(1);
    }

    private static TimeSpan Limit(HubProgress progress, TimeSpan delay) => progress.HasPublished ? delay + s_grace : s_grace;

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
