using KvmTop.Batch;
using KvmTop.CommandLine;
using KvmTop.CommandLine.Subcommands;
using KvmTop.Configuration;
using KvmTop.Linux;
using KvmTop.Screen;

namespace KvmTop;

internal static class Program
{
    private static int Main(string[] arguments)
    {
        // Before anything else is loaded: each assembly wants a descriptor, and .NET aborts when it finds none.
        if (DescriptorLimit.Raise() < DescriptorLimit.Least)
        {
            return StandardStreams.Print($"kvmtop: too few files may be open at once: at least {DescriptorLimit.LeastText} are needed (ulimit -n)\n", ExitCode.Failed);
        }

        return Run(arguments);
    }

    private static int Run(string[] arguments)
    {
        if (arguments.Length > 0 && SubcommandCatalog.Find(arguments[0]) is { } subcommand)
        {
            return Run(subcommand, arguments[1..]);
        }

        var startup = CommandLineParser.Parse(arguments, EnvironmentBlock.OfProcess());
        if (startup.Options is not { } options)
        {
            return StandardStreams.Print(startup.Text, startup.ExitCode);
        }

        startup.TellNotices();
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

    private static int Run(ISubcommand subcommand, string[] arguments)
    {
        try
        {
            return subcommand.Run(arguments, EnvironmentBlock.OfProcess());
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            return StandardStreams.Print($"kvmtop: {subcommand.Name}: {e.Message}\n", ExitCode.Failed);
        }
    }
}
