using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>What came of a plan.</summary>
/// <param name="State">Done, RolledBack or Broken.</param>
/// <param name="Id">Its entry in the journal; null when nothing was begun.</param>
/// <param name="Results">What became of each effect that was come to, in order.</param>
/// <param name="Problem">What went wrong, and what it left; null when all is well.</param>
public sealed record ActionResult(JournalState State, string? Id, IReadOnlyList<EffectResult> Results, string? Problem)
{
    /// <summary>It was done.</summary>
    public bool IsDone => State == JournalState.Done;
}

/// <summary>Carries a plan out: one effect after the other, each read back and written down; at the first failure what was done is taken back in reverse.</summary>
/// <param name="host">The host.</param>
/// <param name="journal">Where it is written down.</param>
public sealed class PlanExecutor(HostControl host, Journal journal)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <summary>Carries it out. Takes as long as it takes: for a worker's thread. Never throws.</summary>
    /// <param name="plan">What was shown and confirmed.</param>
    /// <param name="keepFor">After this it is to be taken back unless kept; null for never.</param>
    /// <param name="progress">Told what it is at.</param>
    public ActionResult Execute(ActionPlan plan, TimeSpan? keepFor, Action<string> progress)
    {
        if (host.Refusal is { } refusal)
            return Nothing(refusal);
        if (!plan.CanRun)
            return Nothing(plan.Obstacles.Count > 0 ? plan.Obstacles[0].Reason : "there is nothing to do");
        using var held = ActionLock.Take(journal.LockPath, s_patience, host, out var problem);
        if (held is null)
            return Nothing(problem);
        if (host.IsAskedToEnd)
            return Nothing("kvmtop was asked to end before anything was begun");

        // Two may have planned to take back the same thing.
        if (plan.Undoes is { } undone && FindEntry(undone)?.CanUndo != true)
            return Nothing("it has been taken back since the plan was made, or the journal cannot be read any more");

        string id;
        try
        {
            id = journal.Begin(plan, keepFor is { } time ? host.Files.Time.GetUtcNow() + time : null);
        }
        catch (IOException e)
        {
            return Nothing($"the journal {journal.Path} cannot be written, so nothing was done: {HostileText.Clean(e.Message, 300)}");
        }

        return Run(plan, id, progress);
    }

    private static ActionResult Nothing(string problem) => new(JournalState.RolledBack, null, [], problem);

    private ActionResult Run(ActionPlan plan, string id, Action<string> progress)
    {
        var results = new List<EffectResult>();
        string? unwritten = null;
        void Note(Action write)
        {
            // Half-way through, a full disk must neither stop the work nor the rolling back; it is told at the end.
            try
            {
                write();
            }
            catch (IOException e)
            {
                unwritten ??= $"the journal could not be written: {HostileText.Clean(e.Message, 200)}";
            }
        }

        string? problem = null;
        for (var i = 0; i < plan.Effects.Count && problem is null; i++)
        {
            var (step, effect) = (i, plan.Effects[i]);
            progress(plan.Effects.Count == 1 ? effect.Describe() : string.Create(CultureInfo.InvariantCulture, $"{i + 1} of {plan.Effects.Count}: {effect.Describe()}"));
            Note(() => journal.Starting(id, step));
            var result = Apply(effect, progress);
            results.Add(result);
            Note(() => journal.Applied(id, step, result));
            problem = result.Done ? null : result.Problem ?? "it failed";
        }

        var state = JournalState.Done;
        if (problem is not null)
        {
            var left = RollBack(plan, results, id, Note, progress);
            state = left.Count == 0 ? JournalState.RolledBack : JournalState.Broken;
            problem += left.Count == 0 ? results.Any(r => r.Done) ? "; what was done before has been taken back" : "" : $"; could not be taken back: {string.Join("; ", left)}";
        }

        Note(() => journal.End(id, state, problem));
        return new ActionResult(state, id, results, problem is null ? unwritten : unwritten is null ? problem : $"{problem}; {unwritten}");
    }

    private JournalEntry? FindEntry(string id)
    {
        JournalEntry? found = null;
        foreach (var entry in journal.Read(out _))
        {
            if (entry.Id == id)
                found = entry;
        }

        return found;
    }

    [SuppressMessage("Design", "CA1031", Justification = "A defect in one effect must not keep those before it from being taken back, nor the journal from its end.")]
    private EffectResult Apply(Effect effect, Action<string> progress)
    {
        try
        {
            return effect.Apply(host, progress);
        }
        catch (Exception e)
        {
            return EffectResult.Broken($"this is a defect of kvmtop: {HostileText.Clean(e.Message, 300)}", null, null);
        }
    }

    /// <summary>Takes back what was changed, the last first. Returns what could not be.</summary>
    private List<string> RollBack(ActionPlan plan, List<EffectResult> results, string id, Action<Action> note, Action<string> progress)
    {
        var left = new List<string>();
        for (var i = results.Count - 1; i >= 0; i--)
        {
            if (!results[i].Changed)
                continue;
            var (step, effect) = (i, plan.Effects[i]);
            if (effect.Invert(results[i].After) is not { } inverse)
            {
                left.Add(effect.Describe());
                continue;
            }

            progress("taking back: " + inverse.Describe());
            var result = Apply(inverse, progress);
            note(() => journal.TakenBack(id, step, result));
            if (!result.Done)
                left.Add($"{inverse.Describe()}: {result.Problem}");
        }

        return left;
    }
}
