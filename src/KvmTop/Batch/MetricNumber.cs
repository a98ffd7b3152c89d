using KvmTop.Collectors;

namespace KvmTop.Batch;

/// <summary>To how many decimals a figure is written for programs: what it is exact to, and no noise after that.</summary>
internal static class MetricNumber
{
    // Beyond this a double does not hold whole numbers.
    private const double Exact = 1L << 53;

    /// <summary>The rounded number; false for what no format can write (infinities), which is then missing.</summary>
    internal static bool TryRound(double number, Unit unit, out double rounded)
    {
        // Most of what an idle guest has to tell is whole already: nothing to round, and rounding is dear.
        rounded = !(Math.Abs(number) < Exact) || number == (long)number ? number : Math.Round(number, Decimals(unit), MidpointRounding.AwayFromZero);
        return double.IsFinite(rounded);
    }

    /// <summary>True when it is written without a fraction.</summary>
    internal static bool IsWhole(double rounded) => Math.Abs(rounded) < Exact && rounded == Math.Floor(rounded);

    private static int Decimals(Unit unit) => unit switch
    {
        Unit.Percent or Unit.Number => 2,
        Unit.PerSecond => 1,
        Unit.Seconds or Unit.Latency => 9,
        _ => 0,
    };
}
