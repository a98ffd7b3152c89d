using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Loads a module, with what it stands on.</summary>
public sealed class ModuleLoadAction() : HostAction("module load")
{
    /// <inheritdoc/>
    public override char? Key => 'M';

    /// <inheritdoc/>
    public override string Usage => "NAME [PARAMETER=VALUE..]";

    /// <inheritdoc/>
    public override string Summary => "Loads a kernel module.";

    /// <inheritdoc/>
    public override string Writes => "modprobe NAME PARAMETER=VALUE.. (and before it a modprobe for each module that it stands on and that is not loaded)";

    /// <inheritdoc/>
    public override string Details =>
        """
          NAME             As modinfo knows it: kvm_amd, vhost_net, nbd, ..
          PARAMETER=VALUE  For this time only; it wins over modprobe.d.
        """;

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context) => [ModuleMenu.Choice(context, "Load", Name, Plan)];

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words) => Plan(new ModuleView(context), words);

    private ActionPlan Plan(ModuleView view, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, [], [], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (parsed.Rest.Count == 0)
            return Mistake(words, "expected the name of a module");
        if (ModuleWords.NameOf(parsed.Rest[0], out mistake) is not { } name || ModuleWords.Assignments(parsed.Rest.Skip(1), out mistake) is not { } set)
            return Mistake(words, mistake);

        var title = $"Load {name}";
        var entry = view.Of(name);
        if (ModuleMenu.UnknownParameter(entry, set) is { } unknown)
            return Mistake(words, unknown);
        switch (entry.Module.State)
        {
            case ModuleState.BuiltIn when set.Count > 0:
                return Refuse(words, title, $"{name} is part of the kernel ({entry.Module.Evidence}): nothing is loaded", $"kvmtop module set {name} {parsed.Rest[1]}");
            case ModuleState.BuiltIn:
                return new ActionPlan { Action = Name, Title = title, Words = WithName(words), Notes = [$"{name} is part of the kernel: {entry.Module.Evidence}."] };
            case ModuleState.Changing:
                return Refuse(words, title, $"{name} is being loaded or unloaded right now ({entry.Module.Evidence})");
            case ModuleState.Loaded when ModuleProbe.Difference(view.Context.Control, name, [.. set.Select(s => $"{s.Name}={s.Value}")]) is { } other:
                return Refuse(words, title, $"{name} is loaded already, and its {other}", $"kvmtop module set {name} {string.Join(' ', parsed.Rest.Skip(1))}");
            case ModuleState.Loaded:
                return new ActionPlan { Action = Name, Title = title, Words = WithName(words), Notes = [$"{name} is loaded."] };
        }

        if (!view.HasModules)
            return Refuse(words, title, ModuleView.NoModules);
        if (entry.Module.State == ModuleState.Missing || (entry.Module.State == ModuleState.Unknown && entry.File is null))
            return Refuse(words, title, $"there is no module {name} for this kernel: {entry.Module.Evidence}");
        var loading = ModuleReload.Loading(view, entry, set);
        return new ActionPlan { Action = Name, Title = title, Words = WithName(words), Effects = loading.Effects, Obstacles = loading.Obstacles, Notes = loading.Notes };
    }
}
