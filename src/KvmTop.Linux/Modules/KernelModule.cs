namespace KvmTop.Linux;

/// <summary>Where a module is.</summary>
public enum ModuleState
{
    /// <summary>Nothing says whether the kernel has it.</summary>
    Unknown,

    /// <summary>Neither in the kernel nor on the disk.</summary>
    Missing,

    /// <summary>On the disk, not loaded.</summary>
    Available,

    /// <summary>Part of the kernel image.</summary>
    BuiltIn,

    /// <summary>Being loaded or unloaded.</summary>
    Changing,

    /// <summary>Loaded and live.</summary>
    Loaded,
}

/// <summary>A parameter as <c>/sys/module/NAME/parameters</c> has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value, or null when it may not be read.</param>
/// <param name="Reason">Why there is no value.</param>
/// <param name="Writable">Somebody may write it while the module is loaded; null when the host does not tell modes.</param>
public sealed record ModuleParameter(string Name, string? Value, string? Reason, bool? Writable);

/// <summary>A module of the kernel, loaded or not.</summary>
public sealed class KernelModule
{
    /// <summary>With underscores.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is.</summary>
    public required ModuleState State { get; init; }

    /// <summary>What the state rests on: a file and what it says.</summary>
    public required string Evidence { get; init; }

    /// <summary>Memory that it takes; null unless loaded.</summary>
    public ulong? SizeBytes { get; init; }

    /// <summary>Reference count; null unless loaded.</summary>
    public int? Users { get; init; }

    /// <summary>Loaded modules that stand on it.</summary>
    public IReadOnlyList<string> Holders { get; init; } = [];

    /// <summary>Modules that it stands on.</summary>
    public IReadOnlyList<string> DependsOn { get; init; } = [];

    /// <summary>MODULE_VERSION, which few have.</summary>
    public string? Version { get; init; }

    /// <summary>Checksum of its sources.</summary>
    public string? SourceVersion { get; init; }

    /// <summary>Parameters, by name; empty when not loaded.</summary>
    public IReadOnlyList<ModuleParameter> Parameters { get; init; } = [];

    /// <summary>True when it runs: loaded or built in.</summary>
    public bool IsPresent => State is ModuleState.Loaded or ModuleState.BuiltIn;

    /// <summary>Reads one module.</summary>
    /// <param name="host">The host.</param>
    /// <param name="index">Its lists of modules.</param>
    /// <param name="loaded">Its /proc/modules; null where the kernel has no modules.</param>
    /// <param name="name">With underscores.</param>
    public static KernelModule Read(HostRoot host, ModuleIndex index, IReadOnlyDictionary<string, LoadedModule>? loaded, string name)
    {
        var buffer = new ReadBuffer(4096, 65536);
        var folder = "/sys/module/" + name;
        var line = loaded?.GetValueOrDefault(name);
        var initState = KernelText.Read(host, buffer, folder + "/initstate", out _);
        var (state, evidence) = Judge(host, index, loaded, name, folder, line, initState);
        if (state is not (ModuleState.Loaded or ModuleState.BuiltIn or ModuleState.Changing))
            return new KernelModule { Name = name, State = state, Evidence = evidence, DependsOn = index.DependenciesOf(name) };

        var holders = new List<string>();
        if (host.List(folder + "/holders", holders) != Errno.None && line is not null)
            holders.AddRange(line.Holders);
        holders.Sort(StringComparer.Ordinal);
        return new KernelModule
        {
            Name = name,
            State = state,
            Evidence = evidence,
            SizeBytes = KernelText.ReadNumber(host, buffer, folder + "/coresize") is { } size and > 0 ? (ulong)size : line?.SizeBytes,
            Users = KernelText.ReadNumber(host, buffer, folder + "/refcnt") is { } count and >= 0 and < int.MaxValue ? (int)count : line?.Users,
            Holders = holders,
            DependsOn = Dependencies(index, loaded, name),
            Version = KernelText.Read(host, buffer, folder + "/version", out _),
            SourceVersion = KernelText.Read(host, buffer, folder + "/srcversion", out _),
            Parameters = ReadParameters(host, buffer, folder + "/parameters"),
        };
    }

    private static (ModuleState State, string Evidence) Judge(
        HostRoot host, ModuleIndex index, IReadOnlyDictionary<string, LoadedModule>? loaded, string name, string folder, LoadedModule? line, string? initState)
    {
        if (line is not null || initState is not null || host.Exists(folder + "/refcnt"))
        {
            return initState is "coming" or "going" || line is { State: not "Live" }
                ? (ModuleState.Changing, initState is null ? $"/proc/modules: {line!.State}" : $"{folder}/initstate: {initState}")
                : (ModuleState.Loaded, line is null ? $"{folder}/initstate" : "/proc/modules");
        }

        if (host.Exists(folder))
            return (ModuleState.BuiltIn, $"{folder} exists without a refcnt");
        if (index.IsBuiltIn(name) == true)
            return (ModuleState.BuiltIn, index.Folder is { } lists ? $"{lists}/modules.builtin" : $"{index.Config?.Source}: {KernelConfig.OptionOf(name)}=y");
        if (index.FileOf(name) is { } file)
            return (ModuleState.Available, file);
        if (index.Config?.OfModule(name) == 'n')
            return (ModuleState.Missing, $"{index.Config.Source}: {KernelConfig.OptionOf(name)} is not set");
        if (index.Folder is { } modules)
            return (ModuleState.Missing, $"not in {modules}/modules.dep or modules.builtin");
        return loaded is null && index.Config is null
            ? (ModuleState.Unknown, $"no {folder}, and {index.Reason}")
            : (ModuleState.Missing, index.Config?.OfModule(name) == 'm' ? $"configured as a module, and {index.Reason}" : $"no {folder}, and {index.Reason}");
    }

    // What modules.dep says, or else those that name it as their holder.
    private static IReadOnlyList<string> Dependencies(ModuleIndex index, IReadOnlyDictionary<string, LoadedModule>? loaded, string name)
    {
        if (index.DependenciesOf(name) is { Count: > 0 } listed)
            return listed;
        return loaded is null ? [] : [.. loaded.Values.Where(m => m.Holders.Contains(name)).Select(m => m.Name).Order(StringComparer.Ordinal)];
    }

    private static List<ModuleParameter> ReadParameters(HostRoot host, ReadBuffer buffer, string folder)
    {
        const int mostParameters = 256;
        var names = new List<string>();
        _ = host.List(folder, names);
        names.Sort(StringComparer.Ordinal);
        var parameters = new List<ModuleParameter>();
        foreach (var name in names)
        {
            if (parameters.Count >= mostParameters)
                break;

            var value = KernelText.Read(host, buffer, folder + "/" + name, out var errno);
            bool? writable = host.Stat(folder + "/" + name, out var facts) == Errno.None ? (facts.Mode & 0x92) != 0 : null;
            parameters.Add(new ModuleParameter(KernelText.Clean(System.Text.Encoding.UTF8.GetBytes(name), 64), value, value is null ? errno.Describe() : null, writable));
        }

        return parameters;
    }
}
