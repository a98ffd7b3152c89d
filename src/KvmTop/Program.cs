using KvmTop.Batch;
using KvmTop.CommandLine;
using KvmTop.Configuration;
using KvmTop.Screen;

namespace KvmTop;

internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (Subcommand.Of(arguments) is { } subcommand)
        {
            return Run(subcommand, arguments);
        }

        var startup = CommandLineParser.Parse(arguments, EnvironmentBlock.OfProcess());
        if (startup.Options is not { } options)
        {
            return StandardStreams.Print(startup.Text, startup.ExitCode);
        }

        try
        {
            // Without a terminal there is nobody to press a key: one report, and done.
            return options.Batch || options.Once ? BatchRun.Run(options)
                : !StandardStreams.IsTerminal ? BatchRun.Run(options with { Once = true })
                : Dashboard.Run(options, startup.Files!);
        }
        catch (IOException e)
        {
            return StandardStreams.Print($"kvmtop: {e.Message}\n", ExitCode.Failed);
        }
    }

    private static int Run(Subcommand subcommand, string[] arguments)
    {
        try
        {
            return subcommand.Run(arguments[1..]);
        }
        catch (IOException e)
        {
            return StandardStreams.Print($"kvmtop: {e.Message}\n", ExitCode.Failed);
        }
    }
}
