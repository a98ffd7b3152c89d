using KvmTop.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Where plans are made and carried out, for the screen and the shell alike.</summary>
/// <param name="host">The host.</param>
/// <param name="journal">The journal.</param>
public sealed class ActionDesk(HostControl host, Journal journal)
{
    /// <summary>The host.</summary>
    public HostControl Host { get; } = host;

    /// <summary>The journal.</summary>
    public Journal Journal { get; } = journal;

    /// <summary>Makes the plan that words ask for, and adds what stands in the way of its effects.</summary>
    /// <param name="context">The moment and the host.</param>
    /// <param name="words">The action's name and what comes after.</param>
    public ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionCatalog.Find(words, out var rest) is not { } action)
            return ActionPlan.Mistake(words.Count > 0 ? words[0] : "", words, "there is no such action", words.Count > 0 ? $"kvmtop {HostileText.Clean(words[0], 40)} --help" : null);
        var plan = action.Plan(context, rest);
        return WithObstacles(plan with
        {
            Targets = [.. context.Meant.Select(v => new PlanTarget(v.Name, v.Pid, v.User, VmOwners.Of(v, Host.Actor.Uid) == VmOwner.Stranger))],
            Notes = [.. plan.Notes, .. context.Remarks],
        });
    }

    /// <summary>The plan that takes back an entry: the one named, or the latest that can be.</summary>
    public ActionPlan PlanUndo(string? id)
    {
        var entries = Journal.Read(out _);
        if (Journal.Distrust is { } why)
            return ActionPlan.Refused(UndoPlan.ActionName, id is null ? [UndoPlan.ActionName] : [UndoPlan.ActionName, id], "Undo", $"the journal is not trusted: {why}");
        var entry = id is null ? entries.LastOrDefault(e => e.CanUndo) : entries.LastOrDefault(e => e.Id == id);
        return entry is not null ? WithObstacles(UndoPlan.Of(entry))
            : ActionPlan.Refused(UndoPlan.ActionName, id is null ? [UndoPlan.ActionName] : [UndoPlan.ActionName, id], "Undo", id is null ? "there is nothing to take back" : "the journal has no such entry");
    }

    /// <summary>Carries out a plan that was shown and confirmed.</summary>
    public ActionResult Execute(ActionPlan plan, TimeSpan? keepFor, Action<string> progress)
    {
        var result = new PlanExecutor(Host, Journal).Execute(plan, keepFor, progress);
        if (result is { IsDone: true, Id: { } id } && keepFor is { } time && Reverter.Start(Host, id, time) is { } problem)
            return result with { Problem = $"done, but it will not be taken back by itself: {problem}" };
        return result;
    }

    private ActionPlan WithObstacles(ActionPlan plan)
    {
        var obstacles = new List<Obstacle>(plan.Obstacles);
        if (Host.Refusal is { } refusal && !plan.IsReport && obstacles.TrueForAll(o => o.Kind != ObstacleKind.Mistake))
            obstacles.Insert(0, Obstacle.Refused(refusal));
        else if (Host.Refusal is null)
            obstacles.AddRange(plan.Effects.Select(e => e.FindObstacle(Host)).OfType<Obstacle>().Distinct());
        return plan with { Obstacles = obstacles };
    }
}
