namespace KvmTop.Collectors;

/// <summary>What a figure counts, which decides how it is printed and what its JSON type is.</summary>
public enum Unit
{
    /// <summary>Words.</summary>
    Text,

    /// <summary>A whole number of things, or an identifier.</summary>
    Count,

    /// <summary>Percent of one CPU, or of the whole where the metric says so.</summary>
    Percent,

    /// <summary>Bytes, printed in IEC units.</summary>
    Bytes,

    /// <summary>Bytes per second, printed in IEC units.</summary>
    BytesPerSecond,

    /// <summary>Things per second.</summary>
    PerSecond,

    /// <summary>Seconds.</summary>
    Seconds,

    /// <summary>Seconds too, printed to three digits: for what is compared in fractions of a millisecond.</summary>
    Latency,

    /// <summary>A plain number with a fraction, such as a load average.</summary>
    Number,
}

/// <summary>From which value on a figure is worth a look, and from which it is bad.</summary>
/// <param name="Warn">Drawn with the Warn role from here on.</param>
/// <param name="Critical">Drawn with the Critical role from here on.</param>
public sealed record Thresholds(double Warn, double Critical)
{
    /// <summary>True for a figure that is bad when it is low: the limits are then undercut.</summary>
    public bool LowIsBad { get; init; }

    /// <summary>How bad a value is, to compare it with others: 1 at <see cref="Critical"/>.</summary>
    public double Weight(double value) => LowIsBad ? Critical / Math.Max(value, 1) : value / Critical;

    /// <summary>True from <see cref="Critical"/> on. NaN is not.</summary>
    public bool IsCritical(double value) => LowIsBad ? value < Critical : value >= Critical;

    /// <summary>True from <see cref="Warn"/> on. NaN is not.</summary>
    public bool IsWarn(double value) => LowIsBad ? value < Warn : value >= Warn;
}

/// <summary>
/// A figure, declared once: column, sort key, filter term, help text, JSON field and CSV column all enumerate the same list.
/// </summary>
/// <typeparam name="TRow">The row that it is a figure of: a VM, a vCPU, the host.</typeparam>
public sealed class Metric<TRow>
{
    /// <summary>Name in JSON, CSV, filters and configuration: snake_case with the unit in the name where it has one.</summary>
    public required string Id { get; init; }

    /// <summary>Column heading, a few letters in upper case.</summary>
    public required string Title { get; init; }

    /// <summary>One sentence for the help: what it is.</summary>
    public required string Help { get; init; }

    /// <summary>Where it comes from: the kernel file, QMP command or libvirt call.</summary>
    public required string Source { get; init; }

    /// <summary>What it counts.</summary>
    public required Unit Unit { get; init; }

    /// <summary>Reads it off a row.</summary>
    public required Func<TRow, Figure> Get { get; init; }

    /// <summary>Column width in cells, heading included.</summary>
    public int Width { get; init; } = 6;

    /// <summary>Where it begins to be bad; null for figures that are neither good nor bad.</summary>
    public Thresholds? Thresholds { get; init; }

    /// <summary>The topics that must be read for this figure; showing it is what makes them be read.</summary>
    public IReadOnlyList<Topic> Needs { get; init; } = [];

    /// <summary>True when the figure grows with the number of vCPUs, so that "percent of the whole VM" divides it by them.</summary>
    public bool PerVcpu { get; init; }

    /// <summary>True for a figure that is written to JSON only under its own object (or not at all) and not as a field of the row.</summary>
    public bool ScreenOnly { get; init; }

    /// <summary>Words are flush left, numbers flush right.</summary>
    public bool IsLeftAligned => Unit == Unit.Text;
}
