using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>The modules that matter to virtual machines, and what the machine can do for guests.</summary>
/// <param name="Modules">In a fixed order: KVM first, then what guests' devices need.</param>
/// <param name="Capabilities">What the machine can do.</param>
/// <param name="HasModules">False for a kernel without loadable modules; null when nothing says.</param>
/// <param name="InfoReason">Why descriptions are missing; null when they are not.</param>
/// <param name="Config">modprobe.d.</param>
/// <param name="DeviceReason">Why /dev/kvm was not asked; null when it was.</param>
public sealed record ModulesModel(
    IReadOnlyList<ModuleEntry> Modules, IReadOnlyList<Capability> Capabilities, bool? HasModules, string? InfoReason, ModprobeConfig Config, string? DeviceReason)
{
    /// <summary>A module by name, or null.</summary>
    public ModuleEntry? Find(string name) => Modules.FirstOrDefault(m => m.Module.Name == name);

    /// <summary>KVM's part for this CPU that runs now, or null.</summary>
    public ModuleEntry? Vendor => Modules.FirstOrDefault(m => m.Module.Name.StartsWith("kvm_", StringComparison.Ordinal) && m.Module.IsPresent);
}

/// <summary>
/// Modules of the kernel (/proc/modules, /sys/module, /lib/modules), how they are configured (modprobe.d, /proc/cmdline), what they say of themselves
/// (modinfo), and what KVM can do (/proc/cpuinfo, /dev/kvm).
/// </summary>
public sealed class ModulesTopic : PlainTopic<ModulesModel>
{
    private ModulesTopic()
        : base("modules", "Kernel modules", TimeSpan.FromSeconds(5))
    {
    }

    /// <summary>The topic.</summary>
    public static ModulesTopic Instance { get; } = new();

    /// <summary>modinfo is another program, and may be on a disk that sleeps.</summary>
    public override bool IsSlow => true;

    /// <inheritdoc/>
    public override ICollector<ModulesModel> CreateCollector(CollectorContext context) => new ModulesCollector(context.Host);

    /// <inheritdoc/>
    public override IEnumerable<HostEvent> Compare(ModulesModel before, ModulesModel now, DateTimeOffset time)
    {
        foreach (var entry in now.Modules)
        {
            if (before.Find(entry.Module.Name) is not { } was)
            {
                continue;
            }

            if (was.Module.State != entry.Module.State)
            {
                yield return new(time, Severity.Warning, Id, entry.Module.Name, $"module {Word(was.Module.State)} -> {Word(entry.Module.State)}");
            }

            foreach (var parameter in entry.Parameters)
            {
                var old = was.Parameters.FirstOrDefault(p => p.Name == parameter.Name);
                if (old is { Value: { } from } && parameter.Value is { } to && from != to)
                {
                    yield return new(time, Severity.Info, Id, entry.Module.Name, $"{parameter.Name} {from} -> {to}");
                }
            }
        }
    }

    /// <summary>A state as people call it.</summary>
    public static string Word(ModuleState state) => state switch
    {
        ModuleState.BuiltIn => "built in",
        ModuleState.Changing => "loading",
        _ => state.ToString().ToLowerInvariant(),
    };
}

/// <summary>Reads the modules of a host; what changes with the kernel only is read once.</summary>
/// <param name="host">The host.</param>
/// <param name="describes">Ask modinfo what modules and parameters are for.</param>
public sealed class ModulesCollector(HostRoot host, bool describes = true) : ICollector<ModulesModel>
{
    private static readonly TimeSpan s_modinfoDeadline = TimeSpan.FromSeconds(3);

    private readonly ReadBuffer _buffer = new(16384, 4 << 20);
    private ModuleIndex? _index;
    private CpuFlags? _cpu;
    private IReadOnlyDictionary<string, ModuleInfo>? _info;
    private string? _infoReason;
    private Errno _modulesErrno;
    private bool _tellsAll;

