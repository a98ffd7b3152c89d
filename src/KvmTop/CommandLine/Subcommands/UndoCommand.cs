using System.Globalization;
using KvmTop.Actions;
using KvmTop.Configuration;
using KvmTop.Linux;

namespace KvmTop.CommandLine.Subcommands;

/// <summary><c>kvmtop undo</c>: takes back what an action did, by the journal; or keeps what would be taken back by itself.</summary>
internal sealed class UndoCommand : ISubcommand
{
    private const int LongestWait = 86400;

    /// <inheritdoc/>
    public string Name => UndoPlan.ActionName;

    /// <inheritdoc/>
    public string Usage => "[ID] [--keep]";

    /// <inheritdoc/>
    public string Summary => "Takes back the latest action, or the one of an id.";

    /// <inheritdoc/>
    public string Help =>
        """
        Usage: kvmtop undo [ID] [--keep]

        Takes back what an action changed: the latest that can be, or the one of ID as
        'kvmtop audit' lists it. What has been changed again since is left alone.

          --keep          Leave in place what --for would take back.
          --after SECONDS Wait so long first.
          --unless-kept   Do nothing when it has been kept or taken back meanwhile.

        """ + ActionRun.OptionsHelp;

    /// <inheritdoc/>
    public int Run(IReadOnlyList<string> arguments, EnvironmentBlock environment)
    {
        if (!ActionRun.TryParse(arguments, environment, out var run, out var words, out var text))
        {
            return StandardStreams.Print(text.Length > 0 ? text : Help, text.Length > 0 ? ExitCode.Usage : ExitCode.Success);
        }

        if (ActionWords.Parse(words, ["--keep", "--unless-kept"], ["--after"], out var mistake) is not { Rest.Count: <= 1 } parsed)
        {
            return StandardStreams.Print($"kvmtop: undo: {(mistake.Length > 0 ? mistake : "expected one id")}\n", ExitCode.Usage);
        }

        var id = parsed.Rest.Count == 1 ? parsed.Rest[0] : null;
        if (parsed.Has("--keep"))
        {
            return Keep(id, environment);
        }

        if (parsed.Value("--after") is { } after)
        {
            if (!int.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > LongestWait)
            {
                return StandardStreams.Print("kvmtop: undo: --after: expected seconds, a day at most\n", ExitCode.Usage);
            }

            using var pause = new ManualResetEventSlim();
            _ = pause.Wait(TimeSpan.FromSeconds(seconds));
        }

        if (parsed.Has("--unless-kept") && id is not null && Find(id, environment) is not { Kept: false, CanUndo: true })
        {
            return ExitCode.Success;
        }

        return run.With(environment, (desk, _) => desk.PlanUndo(id));
    }

    private static int Keep(string? id, EnvironmentBlock environment)
    {
        if (JournalAccess.Open(environment, new DirectoryHost()) is not { } journal)
        {
            return StandardStreams.Print("kvmtop: undo: there is no journal\n", ExitCode.Failed);
        }

        var entry = journal.Read(out _).LastOrDefault(e => id is null ? e is { RevertsAt: not null, Kept: false, State: JournalState.Done } : e.Id == id);
        if (entry is null)
        {
            return StandardStreams.Print("kvmtop: undo: nothing waits to be taken back by itself\n", ExitCode.Refused);
        }

        journal.Keep(entry.Id);
        return StandardStreams.Print($"Kept: {entry.Title}\n", ExitCode.Success);
    }

    private static JournalEntry? Find(string id, EnvironmentBlock environment) => JournalAccess.Open(environment, new DirectoryHost())?.Read(out _).LastOrDefault(e => e.Id == id);
}
