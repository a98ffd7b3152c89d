using System.Text.Json;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>An entry of the journal while its lines are being read.</summary>
internal sealed class JournalDraft
{
    private const int MostEffects = 100_000;

    private readonly List<JournalStep> _steps = [];
    private string _id = "";
    private DateTimeOffset _time;
    private DateTimeOffset _changed;
    private string _user = "";
    private string _action = "";
    private string _title = "";
    private IReadOnlyList<string> _words = [];
    private int _pid;
    private ulong _pidStart;
    private string? _boot;
    private DateTimeOffset? _revertsAt;
    private bool _kept;
    private string? _problem;

    public string? Undoes { get; private set; }

    public JournalState State { get; private set; } = JournalState.Running;

    public bool IsUndone { get; set; }

    /// <summary>Takes one line in.</summary>
    public static void Accept(JsonElement line, Dictionary<string, JournalDraft> drafts, List<JournalDraft> order)
    {
        if (line.ValueKind != JsonValueKind.Object)
            return;
        var fields = new EffectFields(line);
        if (fields.Text("id") is not { Length: > 0 and < 100 } id)
            return;

        if (fields.Text("event") == "begin")
        {
            if (!drafts.ContainsKey(id))
            {
                var draft = new JournalDraft();
                draft.Begin(id, fields, line);
                drafts.Add(id, draft);
                order.Add(draft);
            }
        }
        else if (drafts.TryGetValue(id, out var draft))
        {
            draft.Take(fields);
        }
    }

    /// <summary>The entry that came of it.</summary>
    /// <param name="isAlive">Whether a process lives, by pid and start time.</param>
    /// <param name="boot">Which run of the kernel this is; null when that is not known.</param>
    public JournalEntry Finish(Func<int, ulong, bool> isAlive, string? boot) => new()
    {
        Id = _id,
        Time = _time,
        Changed = _changed,
        User = _user,
        Action = _action,
        Title = _title,
        Words = _words,
        Steps = _steps,
        State = IsUndone ? JournalState.Undone : State == JournalState.Running && (_boot != boot || !isAlive(_pid, _pidStart)) ? JournalState.Unfinished : State,
        Problem = _problem,
        Undoes = Undoes,
        RevertsAt = _revertsAt,
        Kept = _kept,
        IsOfThisBoot = boot is not null && _boot == boot,
    };

    private void Begin(string id, EffectFields fields, JsonElement line)
    {
        const int longest = 300;
        _id = HostileText.Clean(id, 100);
        _changed = _time = Time(fields.Text("time")) ?? default;
        _user = HostileText.Clean(fields.Text("user") ?? "?", 64) + (fields.Text("sudo_user") is { } sudo ? $" ({HostileText.Clean(sudo, 64)})" : "");
        _action = HostileText.Clean(fields.Text("action") ?? "?", longest);
        _title = HostileText.Clean(fields.Text("title") ?? "?", longest);
        _words = [.. (fields.List("words") ?? []).Select(w => HostileText.Clean(w, longest))];
        _pid = (int)Math.Clamp(fields.Number("pid") ?? 0, 0, int.MaxValue);
        _pidStart = (ulong)Math.Max(fields.Number("pid_start") ?? 0, 0);
        _boot = fields.Text("boot");
        Undoes = fields.Text("undoes");
        _revertsAt = Time(fields.Text("reverts_at"));
        if (!line.TryGetProperty("effects", out var effects) || effects.ValueKind != JsonValueKind.Array)
            return;
        foreach (var effect in effects.EnumerateArray())
        {
            if (_steps.Count < MostEffects)
                _steps.Add(new JournalStep(EffectCatalog.Read(effect), null));
        }
    }

    private void Take(EffectFields fields)
    {
        _changed = Time(fields.Text("time")) ?? _changed;
        var step = fields.Number("step") is >= 0 and var n && n < _steps.Count ? (int)n : -1;
        switch (fields.Text("event"))
        {
            case "start" when step >= 0:
                _steps[step] = _steps[step] with { Begun = true };
                break;
            case "effect" when step >= 0:
                _steps[step] = _steps[step] with { Begun = true, Result = Result(fields) };
                break;
            case "rollback" when step >= 0 && fields.Flag("done") && _steps[step].Result is { } result:
                _steps[step] = _steps[step] with { Result = result with { Changed = false } };
                break;
            case "end" when Enum.TryParse<JournalState>(fields.Text("state"), out var state) && Enum.IsDefined(state):
                State = state;
                _problem = fields.Text("error") is { } problem ? HostileText.Clean(problem, 1000) : null;
                break;
            case "keep":
                _kept = true;
                break;
        }
    }

    private static EffectResult Result(EffectFields fields) => new(
        fields.Flag("done"),
        fields.Text("before"),
        fields.Text("after"),
        fields.Text("problem") is { } problem ? HostileText.Clean(problem, 1000) : null,
        fields.Flag("changed"));

    private static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
