using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>How an action in the journal stands.</summary>
public enum JournalState
{
    /// <summary>Somebody is at it now.</summary>
    Running,

    /// <summary>Carried out.</summary>
    Done,

    /// <summary>It failed, and what it had done was taken back.</summary>
    RolledBack,

    /// <summary>It failed, and not all that it had done could be taken back.</summary>
    Broken,

    /// <summary>Whoever was at it died in the middle.</summary>
    Unfinished,

    /// <summary>Carried out, and taken back later.</summary>
    Undone,
}

/// <summary>One effect in the journal.</summary>
/// <param name="Effect">What was to be done; null for a kind that this version does not know.</param>
/// <param name="Result">What became of it; null when it was not come to, or when nobody lived to say.</param>
public sealed record JournalStep(Effect? Effect, EffectResult? Result)
{
    /// <summary>It was begun: what became of it may be unknown.</summary>
    public bool Begun { get; init; }
}

/// <summary>One action as the journal has it.</summary>
public sealed class JournalEntry
{
    /// <summary>Names it: "20261122-213004-4711-1".</summary>
    public required string Id { get; init; }

    /// <summary>When it was begun.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>When something was last written about it.</summary>
    public required DateTimeOffset Changed { get; init; }

    /// <summary>Who, with the user behind sudo: "root (alice)".</summary>
    public required string User { get; init; }

    /// <summary>The action's name.</summary>
    public required string Action { get; init; }

    /// <summary>What it came to, in a sentence.</summary>
    public required string Title { get; init; }

    /// <summary>The words that asked for it.</summary>
    public required IReadOnlyList<string> Words { get; init; }

    /// <summary>Its effects, in order.</summary>
    public required IReadOnlyList<JournalStep> Steps { get; init; }

    /// <summary>How it stands.</summary>
    public required JournalState State { get; init; }

    /// <summary>What went wrong; null for nothing.</summary>
    public string? Problem { get; init; }

    /// <summary>The entry that it took back; null for anything but an undo.</summary>
    public string? Undoes { get; init; }

    /// <summary>When it is taken back by itself, unless kept; null for never.</summary>
    public DateTimeOffset? RevertsAt { get; init; }

    /// <summary>Somebody decided to keep it.</summary>
    public bool Kept { get; init; }

    /// <summary>It was done since the kernel was started.</summary>
    public bool IsOfThisBoot { get; init; }

    /// <summary>It touched processes of an earlier run of the kernel: their numbers mean others now.</summary>
    public bool IsOver => !IsOfThisBoot && Touched.Any(s => s.Effect?.IsOfThisBoot == true);

    /// <summary>Whether it can be taken back: it changed something that still is, was not taken back yet, is no undo itself, and every effect has an inverse.</summary>
    public bool CanUndo =>
        Undoes is null && State is JournalState.Done or JournalState.Unfinished or JournalState.Broken && Touched.Any() && !IsOver && Touched.All(s => s.Effect?.Invert(null) is not null);

    /// <summary>The steps that changed something, or may have.</summary>
    public IEnumerable<JournalStep> Touched => Steps.Where(s => s.Begun && s.Result is null or { Changed: true });

    /// <summary>One line about it.</summary>
    public string Describe() => HostileText.Clean($"{Title}: {Word}{(Problem is null ? "" : $": {Problem}")}", 1000);

    private string Word => State switch
    {
        JournalState.Done when RevertsAt is { } at && !Kept => FormattableString.Invariant($"done, taken back at {at.ToLocalTime():HH:mm:ss} unless kept"),
        JournalState.Done => "done",
        JournalState.RolledBack => "failed and rolled back",
        JournalState.Broken => "failed, not all of it could be taken back",
        JournalState.Unfinished => "left half-way",
        JournalState.Undone => "done, and taken back",
        _ => "under way",
    };
}
