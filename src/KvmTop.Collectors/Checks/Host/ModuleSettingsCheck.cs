using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Parameters that are set to something else than they are, or twice to different things.</summary>
public sealed class ModuleSettingsCheck() : Check("module-settings", "Settings of KVM's modules are in effect", CheckGroup.Kvm)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var set = 0;
        foreach (var entry in context.Modules.Modules)
        {
            foreach (var parameter in entry.Parameters)
            {
                set += parameter.Settings.Count > 0 ? 1 : 0;
                var places = string.Join(", ", parameter.Settings.Select(s => $"{s.Where}: {parameter.Name}={s.Value}"));
                if (parameter.IsContradicted)
                {
                    yield return Warning($"{entry.Module.Name}.{parameter.Name} is set to different values", places, "the last one counts, which is seldom the one that was meant", "keep one of these lines and remove the others");
                }
                else if (parameter.Differs)
                {
                    yield return Warning(
                        $"{entry.Module.Name}.{parameter.Name} is {parameter.Value}, and is set to {parameter.Configured}", $"/sys/module/{entry.Module.Name}/parameters/{parameter.Name}: {parameter.Value}; {places}{(parameter.Change == ParameterChange.Reload && entry.Module.Name.StartsWith("kvm", StringComparison.Ordinal) ? context.HeldBy(entry.Module) : "")}",
                        "what was configured is not what runs",
                        parameter.Change switch
                        {
                            ParameterChange.Now => $"echo {parameter.Configured} > /sys/module/{entry.Module.Name}/parameters/{parameter.Name}",
                            ParameterChange.Reboot => "reboot",
                            _ => $"{CheckContext.BeforeUnloading(entry.Module)}modprobe -r {entry.Module.Name} && modprobe {entry.Module.Name}; if it stays as it is, the CPU or the kernel does not offer it: remove the setting",
                        });
                }
            }
        }

        foreach (var (file, errno) in context.Modules.Config.Unreadable)
        {
            yield return Unknown($"{file} cannot be read", $"{file}: {errno.Describe()}");
        }

        if (set > 0)
        {
            yield return Ok(FormattableString.Invariant($"{set} parameter{(set == 1 ? " is" : "s are")} set in modprobe.d or on the kernel command line"));
        }
    }
}
