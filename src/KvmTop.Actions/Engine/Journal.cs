using System.Globalization;
using System.Text.Json;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>
/// The audit log: a line of JSON for each thing that happens to an action, appended and flushed before the next step, so that whoever comes after a crash knows
/// what was left. <c>/var/log/kvmtop/audit.jsonl</c> for root, <c>$XDG_STATE_HOME/kvmtop/audit.jsonl</c> (~/.local/state) for others, readable by its owner only.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="host">Whose clock and processes count.</param>
public sealed class Journal(string path, HostControl host)
{
    private const int LinesRoom = 8 << 10, StepRoom = 1 << 10;

    private static readonly JsonWriterOptions s_plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.Default };
    private static int s_count;

    private readonly JournalFile _file = new(path);

    /// <summary>The file.</summary>
    public string Path { get; } = path;

    /// <summary>Why it was not read at the last look: others than its owner could have written it; cleaned. Null when it was.</summary>
    public string? Distrust => _file.Distrust is { } why ? HostileText.Clean(why, 300) : null;

    /// <summary>The lock that goes with it.</summary>
    public string LockPath { get; } = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path)!, "lock");

    /// <summary>Where the journal of a user is; null when there is no home to put it in.</summary>
    public static string? UsualPath(bool isRoot, string? stateHome, string? home) =>
        isRoot ? "/var/log/kvmtop/audit.jsonl"
        : stateHome is { Length: > 0 } && stateHome.StartsWith('/') ? $"{stateHome.TrimEnd('/')}/kvmtop/audit.jsonl"
        : home is { Length: > 0 } && home.StartsWith('/') ? $"{home.TrimEnd('/')}/.local/state/kvmtop/audit.jsonl"
        : null;

    /// <summary>Writes down what is about to be done. Returns its id; throws <see cref="IOException"/> when it cannot be written, and then nothing may be done.</summary>
    public string Begin(ActionPlan plan, DateTimeOffset? revertsAt)
    {
        var now = host.Files.Time.GetUtcNow();
        var id = string.Create(CultureInfo.InvariantCulture, $"{now:yyyyMMdd-HHmmss}-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}");
        var line = Line(id, "begin", json =>
        {
            json.WriteString("user", host.Actor.Name);
            json.WriteString("sudo_user", host.Actor.Sudo);
            json.WriteNumber("pid", Environment.ProcessId);
            json.WriteNumber("pid_start", host.StartTimeOf(Environment.ProcessId) ?? 0);
            json.WriteString("boot", host.BootId);
            json.WriteString("action", plan.Action);
            json.WriteString("title", plan.Title);
            json.WriteStartArray("words");
            foreach (var word in plan.Words)
                json.WriteStringValue(word);
            json.WriteEndArray();
            json.WriteString("undoes", plan.Undoes);
            if (revertsAt is { } at)
                json.WriteString("reverts_at", at);
            json.WriteStartArray("effects");
            foreach (var effect in plan.Effects)
                EffectCatalog.Write(json, effect);
            json.WriteEndArray();
        });

        // Each step says that it begins, what came of it, and perhaps what came of taking it back, with values like those of the plan.
        _file.Begin(line, LinesRoom + (plan.Effects.Count * (long)StepRoom) + (2L * line.Length));
        return id;
    }

    /// <summary>An effect is about to be applied.</summary>
    public void Starting(string id, int step) => Append(id, "start", json => json.WriteNumber("step", step));

    /// <summary>What became of an effect.</summary>
    public void Applied(string id, int step, EffectResult result) => Append(id, "effect", json => WriteResult(json, step, result));

    /// <summary>What became of taking an effect back after a later one failed.</summary>
    public void TakenBack(string id, int step, EffectResult result) => Append(id, "rollback", json => WriteResult(json, step, result));

    /// <summary>How it ended.</summary>
    public void End(string id, JournalState state, string? problem) => Append(id, "end", json =>
    {
        json.WriteString("state", state.ToString());
        json.WriteString("error", problem);
    });

    /// <summary>It is to stay, though it was to be taken back by itself.</summary>
    public void Keep(string id) => Append(id, "keep", static _ => { });

    /// <inheritdoc cref="Read(out Errno, out int)"/>
    public IReadOnlyList<JournalEntry> Read(out Errno errno) => Read(out errno, out _);

    /// <summary>The entries, oldest first, from the last megabytes of the file. Lines that make no sense are passed over, and counted.</summary>
    public IReadOnlyList<JournalEntry> Read(out Errno errno, out int skipped)
    {
        var drafts = new Dictionary<string, JournalDraft>(StringComparer.Ordinal);
        var order = new List<JournalDraft>();
        errno = _file.ReadLines(line => JournalDraft.Accept(line, drafts, order), out skipped);
        foreach (var draft in order)
        {
            if (draft.Undoes is { } undone && draft.State == JournalState.Done && drafts.TryGetValue(undone, out var other))
                other.IsUndone = true;
        }

        var boot = host.BootId;
        return [.. order.Select(d => d.Finish(IsAlive, boot))];
    }

    private static void WriteResult(Utf8JsonWriter json, int step, EffectResult result)
    {
        json.WriteNumber("step", step);
        json.WriteBoolean("done", result.Done);
        json.WriteBoolean("changed", result.Changed);
        json.WriteString("before", result.Before);
        json.WriteString("after", result.After);
        json.WriteString("problem", result.Problem);
    }

    private bool IsAlive(int pid, ulong start) => start != 0 && host.StartTimeOf(pid) == start;

    private void Append(string id, string what, Action<Utf8JsonWriter> write) => _file.Append(Line(id, what, write));

    private byte[] Line(string id, string what, Action<Utf8JsonWriter> write)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line, s_plain))
        {
            json.WriteStartObject();
            json.WriteString("time", host.Files.Time.GetUtcNow());
            json.WriteString("id", id);
            json.WriteString("event", what);
            write(json);
            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        return line.ToArray();
    }
}
