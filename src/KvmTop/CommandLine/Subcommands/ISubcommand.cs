using KvmTop.Configuration;

namespace KvmTop.CommandLine.Subcommands;

/// <summary>A first word on the command line that does one thing and leaves, instead of showing the screen.</summary>
internal interface ISubcommand
{
    /// <summary>The word.</summary>
    string Name { get; }

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
    /// <summary>The subcommand of a word, or null.</summary>
    public static ISubcommand? Find(string word) => word switch
    {
        "check" => new CheckCommand(),
        "exits" => new ExitsCommand(),
        _ => null,
    };
}
