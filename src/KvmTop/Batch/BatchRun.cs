using System.Reactive.Linq;
using KvmTop.CommandLine;
using KvmTop.Configuration;
using KvmTop.Streams;

namespace KvmTop.Batch;

/// <summary>Prints one record per tick, each with rates over exactly its interval; a silent first reading primes them.</summary>
internal static class BatchRun
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(5), s_patience = TimeSpan.FromSeconds(10);

    /// <summary>Runs until the records are out, the reader of our output has gone, or a signal ends the process. Returns the exit code.</summary>
    public static int Run(Options options)
    {
        if (!RecordPrinter.TryCreate(options, out var printer, out var problem))
        {
            return StandardStreams.Print($"kvmtop: {problem}\n", ExitCode.Usage);
        }

        using var monitor = new Monitor(options, first: null);
        using var ended = new ManualResetEventSlim();
        Exception? failure = null;
        var count = options.Once ? 1 : options.Iterations;
        var records = monitor.Hub.Observe(printer.Needs).Skip(1);
        using var subscription = (count is { } n ? records.Take(n) : records)
            // In the stream and not in its observer: there an exception (a full disk) would end the process with a stack trace.
            .Do(printer.Print)
            .TakeUntil(_ => StandardStreams.Output.IsClosed)
            .Subscribe(
                static _ => { },
                e =>
                {
                    failure = e;
                    ended.Set();
                },
                ended.Set);
        TellUntil(ended, monitor.Hub.Progress, options.Delay);
        return failure is null ? ExitCode.Success : StandardStreams.Print($"kvmtop: {failure.Message}\n", ExitCode.Failed);
    }

    /// <summary>Waits for the end, and says once on standard error when a reading does not come: a record that waits for it cannot.</summary>
    private static void TellUntil(ManualResetEventSlim ended, HubProgress progress, TimeSpan delay)
    {
        var told = false;
        while (!ended.Wait(s_look))
        {
            var now = Freshness.Of(progress, delay);
            var waits = now.Age > delay + s_patience;
            if (waits && !told)
            {
                _ = StandardStreams.Print($"kvmtop: {now.Words}\n", ExitCode.Failed);
            }

            told = waits;
        }
    }
}
