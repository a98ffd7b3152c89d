using KvmTop.Configuration;

namespace KvmTop.CommandLine;

/// <summary>What the command line came to: options to run with, or a text to print and a code to leave with.</summary>
public sealed class Startup
{
    /// <summary>What to run with; null when there is only <see cref="Text"/> to print.</summary>
    public Options? Options { get; private init; }

    /// <summary>The configuration files that were read and the one that the setup screen saves to.</summary>
    public ConfigurationFiles? Files { get; private init; }

    /// <summary>To be printed on standard output, or on standard error when <see cref="ExitCode"/> is not 0.</summary>
    public string Text { get; private init; } = "";

    /// <summary>To leave with when there are no options.</summary>
    public int ExitCode { get; private init; }

    /// <summary>What is to be told on standard error before it runs, a line each: files that were not read.</summary>
    public IReadOnlyList<string> Notices { get; private init; } = [];

    /// <summary>Tells them.</summary>
    internal void TellNotices()
    {
        foreach (var notice in Notices)
        {
            _ = StandardStreams.Print($"kvmtop: {Setting.Plain(notice)}\n", Configuration.ExitCode.Failed);
        }
    }

    internal static Startup Run(Options options, ConfigurationFiles files, IReadOnlyList<string> notices) => new() { Options = options, Files = files, Notices = notices };

    internal static Startup Print(string text) => new() { Text = text };

    internal static Startup Refuse(IEnumerable<string> mistakes) => new()
    {
        Text = string.Concat(mistakes.Select(m => Setting.Plain(m) + "\n")) + "Try 'kvmtop --help'.\n",
        ExitCode = Configuration.ExitCode.Usage,
    };
}
