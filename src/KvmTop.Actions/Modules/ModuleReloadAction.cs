using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Unloads a module and loads it again as it was.</summary>
public sealed class ModuleReloadAction() : HostAction("module reload")
{
    /// <inheritdoc/>
    public override char? Key => 'M';

    /// <inheritdoc/>
    public override string Usage => "NAME";

    /// <inheritdoc/>
    public override string Summary => "Unloads a kernel module and loads it again with its parameters.";

    /// <inheritdoc/>
    public override string Writes => "rmmod NAME, modprobe NAME PARAMETER=VALUE.. (and the same for loaded modules that stand on it)";

    /// <inheritdoc/>
    public override string Details =>
        """
          NAME          A loaded module. Refused while VMs use it, which are named. Its
                        parameters are kept: those that modprobe.d sets, with their values
                        of now, and those that are not as they come.
        """;

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context) => [ModuleMenu.Choice(context, "Reload", Name, Plan)];

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words) => Plan(new ModuleView(context), words);

    private ActionPlan Plan(ModuleView view, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, [], [], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (parsed.Rest.Count != 1)
            return Mistake(words, "expected the name of one module");
        if (ModuleWords.NameOf(parsed.Rest[0], out mistake) is not { } name)
            return Mistake(words, mistake);

        var title = $"Reload {name}";
        var entry = view.Of(name);
        switch (entry.Module.State)
        {
            case ModuleState.BuiltIn:
                return Refuse(words, title, $"{name} is part of the kernel and cannot be reloaded: {entry.Module.Evidence}");
            case ModuleState.Changing:
                return Refuse(words, title, $"{name} is being loaded or unloaded right now ({entry.Module.Evidence})");
            case not ModuleState.Loaded:
                return Refuse(words, title, view.HasModules ? $"{name} is not loaded" : $"{name} is not loaded, and {ModuleView.NoModules}", view.HasModules ? $"kvmtop module load {name}" : null);
        }

        var reload = ModuleReload.Of(view, entry, []);
        return new ActionPlan
        {
            Action = Name, Title = title, Words = WithName(words), Danger = Danger.Disturbs, Effects = reload.Effects, Obstacles = reload.Obstacles, Notes = reload.Notes, Disturbs = reload.Disturbs,
        };
    }
}
