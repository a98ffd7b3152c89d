using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Nested virtualisation: whether guests may run guests.</summary>
public sealed class NestedAction() : HostAction("nested")
{
    private const string Parameter = "nested";
    private const string PersistFlag = "--persist";

    /// <inheritdoc/>
    public override char? Key => 'N';

    /// <inheritdoc/>
    public override string Usage => "status|on|off [--persist]";

    /// <inheritdoc/>
    public override string Summary => "Switches nested virtualisation on or off, or tells how it stands.";

    /// <inheritdoc/>
    public override string Writes => $"rmmod kvm_intel or kvm_amd, and modprobe with nested=0 or 1 and its other parameters as they are; with --persist {ModprobeFile.Path}";

    /// <inheritdoc/>
    public override string Details =>
        $"""
          status        The value, what sets it, and who stands in the way of a change.
          on, off       Now, by a reload of KVM's part for this CPU. Refused while VMs
                        run, which are named; when it fails, the old state is restored.
          {PersistFlag}     For every boot too. Other lines of the file are kept.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => ["status", "on", "off", PersistFlag];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        var view = new ModuleView(context, describes: false);
        var (module, _) = Find(view);
        var now = module?.Parameters.First(p => p.Name == Parameter).Value is { } value ? ParameterEntry.Same(value, "1") ? "on" : "off" : null;
        yield return ActionChoice.Of("Nested virtualisation: how it stands", Name, "status") with { Detail = now };
        foreach (var word in (IReadOnlyList<string>)["on", "off"])
            yield return Choice(view, $"Switch it {word} now", [word]);
        foreach (var word in (IReadOnlyList<string>)["on", "off"])
            yield return Choice(view, $"Switch it {word}, for every boot too", [word, PersistFlag]);
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words) => Plan(new ModuleView(context), words);

    private static ActionPlan Status(ModuleView view, ActionPlan plan, ModuleEntry? entry, string reason)
    {
        if (entry is null)
            return plan with { IsReport = true, Notes = [$"Nested virtualisation is off: {reason}."] };
        var module = entry.Module;
        var parameter = entry.Parameters.First(p => p.Name == Parameter);
        var file = $"/sys/module/{module.Name}/parameters/{Parameter}";
        var notes = new List<string>
        {
            parameter.Value is { } value ? $"Nested virtualisation is {(ParameterEntry.Same(value, "1") ? "on" : "off")}: {file} says {value}." : $"Whether nested virtualisation is on is not known: {file}: {parameter.Reason}.",
        };
        if (parameter.Configured is { } configured)
            notes.Add($"At the next load or boot it is {(ParameterEntry.Same(configured, "1") ? "on" : "off")}: {string.Join(", ", parameter.Settings.Select(s => $"{s.Where} says {s.Value}"))}{(parameter.Settings.Count > 1 ? "; the last counts" : "")}.");
        else
            notes.Add($"Neither modprobe.d nor the kernel command line sets it{(parameter.Default is { } usual ? $"; the kernel's own default is {usual}" : "")}.");
        notes.Add(parameter.Change switch
        {
            ParameterChange.Now => "It can be changed while VMs run: the file may be written.",
            ParameterChange.Reboot => $"{module.Name} is part of the kernel: to change it, add {module.Name}.{Parameter}=0 or 1 to the kernel command line, and reboot.",
            _ when view.FindUser(entry, module.Holders) is { } user => $"A change takes a reload of {module.Name}, which cannot be now: {user.Reason}.",
            _ => $"A change takes a reload of {module.Name}, which can be done now: nobody uses it.",
        });
        return plan with { IsReport = true, Notes = notes };
    }

    /// <summary>The module that has the parameter, KVM's part for this CPU or kvm itself; or why there is none.</summary>
    private static (ModuleEntry? Entry, string Reason) Find(ModuleView view)
    {
        var host = view.Context.Control.Files;
        var state = KvmModules.Read(host);
        foreach (var name in (string?[])[state.Vendor, state.KvmPresent ? "kvm" : null])
        {
            if (name is not null && view.Of(name) is { Module.IsPresent: true } entry && entry.Parameters.Any(p => p.Name == Parameter))
                return (entry, "");
        }

        var cpu = CpuFlags.Read(host);
        if (state.Vendor is { } vendor)
            return (null, $"{vendor} does not offer it: there is no /sys/module/{vendor}/parameters/{Parameter}");
        if (cpu is { IsX86: true, IsKnown: true } && !cpu.Has("vmx") && !cpu.Has("svm"))
            return (null, "the CPU shows neither vmx nor svm, without which KVM runs no guests at all");
        return (null, state.KvmPresent ? "kvm is there, but no part of it for this CPU" : "KVM is not loaded");
    }

    private ActionChoice Choice(ModuleView view, string title, string[] words)
    {
        var plan = Plan(view, words);
        return ActionChoice.Of(title, [Name, .. words]) with { DisabledReason = plan.Obstacles.Count > 0 ? plan.Obstacles[0].Reason : plan.Effects.Count == 0 ? "it is so already" : null };
    }

    private ActionPlan Plan(ModuleView view, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, [PersistFlag], [], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        if (parsed.Rest is not [var word] || word is not ("status" or "on" or "off"))
            return Mistake(words, parsed.Rest.Count == 0 ? "expected status, on or off" : $"expected status, on or off, found {Vmm.HostileText.Clean(string.Join(' ', parsed.Rest), 60)}");
        var persist = parsed.Has(PersistFlag);
        var (entry, reason) = Find(view);
        if (word == "status")
            return persist ? Mistake(words, $"{PersistFlag} goes with on and off") : Status(view, new ActionPlan { Action = Name, Title = "Nested virtualisation", Words = WithName(words) }, entry, reason);

        var title = $"Switch nested virtualisation {word}{(persist ? ", for every boot too" : "")}";
        var value = word == "on" ? "1" : "0";
        if (entry is null)
            return Refuse(words, title, reason, Available(view) is { } name ? $"kvmtop module load {name} {Parameter}={value}" : null);
        return ModuleSetting.Plan(view, entry, [(Parameter, value)], persist, new ActionPlan { Action = Name, Title = title, Words = WithName(words) });
    }

    /// <summary>KVM's part for this CPU that could be loaded.</summary>
    private static string? Available(ModuleView view)
    {
        var cpu = CpuFlags.Read(view.Context.Control.Files);
        var name = cpu.Has("vmx") ? "kvm_intel" : cpu.Has("svm") ? "kvm_amd" : null;
        return name is not null && view.Of(name).Module.State == ModuleState.Available ? name : null;
    }
}
