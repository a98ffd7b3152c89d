using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>What it takes to change a parameter.</summary>
public enum ParameterChange
{
    /// <summary>The host does not tell.</summary>
    Unknown,

    /// <summary>Writing the file changes it now.</summary>
    Now,

    /// <summary>The module must be unloaded and loaded again, which takes all VMs down.</summary>
    Reload,

    /// <summary>The module is part of the kernel: the kernel command line, and a reboot.</summary>
    Reboot,
}

/// <summary>A parameter with all that is known about it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value now; null when it may not be read or the module is not loaded.</param>
/// <param name="Reason">Why there is no value.</param>
/// <param name="Change">What it takes to change it.</param>
/// <param name="Type">"bool", "int", ..; null when not known.</param>
/// <param name="Default">What it is when nobody sets it, on current kernels; null when not known.</param>
/// <param name="Description">What it does; null when not known.</param>
/// <param name="Settings">What modprobe.d and the kernel command line say, in the order in which it counts: the last wins.</param>
public sealed record ParameterEntry(
    string Name, string? Value, string? Reason, ParameterChange Change, string? Type, string? Default, string? Description, IReadOnlyList<ParameterSetting> Settings)
{
    /// <summary>The value that the next load gives it, or null when nothing sets it.</summary>
    public string? Configured => Settings.Count == 0 ? null : Settings[^1].Value;

    /// <summary>It is set, and has another value now: it was written since, or the setting has not been loaded yet.</summary>
    public bool Differs => Value is { } value && Configured is { } configured && !ParameterWords.ReadsBack(Name, value, configured);

    /// <summary>Two settings that contradict each other.</summary>
    public bool IsContradicted
    {
        get
        {
            for (var i = 1; i < Settings.Count; i++)
            {
                if (!Same(Settings[i].Value, Settings[0].Value))
                    return true;
            }

            return false;
        }
    }

    /// <summary>True when two spellings ask for the same: Y and 1, N and 0, 0x10 and 16.</summary>
    public static bool Same(string a, string b) => ParameterWords.Same(a, b);
}

/// <summary>A place that sets a parameter.</summary>
/// <param name="Where">"/etc/modprobe.d/kvm.conf:3" or "kernel command line".</param>
/// <param name="Value">The value there.</param>
public sealed record ParameterSetting(string Where, string Value);

/// <summary>A module with all that is known about it.</summary>
/// <param name="Module">As the kernel has it.</param>
/// <param name="Purpose">What it is for, in our words.</param>
/// <param name="Description">What it is, in its own; null when modinfo does not say.</param>
/// <param name="File">Its file; null when there is none.</param>
/// <param name="Parameters">Its parameters, also those that sysfs hides.</param>
/// <param name="Lines">What modprobe.d says about it besides options.</param>
/// <param name="Blocked">Why it will not be loaded: a blacklist line or word; null when nothing stands against it.</param>
public sealed record ModuleEntry(
    KernelModule Module, string Purpose, string? Description, string? File, IReadOnlyList<ParameterEntry> Parameters, IReadOnlyList<ModprobeLine> Lines, string? Blocked)
{
    /// <summary>It has told about itself: <see cref="Parameters"/> are all that it has. Else those that sysfs shows, and a module may hide some.</summary>
    public bool IsDescribed { get; init; }
}

/// <summary>Whether the machine can do something.</summary>
public enum CapabilityState
{
    Unknown,
    No,
    Off,
    Yes,
}

/// <summary>Something that the machine can or cannot do for guests.</summary>
/// <param name="Name">"EPT", "nested", "max vCPUs".</param>
/// <param name="State">Whether it can; <see cref="CapabilityState.Off"/> when it could.</param>
/// <param name="Value">A number or word, or null when the state says it all.</param>
/// <param name="Evidence">The file and what it says.</param>
/// <param name="Meaning">What it is good for.</param>
public sealed record Capability(string Name, CapabilityState State, string? Value, string Evidence, string Meaning);
