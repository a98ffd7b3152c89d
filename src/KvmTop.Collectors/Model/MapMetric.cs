namespace KvmTop.Collectors;

/// <summary>Several figures of one kind under names that the host gives them (nodes, sizes): a JSON object, and nothing on the screen.</summary>
/// <typeparam name="TRow">The row that they are figures of.</typeparam>
public sealed class MapMetric<TRow>
{
    /// <summary>Name in JSON.</summary>
    public required string Id { get; init; }

    /// <summary>One sentence: what it is, and what the names in it are.</summary>
    public required string Help { get; init; }

    /// <summary>Where it comes from.</summary>
    public required string Source { get; init; }

    /// <summary>What each figure counts.</summary>
    public required Unit Unit { get; init; }

    /// <summary>The topics that must be read for it.</summary>
    public required IReadOnlyList<Topic> Needs { get; init; }

    /// <summary>Reads it off a row; null when it is not known.</summary>
    public required Func<TRow, IReadOnlyList<KeyValuePair<string, double>>?> Get { get; init; }
}
