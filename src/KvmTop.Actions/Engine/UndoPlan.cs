using System.Globalization;

namespace KvmTop.Actions;

/// <summary>The plan that takes an entry of the journal back: the inverses of what it changed, the last first.</summary>
public static class UndoPlan
{
    /// <summary>The name under which it stands in the journal.</summary>
    public const string ActionName = "undo";

    /// <summary>Makes it.</summary>
    public static ActionPlan Of(JournalEntry entry)
    {
        IReadOnlyList<string> words = [ActionName, entry.Id];
        var title = $"Take back: {entry.Title}";
        if (!entry.CanUndo)
            return ActionPlan.Refused(ActionName, words, title, WhyNot(entry));

        var effects = new List<Effect>();
        foreach (var step in entry.Touched.Reverse())
            effects.Add(step.Effect!.Invert(step.Result?.After)!);
        return new ActionPlan
        {
            Action = ActionName,
            Title = title,
            Words = words,
            Effects = effects,
            Undoes = entry.Id,
            Notes = [string.Create(CultureInfo.InvariantCulture, $"Done {entry.Time.ToLocalTime():yyyy-MM-dd HH:mm:ss} by {entry.User}.")],
        };
    }

    private static string WhyNot(JournalEntry entry) => entry switch
    {
        { Undoes: not null } => "an undo is not undone: do again what it took back",
        { State: JournalState.Undone } => "it has been taken back already",
        { State: JournalState.RolledBack } => "it failed and was rolled back: there is nothing to take back",
        { State: JournalState.Running } => "it is still under way",
        { IsOver: true } => "the host was started anew since, as far as can be told: the processes that it touched are gone",
        _ when !entry.Touched.Any() => "it changed nothing",
        _ => "what it did cannot be taken back: " + (entry.Touched.FirstOrDefault(s => s.Effect?.Invert(null) is null)?.Effect?.Describe() ?? "unknown to this version"),
    };
}
