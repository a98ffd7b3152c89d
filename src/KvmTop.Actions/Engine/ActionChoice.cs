namespace KvmTop.Actions;

/// <summary>A value to be typed before the words of a choice are complete.</summary>
/// <param name="Label">What is asked for: "CPUs".</param>
/// <param name="Hint">What may be typed: "a list as 0-3,8, or node1".</param>
public sealed record ActionField(string Label, string Hint)
{
    /// <summary>What stands there to begin with.</summary>
    public string Initial { get; init; } = "";

    /// <summary>What may be chosen instead of typed; empty for anything.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];
}

/// <summary>An entry of the menu that a key opens: what an action can do for what is selected now.</summary>
/// <param name="Title">What it does: "Pin to node 1, near its memory".</param>
public sealed record ActionChoice(string Title)
{
    /// <summary>On the right: the value as it is now.</summary>
    public string? Detail { get; init; }

    /// <summary>Why it cannot be chosen now; null when it can.</summary>
    public string? DisabledReason { get; init; }

    /// <summary>What must be typed first; empty for nothing.</summary>
    public IReadOnlyList<ActionField> Fields { get; init; } = [];

    /// <summary>The words that ask for it, from the values of <see cref="Fields"/>; the same as on the shell.</summary>
    public required Func<IReadOnlyList<string>, IReadOnlyList<string>> Words { get; init; }

    /// <summary>A choice without anything to type.</summary>
    public static ActionChoice Of(string title, params string[] words) => new(title) { Words = _ => words };
}
