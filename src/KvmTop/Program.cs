using KvmTop.Batch;
using KvmTop.CommandLine;
using KvmTop.Configuration;

namespace KvmTop;

internal static class Program
{
    private static int Main(string[] arguments)
    {
        var startup = CommandLineParser.Parse(arguments, EnvironmentBlock.OfProcess());
        if (startup.Options is not { } options)
        {
            return StandardStreams.Print(startup.Text, startup.ExitCode);
        }

        try
        {
            return BatchRun.Run(options.Batch ? options : options with { Once = true });
        }
        catch (IOException e)
        {
            return StandardStreams.Print($"kvmtop: {e.Message}\n", ExitCode.Failed);
        }
    }
}
