using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Parameters in modprobe.d or on the kernel command line that their module does not have: a slip of the pen, or of another version. The kernel ignores them.</summary>
public sealed class UnknownParametersCheck() : Check("unknown-parameters", "Settings are of parameters that there are", CheckGroup.Kvm)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        foreach (var entry in context.Modules.Modules)
        {
            var module = entry.Module;
            if (module.State is not (ModuleState.Loaded or ModuleState.BuiltIn or ModuleState.Available))
            {
                continue;
            }

            // A part of the kernel itself never meets modprobe.
            foreach (var line in module.State == ModuleState.BuiltIn ? [] : context.Modules.Config.Of(module.Name))
            {
                foreach (var (parameter, value) in line.Command == ModprobeCommand.Options ? line.Options : [])
                {
                    var place = FormattableString.Invariant($"{line.File}:{line.Line}");
                    var plain = (parameter + value).All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
                    if (Judge(context, entry, parameter.Replace('-', '_'), $"{place}: {parameter}={value}", plain ? FormattableString.Invariant($"sed -i '{line.Line}s/ {parameter}={value}//' {ShellWord.Of(line.File)}") : $"remove {parameter}={value} from {place}") is { } finding)
                    {
                        yield return finding;
                    }
                }
            }

            foreach (var (parameter, value) in context.CommandLine.OfModule(module.Name))
            {
                if (Judge(context, entry, parameter, $"/proc/cmdline: {module.Name}.{parameter}={value}", $"remove {module.Name}.{parameter}={value} from the kernel command line") is { } finding)
                {
                    yield return finding;
                }
            }
        }
    }

    private static CheckFinding? Judge(CheckContext context, ModuleEntry entry, string parameter, string evidence, string fix)
    {
        // These two belong to every module.
        if (parameter is "dyndbg" or "async_probe" || entry.Parameters.Any(p => p.Name == parameter))
        {
            return null;
        }

        var name = entry.Module.Name;
        var what = $"{name} has no parameter {parameter}";
        const string why = "the kernel ignores it: what was meant by it does not happen";
        var said = context.Log.LastOrDefault(l => l.Text.StartsWith($"{name}: unknown parameter '{parameter}'", StringComparison.Ordinal));
        if (said is not null)
        {
            return Warning(what, $"{evidence}; kernel log: {said.Text}", why, fix);
        }

        // A parameter may be hidden from sysfs: then the module itself must say, if it can.
        var described = context.DescribedModules.Find(name);
        return described is { IsDescribed: true }
            ? described.Parameters.Any(p => p.Name == parameter) ? null : Warning(what, $"{evidence}; not among those that modinfo {name} lists", why, fix)
            : Unknown($"whether {name} has a parameter {parameter} cannot be seen", $"{evidence}; not in /sys/module/{name}/parameters, and {context.DescribedModules.InfoReason ?? "modinfo does not know the module"}");
    }
}
