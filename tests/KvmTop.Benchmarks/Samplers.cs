namespace KvmTop.Benchmarks;

/// <summary>
/// What is measured: a name, and a start that opens what is needed on the running host and gives back one tick. The one called
/// <c>all</c> reads everything that the floor program reads, and is what the script <c>run</c> compares with it.
/// </summary>
internal static class Samplers
{
    public static IReadOnlyList<(string Name, Func<Action> Start)> All { get; } = [];
}
