using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>What the actions on modules have in common in menus and words.</summary>
internal static class ModuleMenu
{
    private const int MostListed = 40;

    /// <summary>The name of a module, to be typed.</summary>
    public static ActionField NameField { get; } = new("Module", "its name: vhost_net, nbd, ..");

    /// <summary>The module under the cursor, or null.</summary>
    public static string? Subject(ActionContext context) => context.Selection is { Subject: { } name, Vms.Count: 0 } && ModuleWords.IsName(name) ? name : null;

    /// <summary>Why no module can be loaded or unloaded on this host; null when some can.</summary>
    public static string? WhyNone(ActionContext context) => new ModuleView(context, describes: false).HasModules ? null : ModuleView.NoModules;

    /// <summary>Why a plan has no place in a menu now; null when it can be chosen.</summary>
    public static string? WhyNot(ActionPlan plan) => plan.Obstacles.Count > 0 ? plan.Obstacles[0].Reason : plan.Effects.Count == 0 ? plan.Notes.Count > 0 ? plan.Notes[0].TrimEnd('.') : "it is so already" : null;

    /// <summary>What a menu offers of an action on one module: for the one under the cursor, or for one to be typed.</summary>
    /// <param name="context">The moment and what is selected.</param>
    /// <param name="verb">What is done, as in the title: "Load".</param>
    /// <param name="name">The action's name.</param>
    /// <param name="plan">Its plan for a module, from what is known without asking modinfo.</param>
    public static ActionChoice Choice(ActionContext context, string verb, string name, Func<ModuleView, IReadOnlyList<string>, ActionPlan> plan) => Subject(context) is { } module
        ? ActionChoice.Of($"{verb} {module}", [.. name.Split(' '), module]) with { DisabledReason = WhyNot(plan(new ModuleView(context, describes: false), [module])) }
        : new ActionChoice($"{verb} a module") { Fields = [NameField], Words = values => [.. name.Split(' '), .. Split(values[0])], DisabledReason = WhyNone(context) };

    /// <summary>What was typed into one field, as words.</summary>
    public static string[] Split(string typed) => typed.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What is wrong when a module does not have a parameter; null when it has all, or when nothing tells which it has.</summary>
    public static string? UnknownParameter(ModuleEntry entry, IReadOnlyList<(string Name, string Value)> set)
    {
        var isKnown = entry.Parameters.Count > 0 || entry.Module.State == ModuleState.BuiltIn || entry.IsDescribed;
        foreach (var (name, _) in set)
        {
            if (isKnown && entry.Parameters.All(p => p.Name != name))
            {
                var there = entry.Parameters.Take(MostListed).Select(p => p.Name);
                return entry.Parameters.Count == 0 ? $"{entry.Module.Name} has no parameters" : $"{entry.Module.Name} has no parameter {name}, but {string.Join(", ", there)}{(entry.Parameters.Count > MostListed ? ", .." : "")}";
            }
        }

        return null;
    }
}
