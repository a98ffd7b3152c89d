using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Unloading a module, and loading it again: the effects in order, with what stands in the way and what is good to know.</summary>
internal sealed class ModuleReload
{
    private readonly List<Effect> _effects = [];
    private readonly List<Obstacle> _obstacles = [];
    private readonly List<string> _notes = [];
    private readonly List<string> _disturbs = [];

    private ModuleReload()
    {
    }

    /// <summary>The effects in order.</summary>
    public IReadOnlyList<Effect> Effects => _effects;

    /// <summary>What stands in the way.</summary>
    public IReadOnlyList<Obstacle> Obstacles => _obstacles;

    /// <summary>What is good to know.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>What else it disturbs.</summary>
    public IReadOnlyList<string> Disturbs => _disturbs;

    /// <summary>Reloads a module with other values for some parameters. Modules that stand on it go before and come back after it.</summary>
    public static ModuleReload Of(ModuleView view, ModuleEntry entry, IReadOnlyList<(string Name, string Value)> set)
    {
        var reload = new ModuleReload();
        var order = new List<ModuleEntry>();
        Collect(view, entry, order);
        HashSet<string> leaving = [.. order.Select(m => m.Module.Name)];
        var loads = new List<Effect>();
        foreach (var module in order)
        {
            var own = module == entry ? set : [];
            var now = Now(module, own);
            reload._effects.Add(new UnloadModuleEffect(module.Module.Name, [.. now, .. ModuleParameters.Kept(module, own)]));
            loads.Add(new LoadModuleEffect(module.Module.Name, [.. own.Select(s => $"{s.Name}={s.Value}"), .. ModuleParameters.Kept(module, own)]));
            if (view.FindUser(module, leaving) is { } user)
                reload._obstacles.Add(user);
            reload.AddLoading(module, again: true);
        }

        loads.Reverse();
        reload._effects.AddRange(loads);
        reload._disturbs.Add(entry.Module.Name.StartsWith("kvm", StringComparison.Ordinal)
            ? "While KVM is away, about a second, no VM can be started."
            : $"While {entry.Module.Name} is away, about a second, whoever asks for it does without.");
        if (order.Count > 1)
            reload._notes.Add($"What stands on {entry.Module.Name} is reloaded with it: {string.Join(", ", order.Take(order.Count - 1).Select(m => m.Module.Name))}.");
        return reload;
    }

    /// <summary>Unloads a module; nothing goes with it.</summary>
    public static ModuleReload Unloading(ModuleView view, ModuleEntry entry)
    {
        var reload = new ModuleReload();
        reload._effects.Add(new UnloadModuleEffect(entry.Module.Name, ModuleParameters.Kept(entry, [])));
        if (view.FindUser(entry, []) is { } user)
            reload._obstacles.Add(user);
        reload._disturbs.Add(entry.Module.Name.StartsWith("kvm", StringComparison.Ordinal) ? "No VM can be started until it is loaded again." : $"Whoever asks for {entry.Module.Name} does without.");
        if (entry.File is null)
            reload._notes.Add($"The file of {entry.Module.Name} is not found: it cannot be loaded again before the next boot.");
        return reload;
    }

    /// <summary>Loads a module, and before it what it stands on and is not there.</summary>
    public static ModuleReload Loading(ModuleView view, ModuleEntry entry, IReadOnlyList<(string Name, string Value)> set)
    {
        var reload = new ModuleReload();

        // modules.dep lists what is nearest first.
        foreach (var name in entry.Module.DependsOn.Reverse())
        {
            if (view.Of(name) is { Module.IsPresent: false } needed)
            {
                reload._effects.Add(new LoadModuleEffect(name, []));
                reload.AddLoading(needed, again: false);
            }
        }

        reload._effects.Add(new LoadModuleEffect(entry.Module.Name, [.. set.Select(s => $"{s.Name}={s.Value}")]));
        reload.AddLoading(entry, again: false);
        foreach (var parameter in entry.Parameters)
        {
            if (parameter.Settings.Count > 0 && set.All(s => s.Name != parameter.Name))
                reload._notes.Add($"{parameter.Settings[^1].Where} sets {parameter.Name}={parameter.Settings[^1].Value}.");
        }

        return reload;
    }

    /// <summary>The values of now of what is set: what taking it back gives. What sysfs does not show cannot be given.</summary>
    private static IEnumerable<string> Now(ModuleEntry module, IReadOnlyList<(string Name, string Value)> set)
    {
        foreach (var (name, _) in set)
        {
            if (module.Parameters.FirstOrDefault(p => p.Name == name) is { Value: { Length: > 0 } value } && ModuleWords.IsValue(value))
                yield return $"{name}={value}";
        }
    }

    private static void Collect(ModuleView view, ModuleEntry entry, List<ModuleEntry> order)
    {
        const int most = 32;
        foreach (var holder in entry.Module.Holders)
        {
            if (order.Count < most && ModuleWords.IsName(holder) && order.TrueForAll(m => m.Module.Name != holder))
                Collect(view, view.Of(holder), order);
        }

        order.Add(entry);
    }

    /// <summary>What keeps modprobe from loading a module, and what it does in its place.</summary>
    private void AddLoading(ModuleEntry entry, bool again)
    {
        var name = entry.Module.Name;
        if (entry.File is null)
            _obstacles.Add(Obstacle.Refused(again ? $"the file of {name} is not found: it could not be loaded again" : $"there is no module {name} for this kernel", again ? "after an update of the kernel: reboot" : null));

        // A blacklist keeps a module from being loaded for a device, not from being loaded by name.
        if (entry.Blocked is { } blocked && !blocked.Contains(": blacklist ", StringComparison.Ordinal) && !blocked.Contains("modprobe.blacklist", StringComparison.Ordinal))
            _obstacles.Add(Obstacle.Refused($"{name} is kept from loading by {blocked}", "remove that first"));
        else if (entry.Lines.FirstOrDefault(l => l.Command == ModprobeCommand.Install) is { } line)
            _notes.Add(FormattableString.Invariant($"{line.File}:{line.Line} runs a command of its own where {name} is loaded: {line.Text}"));
    }
}
