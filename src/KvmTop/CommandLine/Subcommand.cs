namespace KvmTop.CommandLine;

/// <summary>A word behind the program's name that does one thing and leaves: one file each.</summary>
/// <param name="Name">The word.</param>
/// <param name="Usage">Its arguments, for the help.</param>
/// <param name="Summary">What it does, in a sentence.</param>
/// <param name="Run">Runs it with the arguments behind the word; returns the exit code.</param>
internal sealed record Subcommand(string Name, string Usage, string Summary, Func<IReadOnlyList<string>, int> Run)
{
    /// <summary>All there are.</summary>
    public static IReadOnlyList<Subcommand> All { get; } = [ExitsCommand.Definition];

    /// <summary>The one that the arguments begin with, or null.</summary>
    public static Subcommand? Of(IReadOnlyList<string> arguments) => arguments.Count == 0 || arguments[0].StartsWith('-') ? null : All.FirstOrDefault(c => c.Name == arguments[0]);
}
