using KvmTop.Tui;

namespace KvmTop.Screen;

/// <summary>Something the operator can do from any pane: one entry serves the keyboard, the footer, the help and the <c>:</c> line.</summary>
/// <param name="Name">The word on the <c>:</c> line.</param>
/// <param name="Keys">The keys as the help writes them.</param>
/// <param name="Help">What it does, for the help.</param>
/// <param name="Matches">Whether an input is one of its keys.</param>
/// <param name="Run">Does it.</param>
internal sealed record Command(string Name, string Keys, string Help, Func<InputEvent, bool> Matches, Action Run)
{
    /// <summary>Its word in the footer, or null for a command that is not shown there.</summary>
    public KeyHint? Hint { get; init; }
}
