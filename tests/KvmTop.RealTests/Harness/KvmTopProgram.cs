namespace KvmTop.RealTests.Harness;

/// <summary>
/// The program as it was built beside the tests, run as its users run it. TEST_BINARY names another one, such as an installed one.
/// </summary>
public static class KvmTopProgram
{
    /// <summary>Program and leading arguments.</summary>
    public static IReadOnlyList<string> CommandLine { get; } = Find();

    /// <summary>The command line with arguments, for <see cref="TmuxSession.Start"/>.</summary>
    public static IReadOnlyList<string> With(params string[] arguments) => [.. CommandLine, .. arguments];

    /// <summary>Runs it without a terminal to its end; a failure when it outlives 30 s.</summary>
    public static CommandResult Run(params string[] arguments) => Run(arguments, null);

    /// <summary>The same with a deadline and a changed environment (null takes a variable away).</summary>
    public static CommandResult Run(
        IEnumerable<string> arguments, TimeSpan? deadline, IReadOnlyDictionary<string, string?>? environment = null) =>
        Command.Run(CommandLine[0], [.. CommandLine.Skip(1), .. arguments], deadline, environment);

    private static string[] Find()
    {
        if (Environment.GetEnvironmentVariable("TEST_BINARY") is { Length: > 0 } other) return [other];
        // The runtime that runs the tests runs the program too: its folder is DOTNET_ROOT/shared/Microsoft.NETCore.App/VERSION.
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        var dotnet = Path.GetFullPath(Path.Combine(runtime, "..", "..", "..", "dotnet"));
        return [dotnet, Path.Combine(AppContext.BaseDirectory, "kvmtop.dll")];
    }
}
