using KvmTop.Configuration;

namespace KvmTop.CommandLine.Subcommands;

/// <summary>A first word on the command line that does one thing and leaves, instead of showing the screen.</summary>
internal interface ISubcommand
{
    /// <summary>The word.</summary>
    string Name { get; }

    /// <summary>Its arguments, for the list in <c>kvmtop --help</c>.</summary>
    string Usage { get; }

    /// <summary>What it does, in a sentence.</summary>
    string Summary { get; }

    /// <summary>What <c>kvmtop NAME --help</c> prints; its first line is the usage.</summary>
    string Help { get; }

    /// <summary>Does it. Returns the exit code.</summary>
    /// <param name="arguments">What came after the word.</param>
    /// <param name="environment">The environment.</param>
    int Run(IReadOnlyList<string> arguments, EnvironmentBlock environment);
}

/// <summary>All of them, one line each.</summary>
internal static class SubcommandCatalog
{
    /// <summary>All there are, in the order of the help. Made when asked for: most starts have no use for them.</summary>
    public static IReadOnlyList<ISubcommand> All => [new CheckCommand(), new ExitsCommand(), .. ActionCommand.All, new UndoCommand(), new AuditCommand()];

    /// <summary>The subcommand of a word, or null.</summary>
    public static ISubcommand? Find(string word) => word.StartsWith('-') ? null : All.FirstOrDefault(c => c.Name == word);
}
