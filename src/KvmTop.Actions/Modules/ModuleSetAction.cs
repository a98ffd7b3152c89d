using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Sets parameters of a module, now and for every boot.</summary>
public sealed class ModuleSetAction() : HostAction("module set")
{
    private const string PersistFlag = "--persist";

    private static readonly string[] s_flags = ["Y", "N"];

    /// <inheritdoc/>
    public override char? Key => 'M';

    /// <inheritdoc/>
    public override string Usage => "NAME PARAMETER=VALUE.. [--persist]";

    /// <inheritdoc/>
    public override string Summary => "Sets parameters of a kernel module, by a reload where they cannot be written.";

    /// <inheritdoc/>
    public override string Writes => $"/sys/module/NAME/parameters/PARAMETER, or rmmod NAME and modprobe NAME PARAMETER=VALUE..; with --persist {ModprobeFile.Path}";

    /// <inheritdoc/>
    public override string Details =>
        $"""
          NAME             kvm, kvm_amd, vhost_net, ..
          PARAMETER=VALUE  As modinfo lists them; several are set at once.
          {PersistFlag}        For every boot too. Other lines of the file are kept.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => [PersistFlag];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        var entry = ModuleMenu.Subject(context) is { } name ? context.Snapshot.Get(ModulesTopic.Instance).Value?.Find(name) ?? new ModuleView(context, describes: false).Of(name) : null;
        if (entry is null)
        {
            yield return new ActionChoice("Set a parameter of a module")
            {
                Fields = [ModuleMenu.NameField, new ActionField("Parameter", "PARAMETER=VALUE"), BootField],
                Words = values => ["module", "set", values[0], .. ModuleMenu.Split(values[1]), .. Boot(values[2])],
            };
            yield break;
        }

        foreach (var parameter in entry.Parameters)
        {
            var how = parameter.Change switch { ParameterChange.Now => "now", ParameterChange.Reload => "by a reload", ParameterChange.Reboot => "at boot", _ => "?" };
            yield return new ActionChoice($"Set {parameter.Name}")
            {
                Detail = $"{Vmm.HostileText.Clean(parameter.Value ?? "-", 40)}, {how}",
                Fields = [new ActionField(parameter.Name, parameter.Description ?? parameter.Type ?? "its value") { Initial = parameter.Value is { } value && ModuleWords.IsValue(value) ? value : "", Options = parameter.Value is "Y" or "N" ? s_flags : [] }, BootField],
                Words = values => ["module", "set", entry.Module.Name, $"{parameter.Name}={values[0]}", .. Boot(values[1])],
                DisabledReason = parameter.Change == ParameterChange.Reboot ? $"{entry.Module.Name} is part of the kernel: {entry.Module.Name}.{parameter.Name}= goes on the kernel command line" : null,
            };
        }
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, [PersistFlag], [], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (parsed.Rest.Count < 2)
            return Mistake(words, "expected the name of a module, and PARAMETER=VALUE");
        if (ModuleWords.NameOf(parsed.Rest[0], out mistake) is not { } name || ModuleWords.Assignments(parsed.Rest.Skip(1), out mistake) is not { } set)
            return Mistake(words, mistake);

        var persist = parsed.Has(PersistFlag);
        var view = new ModuleView(context);
        var entry = view.Of(name);
        var what = string.Join(' ', set.Select(s => $"{s.Name}={s.Value}"));
        var title = $"Set {what} of {name}{(persist ? ", for every boot too" : "")}";
        if (entry.Module.State is ModuleState.Missing or ModuleState.Unknown)
            return Refuse(words, title, view.HasModules ? $"there is no module {name} for this kernel: {entry.Module.Evidence}" : $"{name} is not part of the kernel, and {ModuleView.NoModules}");
        if (entry.Module.State == ModuleState.Changing)
            return Refuse(words, title, $"{name} is being loaded or unloaded right now ({entry.Module.Evidence})");
        if (ModuleMenu.UnknownParameter(entry, set) is { } unknown)
            return Mistake(words, unknown);
        return entry.Module.State == ModuleState.Available && !persist
            ? Refuse(words, title, $"{name} is not loaded", $"kvmtop module load {name} {what}, or {PersistFlag} for the next time that it is")
            : ModuleSetting.Plan(view, entry, set, persist, new ActionPlan { Action = Name, Title = title, Words = WithName(words) });
    }

    private static ActionField BootField => new("For every boot", "yes or no") { Initial = "no", Options = ["no", "yes"] };

    private static string[] Boot(string answer) => answer.Trim() is "yes" or "y" ? [PersistFlag] : [];
}