    /// <inheritdoc/>
    public Reading<ModulesModel> Collect()
    {
        var config = ModprobeConfig.Read(host);
        _cpu ??= CpuFlags.Read(host);
        var entries = Read(KnownModules.NamesOf(host, _cpu), config, keepsInfo: true, out var loaded);
        var (answers, reason) = AskDevice();
        var capabilities = KvmCapabilities.Of(host, _cpu, entries, answers);
        bool? hasModules = loaded is not null ? true : _modulesErrno == Errno.ENOENT ? false : _index!.Config?["MODULES"] is { } built ? built == 'y' : null;
        return Reading<ModulesModel>.Ok(new ModulesModel(entries, capabilities, hasModules, _infoReason, config, reason));
    }

    /// <summary>Some modules by name, whatever they are for: for who acts on them. Names have underscores.</summary>
    public IReadOnlyList<ModuleEntry> Read(IReadOnlyList<string> names) => Read([.. names], ModprobeConfig.Read(host), keepsInfo: false, out _);

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private List<ModuleEntry> Read(List<string> names, ModprobeConfig config, bool keepsInfo, out IReadOnlyDictionary<string, LoadedModule>? loaded)
    {
        var text = _buffer.ReadAll(host, "/proc/modules", out _modulesErrno);
        var there = loaded = _modulesErrno == Errno.None ? LoadedModules.Parse(text) : null;
        _index ??= ModuleIndex.Read(host);
        var line = KernelCommandLine.Read(host);
        var modules = names.ConvertAll(name => KernelModule.Read(host, _index, there, name));
        if (_info is null || !keepsInfo)
            _info = describes ? ReadInfo(modules) : new Dictionary<string, ModuleInfo>();
        return modules.ConvertAll(m => Describe(m, config, line));
    }

    private ModuleEntry Describe(KernelModule module, ModprobeConfig config, KernelCommandLine line)
    {
        var info = _info!.GetValueOrDefault(module.Name);
        var parameters = new List<ParameterEntry>();
        foreach (var parameter in module.Parameters)
        {
            var about = info?.Parameters.GetValueOrDefault(parameter.Name);
            parameters.Add(Entry(parameter.Name, parameter.Value, parameter.Reason, ChangeOf(module.State, parameter.Writable), about));
        }

        foreach (var (name, about) in info?.Parameters ?? new Dictionary<string, ParameterInfo>())
        {
            if (!parameters.Exists(p => p.Name == name))
            {
                var reason = module.IsPresent ? "not shown by the kernel" : "the module is not loaded";
                parameters.Add(Entry(name, null, reason, ChangeOf(module.State, module.IsPresent ? false : null), about));
            }
        }

        parameters.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        ModprobeLine[] lines = [.. config.Of(module.Name).Where(l => l.Command != ModprobeCommand.Options)];
        return new ModuleEntry(module, KnownModules.PurposeOf(module.Name), info?.Description, info?.File ?? _index!.FileOf(module.Name), parameters, lines, Blocked(module, lines, line)) { IsDescribed = info is not null && (_tellsAll || info.File == "(builtin)") };

        ParameterEntry Entry(string name, string? value, string? reason, ParameterChange change, ParameterInfo? about) => new(
            name, value, reason, change, about?.Type, KnownModules.DefaultOf(module.Name, name), about?.Description, Settings(module, name, config, line));
    }

    private static ParameterChange ChangeOf(ModuleState state, bool? writable) => (writable, state) switch
    {
        (true, _) => ParameterChange.Now,
        (false, ModuleState.BuiltIn) => ParameterChange.Reboot,
        (false, _) => ParameterChange.Reload,
        (null, ModuleState.Available) => ParameterChange.Reload,
        _ => ParameterChange.Unknown,
    };

