using System.Globalization;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>What a line of a plan is.</summary>
public enum PlanLineKind
{
    Title,
    Effect,
    Obstacle,
    Disturbs,
    Note,
    Drawing,
    Good,
}

/// <summary>A line of a plan or of its result, for the screen and the shell.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">The text; cleaned.</param>
public sealed record PlanLine(PlanLineKind Kind, string Text);

/// <summary>A plan and its result in words: what the preview shows is what the shell prints.</summary>
public static class PlanText
{
    private const int Longest = 8000;

    /// <summary>The plan.</summary>
    public static IReadOnlyList<PlanLine> Of(ActionPlan plan)
    {
        var lines = new List<PlanLine>();
        void Add(PlanLineKind kind, string text) => lines.Add(new PlanLine(kind, HostileText.Clean(text, Longest)));
        Add(PlanLineKind.Title, plan.Title);
        foreach (var target in plan.Targets)
            Add(target.IsStranger ? PlanLineKind.Disturbs : PlanLineKind.Note, target.ToString());
        foreach (var obstacle in plan.Obstacles)
            Add(PlanLineKind.Obstacle, $"{Word(obstacle.Kind)}: {obstacle.Reason}{(obstacle.Remedy is { } remedy ? $" ({remedy})" : "")}");
        for (var i = 0; i < plan.Effects.Count; i++)
            Add(PlanLineKind.Effect, string.Create(CultureInfo.InvariantCulture, $"{i + 1}. {plan.Effects[i].Describe()}"));
        if (plan is { Effects.Count: 0, Obstacles.Count: 0, IsReport: false })
            Add(PlanLineKind.Good, "It is so already: nothing to do.");
        foreach (var disturbed in plan.Disturbs)
            Add(PlanLineKind.Disturbs, disturbed);
        foreach (var line in plan.Drawing)
            Add(PlanLineKind.Drawing, line);
        foreach (var note in plan.Notes)
            Add(PlanLineKind.Note, note);
        if (plan.Effects.Count > 0)
            Add(PlanLineKind.Note, plan.CanUndo ? "It can be undone." : plan.Undoes is not null ? "This is an undo." : "It cannot be undone.");
        return lines;
    }

    /// <summary>What came of it.</summary>
    public static IReadOnlyList<PlanLine> Of(ActionPlan plan, ActionResult result)
    {
        var lines = new List<PlanLine>();
        void Add(PlanLineKind kind, string text) => lines.Add(new PlanLine(kind, HostileText.Clean(text, Longest)));
        Add(PlanLineKind.Title, result.State switch
        {
            JournalState.Done => "Done: " + plan.Title,
            JournalState.Broken => "Failed, and not all of it could be taken back: " + plan.Title,
            _ when result.Id is null => "Nothing was done: " + plan.Title,
            _ => "Failed and rolled back: " + plan.Title,
        });
        for (var i = 0; i < result.Results.Count; i++)
        {
            var (effect, one) = (plan.Effects[i], result.Results[i]);
            var change = one.Before == one.After ? "" : $" (was {one.Before ?? "?"}, is {one.After ?? "?"})";
            Add(one.Done ? PlanLineKind.Good : PlanLineKind.Obstacle, $"{(one.Done ? "done" : "failed")}: {effect.Describe()}{change}{(one.Problem is null ? "" : ": " + one.Problem)}");
        }

        // What failed has said why; what follows from it is news.
        var told = result.Results.LastOrDefault(r => !r.Done)?.Problem;
        var rest = result.Problem is { } problem && told is not null && problem.StartsWith(told, StringComparison.Ordinal) ? problem[told.Length..].TrimStart(';', ' ') : result.Problem;
        if (rest is { Length: > 0 })
            Add(PlanLineKind.Obstacle, rest);
        if (result is { IsDone: true, Id: { } id } && plan.CanUndo)
            Add(PlanLineKind.Note, $"kvmtop undo {id} takes it back.");
        return lines;
    }

    private static string Word(ObstacleKind kind) => kind switch
    {
        ObstacleKind.Mistake => "mistake",
        ObstacleKind.Privilege => "not permitted",
        _ => "refused",
    };
}
