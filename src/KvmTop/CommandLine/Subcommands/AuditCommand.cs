using System.Globalization;
using System.Text;
using System.Text.Json;
using KvmTop.Actions;
using KvmTop.Configuration;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.CommandLine.Subcommands;

/// <summary><c>kvmtop audit</c>: what actions have done on this host.</summary>
internal sealed class AuditCommand : ISubcommand
{
    private const int Longest = 8000;

    /// <inheritdoc/>
    public string Name => "audit";

    /// <inheritdoc/>
    public string Usage => "[-n N] [-o text|json]";

    /// <inheritdoc/>
    public string Summary => "Lists what actions have done: who, when, what, and how it ended.";

    /// <inheritdoc/>
    public string Help =>
        """
        Usage: kvmtop audit [-n N] [-o text|json]

        Lists the actions in the journal, oldest first: /var/log/kvmtop/audit.jsonl for
        root, $XDG_STATE_HOME/kvmtop/audit.jsonl (~/.local/state) for others.

          -n N            Only the last N. Default: 50.
          -o text|json    A few lines for each, or one JSON object per line.

        Exit status: 0, or 1 when the journal cannot be read, 2 for a mistake.

        """;

    /// <inheritdoc/>
    public int Run(IReadOnlyList<string> arguments, EnvironmentBlock environment)
    {
        if (arguments.Contains("--help") || arguments.Contains("-h"))
        {
            return StandardStreams.Print(Help, ExitCode.Success);
        }

        if (ActionWords.Parse(arguments, [], ["-n", "-o"], out var mistake) is not { Rest.Count: 0 } words)
        {
            return StandardStreams.Print($"kvmtop: audit: {(mistake.Length > 0 ? mistake : "expected no words")}\n", ExitCode.Usage);
        }

        var most = 50;
        if ((words.Value("-n") is { } n && !int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out most)) || words.Value("-o") is not (null or "text" or "json"))
        {
            return StandardStreams.Print("kvmtop: audit: expected -n with a number, -o with text or json\n", ExitCode.Usage);
        }

        if (JournalAccess.Open(environment, new DirectoryHost()) is not { } journal)
        {
            return StandardStreams.Print("kvmtop: audit: there is no place for a journal\n", ExitCode.Failed);
        }

        var entries = journal.Read(out var errno, out var skipped).TakeLast(most).ToList();
        if (errno is not (Errno.None or Errno.ENOENT))
        {
            return StandardStreams.Print(HostileText.Clean($"kvmtop: audit: {journal.Distrust ?? $"{journal.Path}: {errno.Describe()}"}", Longest) + "\n", ExitCode.Failed);
        }

        if (skipped > 0)
        {
            _ = StandardStreams.Print(string.Create(CultureInfo.InvariantCulture, $"kvmtop: audit: {skipped} lines of the journal make no sense and were passed over\n"), ExitCode.Failed);
        }

        return words.Value("-o") == "json" ? Json(entries) : StandardStreams.Print(Text(entries, journal.Path), ExitCode.Success);
    }

    private static int Json(List<JournalEntry> entries)
    {
        using var memory = new MemoryStream();
        foreach (var entry in entries)
        {
            using (var json = new Utf8JsonWriter(memory))
            {
                PlanJson.Write(json, entry);
            }

            memory.WriteByte((byte)'\n');
        }

        StandardStreams.Output.Write(memory.ToArray());
        return ExitCode.Success;
    }

    private static string Text(List<JournalEntry> entries, string path)
    {
        if (entries.Count == 0)
        {
            return HostileText.Clean($"Nothing has been done ({path}).", Longest) + "\n";
        }

        var text = new StringBuilder();
        foreach (var entry in entries)
        {
            text.Append(CultureInfo.InvariantCulture, $"{entry.Time.ToLocalTime():yyyy-MM-dd HH:mm:ss}  {entry.Id}  {entry.User}\n  {entry.Describe()}\n");
            foreach (var step in entry.Steps)
            {
                text.Append("    ").Append(step.Result is null ? step.Begun ? "? " : "- " : step.Result.Done ? "+ " : "! ").Append(HostileText.Clean(step.Effect?.Describe() ?? "unknown to this version", Longest)).Append('\n');
            }
        }

        return text.ToString();
    }
}