    // modprobe reads its files first and the kernel command line after them, and the kernel takes the last. A built-in module never meets modprobe.
    private static List<ParameterSetting> Settings(KernelModule module, string parameter, ModprobeConfig config, KernelCommandLine line)
    {
        var settings = new List<ParameterSetting>();
        if (module.State != ModuleState.BuiltIn)
        {
            foreach (var options in config.Of(module.Name))
            {
                foreach (var (name, value) in options.Command == ModprobeCommand.Options ? options.Options : [])
                {
                    if (name.Replace('-', '_') == parameter)
                        settings.Add(new ParameterSetting(FormattableString.Invariant($"{options.File}:{options.Line}"), value));
                }
            }
        }

        foreach (var (name, value) in line.OfModule(module.Name))
        {
            if (name == parameter)
                settings.Add(new ParameterSetting("kernel command line", value));
        }

        return settings;
    }

    private static string? Blocked(KernelModule module, ModprobeLine[] lines, KernelCommandLine line)
    {
        if (line.BlacklistedBy(module.Name) is { } word)
            return "kernel command line: " + word;
        if (line.Has("nomodule") && module.State != ModuleState.BuiltIn)
            return "kernel command line: nomodule";
        foreach (var l in lines)
        {
            // A blacklist stops loading by alias, as at boot; "install NAME /bin/false" stops modprobe NAME too.
            if (l.Command == ModprobeCommand.Blacklist || (l.Command == ModprobeCommand.Install && l.Text is "/bin/false" or "/bin/true" or "/usr/bin/false" or "/usr/bin/true"))
                return FormattableString.Invariant($"{l.File}:{l.Line}: {l.Command.ToString().ToLowerInvariant()} {l.Module} {l.Text}").TrimEnd();
        }

        return null;
    }

    private IReadOnlyDictionary<string, ModuleInfo> ReadInfo(List<KernelModule> modules)
    {
        if (_index!.Folder is not { } folder)
        {
            _infoReason = "no descriptions: " + _index.Reason;
            return new Dictionary<string, ModuleInfo>();
        }

        IReadOnlyDictionary<string, ModuleInfo>? told = null;
        if (host.IsLive)
        {
            string[] names = [.. modules.Where(m => m.State is not (ModuleState.Missing or ModuleState.Unknown)).Select(m => m.Name)];
            var child = ChildProcess.Run("modinfo", ["-0", "--", .. names], s_modinfoDeadline);
            told = child.ExitCode is null ? null : ModuleInfo.ParseModinfo(child.Output);
            _infoReason = child.ExitCode is null ? "no descriptions: " + child.Reason : null;

            // That of kmod tells the type of each parameter; that of busybox leaves those out that have no description.
            _tellsAll = told?.Values.Any(m => m.Parameters.Values.Any(p => p.Type is not null)) == true;
        }
        else
        {
            _infoReason = "no descriptions of loadable modules: modinfo runs on a live host only";
        }

        var builtIn = ModuleInfo.ParseBuiltIn(_buffer.ReadAll(host, folder + "/modules.builtin.modinfo", out _));
        if (told is null || told.Count == 0)
        {
            return builtIn;
        }

        var all = new Dictionary<string, ModuleInfo>(told);
        foreach (var (name, info) in builtIn)
        {
            all.TryAdd(name, info);
        }

        return all;
    }

    private (IReadOnlyList<KvmAnswer> Answers, string? Reason) AskDevice()
    {
        if (!host.IsLive)
        {
            return ([], "only on a live host");
        }

        var errno = KvmDevice.Open(out var device);
        using (device)
        {
            if (device is null)
            {
                return ([], $"{KvmDevice.Path}: {errno.Describe()}");
            }

            if (device.ApiVersion != KvmDevice.KnownApiVersion)
            {
                return ([], $"{KvmDevice.Path}: not a KVM device");
            }

            var answers = new List<KvmAnswer>();
            foreach (var extension in (ReadOnlySpan<KvmExtension>)[KvmExtension.MaxVcpus, KvmExtension.RecommendedVcpus, KvmExtension.MemorySlots, KvmExtension.StatsFd, KvmExtension.GuestMemfd])
            {
                if (device.Ask(extension) is { } answer)
                {
                    answers.Add(new(extension, answer));
                }
            }

            return (answers, null);
        }
    }
}
