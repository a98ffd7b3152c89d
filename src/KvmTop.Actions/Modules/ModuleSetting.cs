using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Setting parameters of a module: written where they may be, else by a reload; and for every boot. What "nested" and "module set" have in common.</summary>
internal static class ModuleSetting
{
    /// <summary>The plan. The module is there, and has the parameters.</summary>
    /// <param name="view">The modules.</param>
    /// <param name="entry">The module.</param>
    /// <param name="set">The parameters with their values.</param>
    /// <param name="persist">For every boot too.</param>
    /// <param name="plan">Action, title and words.</param>
    public static ActionPlan Plan(ModuleView view, ModuleEntry entry, IReadOnlyList<(string Name, string Value)> set, bool persist, ActionPlan plan)
    {
        var (effects, obstacles, notes, disturbs) = (new List<Effect>(), new List<Obstacle>(), new List<string>(), new List<string>());
        var name = entry.Module.Name;

        // First the file: when its disk is full, nothing has been reloaded yet.
        if (persist && entry.Module.State == ModuleState.BuiltIn)
            obstacles.Add(Obstacle.Refused($"{name} is part of the kernel, which does not read modprobe.d", $"for every boot: add {OnCommandLine(name, set)} to the kernel command line"));
        else if (persist)
            ModprobeFile.Plan(view.Context.Control, entry, set, effects, obstacles, notes);

        var written = new List<Effect>();
        var reloaded = new List<(string Name, string Value)>();
        if (entry.Module.IsPresent)
        {
            foreach (var (parameter, value) in set)
            {
                var now = entry.Parameters.FirstOrDefault(p => p.Name == parameter);
                if (now?.Value is { } current && ParameterEntry.Same(current, value))
                    continue;
                if (now?.Change == ParameterChange.Now)
                    written.Add(Write(view.Context.Control, name, parameter, now.Value, value));
                else
                    reloaded.Add((parameter, value));
            }
        }
        else if (persist)
        {
            notes.Add($"{name} is not loaded: it takes effect when it is.");
        }

        var danger = Danger.Low;
        if (reloaded.Count > 0 && entry.Module.State == ModuleState.BuiltIn)
        {
            obstacles.Add(Obstacle.Refused(
                $"{name} is part of the kernel ({entry.Module.Evidence}), and {string.Join(", ", reloaded.Select(r => r.Name))} is fixed while it runs", $"add {OnCommandLine(name, reloaded)} to the kernel command line, and reboot"));
        }
        else if (reloaded.Count > 0)
        {
            // What could be written is given to the reload too: it would be lost by it.
            var reload = ModuleReload.Of(view, entry, set);
            (danger, written) = (Danger.Disturbs, [.. reload.Effects]);
            obstacles.AddRange(reload.Obstacles);
            notes.AddRange(reload.Notes);
            disturbs.AddRange(reload.Disturbs);
        }

        effects.AddRange(written);
        return plan with { Effects = effects, Obstacles = obstacles, Notes = notes, Disturbs = disturbs, Danger = danger };
    }

    /// <summary>"kvm_amd.nested=1".</summary>
    public static string OnCommandLine(string module, IEnumerable<(string Name, string Value)> set) => string.Join(' ', set.Select(s => $"{module}.{s.Name}={s.Value}"));

    private static WriteFileEffect Write(HostControl host, string module, string parameter, string? old, string value)
    {
        var path = $"/sys/module/{module}/parameters/{parameter}";
        var isFlag = old is "Y" or "N";
        if (isFlag)
            value = value is "1" or "y" or "on" or "true" ? "Y" : value is "0" or "n" or "off" or "false" ? "N" : value;

        // As it is read back then: the plan must insist on the same spelling.
        var check = isFlag ? ReadBack.Flag : ReadBack.Same;
        return new WriteFileEffect(path, WriteFileEffect.ReadValue(host, path, check, out _), value, check);
    }
}
