using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Unloads a module.</summary>
public sealed class ModuleUnloadAction() : HostAction("module unload")
{
    /// <inheritdoc/>
    public override char? Key => 'M';

    /// <inheritdoc/>
    public override string Usage => "NAME";

    /// <inheritdoc/>
    public override string Summary => "Unloads a kernel module that nobody uses.";

    /// <inheritdoc/>
    public override string Writes => "rmmod NAME";

    /// <inheritdoc/>
    public override string Details =>
        """
          NAME          A loaded module. Refused while VMs or other modules use it, which
                        are named. What it stands on stays loaded. Undone, it is
                        loaded with the parameters that it had.
        """;

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context) => [ModuleMenu.Choice(context, "Unload", Name, Plan)];

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

        var title = $"Unload {name}";
        var entry = view.Of(name);
        switch (entry.Module.State)
        {
            case ModuleState.BuiltIn:
                return Refuse(words, title, $"{name} is part of the kernel and cannot be unloaded: {entry.Module.Evidence}");
            case ModuleState.Changing:
                return Refuse(words, title, $"{name} is being loaded or unloaded right now ({entry.Module.Evidence})");
            case not ModuleState.Loaded when !view.HasModules:
                return Refuse(words, title, $"{name} is not loaded, and {ModuleView.NoModules}");
            case ModuleState.Missing or ModuleState.Unknown:
                return Refuse(words, title, $"{name} is not loaded, and there is no such module for this kernel: {entry.Module.Evidence}");
            case ModuleState.Available:
                return new ActionPlan { Action = Name, Title = title, Words = WithName(words), Notes = [$"{name} is not loaded."] };
        }

        var unloading = ModuleReload.Unloading(view, entry);
        return new ActionPlan
        {
            Action = Name, Title = title, Words = WithName(words), Danger = Danger.Disturbs, Effects = unloading.Effects, Obstacles = unloading.Obstacles, Notes = unloading.Notes, Disturbs = unloading.Disturbs,
        };
    }
}
