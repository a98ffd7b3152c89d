using System.Globalization;

namespace KvmTop.Vmm;

/// <summary>
/// Reads a QEMU command line (qemu-system(1)) as QEMU does: options with one dash or two; for most of them a later one overrides an earlier, while
/// -machine, -m and -smp merge key by key; in "kvm:tcg" the first counts, though QEMU falls back to the next when it cannot be had.
/// </summary>
/// <remarks>
/// What is not said stays null, and then QEMU takes: 1 vCPU, 128 MiB (the default of the machine type; a few types have another), no limit of hotplug
/// above what is there, and TCG when it is built in, else KVM; a program called "..kvm" prefers KVM, which is reported. Without -nodefaults QEMU adds a NIC,
/// a display adapter and an empty CD drive: they are not listed. Files (-readconfig) are not read.
/// </remarks>
public static class QemuCommandLine
{
    private const int MostItems = 1024;
    private const int HighestCount = 1 << 20;

    // All other options take a value, which may begin with a dash.
    private static readonly HashSet<string> Flags = new(StringComparer.Ordinal)
    {
        "?", "h", "help", "version", "S", "s", "snapshot", "usb", "nographic", "curses", "sdl", "gtk", "no-frame", "alt-grab", "ctrl-grab", "no-quit",
        "portrait", "full-screen", "win2k-hack", "rtc-td-hack", "no-fd-bootchk", "no-acpi", "no-hpet", "no-reboot", "no-shutdown", "daemonize",
        "enable-kvm", "no-kvm", "no-kvm-irqchip", "no-kvm-pit", "no-kvm-pit-reinjection", "mem-prealloc", "nodefaults", "no-user-config", "nodefconfig",
        "nouserconfig", "singlestep", "one-insn-per-tb", "only-migratable", "xen-attach", "xen-domid-restrict", "xen-create", "enable-fips", "old-param",
        "semihosting", "preconfig", "show-cursor", "enable-sync-profile", "localtime", "tdf", "perfmap", "jitdump", "no-hax", "enable-hax", "mlock",
    };

    /// <summary>Reads all arguments, argv[0] first. Never throws; what it does not understand it passes over.</summary>
    public static VmDescription Parse(IReadOnlyList<string> args)
    {
        var state = new State();
        for (var i = 1; i < args.Count; i++)
        {
            var arg = args[i];
            if (arg.Length < 2 || arg[0] != '-')
            {
                if (arg.Length > 0)
                    state.Devices.AddImage("hda", arg);
                continue;
            }

            var name = arg[1] == '-' ? arg[2..] : arg[1..];
            if (Flags.Contains(name))
                state.Flag(name);
            else if (i + 1 < args.Count)
                state.Option(name, args[++i]);
        }

        return state.Build(args.Count > 0 ? args[0] : "");
    }

    private static int? Count(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is > 0 and <= HighestCount ? n : null;

    /// <summary>What QEMU makes of -smp (machine_parse_smp_config): missing counts follow from the others.</summary>
    private static (int? Cpus, int? MaxCpus) Smp(OptionSet? smp)
    {
        if (smp is null)
            return (null, null);

        var (cpus, maxCpus) = (Count(smp["cpus"]), Count(smp["maxcpus"]));
        if (cpus is null && maxCpus is null)
        {
            long total = 1;
            foreach (var level in new[] { "drawers", "books", "sockets", "dies", "clusters", "modules", "cores", "threads" })
                total = Math.Min(total * (Count(smp[level]) ?? 1), HighestCount);
            maxCpus = (int)total;
        }

        maxCpus ??= cpus;
        return (cpus ?? maxCpus, maxCpus);
    }

    private sealed class State
    {
        private readonly List<QmpEndpoint> _qmp = [];
        private readonly Dictionary<string, OptionSet> _chardevs = new(StringComparer.Ordinal);
        private readonly List<string> _monitors = [];
        private readonly Dictionary<string, OptionSet> _memory = new(StringComparer.Ordinal);
        private readonly List<string> _numaMemory = [];
        private OptionSet? _machine;
        private OptionSet? _size;
        private OptionSet? _smp;
        private OptionSet? _name;
        private string? _accelerator;
        private string? _uuid;
        private string? _cpu;
        private string? _memoryPath;
        private bool _prealloc;
        private bool _locked;
        private bool _stopped;
        private bool _libvirt;

        public QemuDevices Devices { get; } = new();

        public void Flag(string name)
        {
            switch (name)
            {
                case "S":
                    _stopped = true;
                    break;
                case "enable-kvm":
                    Merge(ref _machine, OptionSet.Parse("accel=kvm", null));
                    break;
                case "no-kvm":
                    Merge(ref _machine, OptionSet.Parse("accel=tcg", null));
                    break;
                case "xen-attach":
                    _accelerator ??= "xen";
                    break;
                case "mem-prealloc":
                    _prealloc = true;
                    break;
            }
        }

        public void Option(string name, string value)
        {
            switch (name)
            {
                case "name":
                    Merge(ref _name, OptionSet.Parse(value, "guest"));
                    break;
                case "uuid":
                    _uuid = value;
                    break;
                case "cpu":
                    _cpu = value.Split(',', 2)[0];
                    break;
                case "m":
                    Merge(ref _size, OptionSet.Parse(value, "size"));
                    break;
                case "smp":
                    Merge(ref _smp, OptionSet.Parse(value, "cpus"));
                    break;
                case "machine" or "M":
                    Merge(ref _machine, OptionSet.Parse(value, "type"));
                    break;
                case "accel":
                    // QEMU tries them in their order.
                    _accelerator ??= OptionSet.Parse(value, "accel")["accel"];
                    break;
                case "overcommit":
                    _locked |= OptionSet.Parse(value, null).Flag("mem-lock") == true;
                    break;
                case "mem-path":
                    _memoryPath = value;
                    break;
                case "numa":
                    if (OptionSet.Parse(value, "type")["memdev"] is { } memory && _numaMemory.Count < MostItems)
                        _numaMemory.Add(memory);
                    break;
                case "object":
                    AddObject(OptionSet.Parse(value, "qom-type"));
                    break;
                case "chardev":
                    var chardev = OptionSet.Parse(value, "backend");
                    if (chardev["id"] is { } id && _chardevs.Count < MostItems)
                        _chardevs[id] = chardev;
                    break;
                case "mon":
                    var monitor = OptionSet.Parse(value, "chardev");
                    if (monitor["mode"] == "control" && monitor["chardev"] is { } target && _monitors.Count < MostItems)
                        _monitors.Add(target);
                    break;
                case "qmp" or "qmp-pretty":
                    AddQmp(value);
                    break;
                default:
                    Devices.Option(name, value);
                    break;
            }
        }

        public VmDescription Build(string program)
        {
            foreach (var monitor in _monitors)
            {
                if (_chardevs.TryGetValue(monitor, out var chardev) && Endpoint(chardev) is { } endpoint)
                    _qmp.Add(endpoint);
                _libvirt |= monitor == "charmonitor";
            }

            var accelerator = First(_accelerator) ?? First(_machine?["accel"]);
            var machine = _machine?["type"];
            if (accelerator is null)
            {
                accelerator = machine is "xenfv" or "xenpv" ? "xen"
                    : program.EndsWith("kvm", StringComparison.Ordinal) ? "kvm"
                    : null;
            }

            var (cpus, maxCpus) = Smp(_smp);
            var backend = _machine?["memory-backend"] is { } name ? _memory.GetValueOrDefault(name) : null;
            var backends = _numaMemory.Select(n => _memory.GetValueOrDefault(n)).Prepend(backend).OfType<OptionSet>().ToList();
            return new VmDescription
            {
                Vmm = VmmKind.Qemu,
                Name = NullIfEmpty(_name?["guest"]),
                Uuid = NullIfEmpty(_uuid),
                MemoryBytes = MemorySize.Parse(_size?["size"], 'M') ?? MemorySize.Parse(backend?["size"], 'B'),
                MaxMemoryBytes = MemorySize.Parse(_size?["maxmem"], 'B'),
                VcpuCount = cpus,
                MaxVcpus = maxCpus,
                Accelerator = accelerator,
                Machine = NullIfEmpty(machine),
                CpuModel = NullIfEmpty(_cpu),
                DebugThreads = _name?.Flag("debug-threads") == true,
                StartsPaused = _stopped,
                MemoryPrealloc = _prealloc || backends.Any(b => b.Flag("prealloc") == true),
                MemoryPath = _memoryPath ?? backends.Select(b => b["mem-path"]).FirstOrDefault(p => p is not null),
                MemoryLocked = _locked,
                Backings = backends.Count > 0 || _memoryPath is null
                    ? backends.ConvertAll(QemuMemory.Describe)
                    : [new MemoryBacking("file", null, _memoryPath, false, _prealloc, false, null, null, null)],
                Devices = Devices.Build(),
                Qmp = _qmp,
                LibvirtOwned = _libvirt,
            };
        }

        private void AddObject(OptionSet set)
        {
            var type = set["qom-type"] ?? "";
            if (type.StartsWith("memory-backend-", StringComparison.Ordinal) && set["id"] is { } id && _memory.Count < MostItems)
                _memory[id] = set;

            // libvirt hands every guest the key that encrypts its other secrets; nobody else calls it so.
            if (type == "secret" && (set["id"] == "masterKey0" || IsLibvirtPath(set["file"])))
                _libvirt = true;
        }

        // -qmp is short for a chardev in the notation of -serial, and a -mon with mode=control.
        private void AddQmp(string value)
        {
            if (_monitors.Count + _qmp.Count >= MostItems)
                return;

            var colon = value.IndexOf(':', StringComparison.Ordinal);
            var rest = value[(colon + 1)..];
            switch (colon < 0 ? "" : value[..colon])
            {
                case "chardev":
                    _monitors.Add(rest);
                    break;
                case "unix":
                    var unix = OptionSet.Parse(rest, "path");
                    if (Endpoint(unix) is { } endpoint)
                        _qmp.Add(endpoint);
                    break;
                case "tcp" or "telnet":
                    var tcp = OptionSet.Parse(rest, "address");
                    if (tcp["address"] is { Length: > 0 } address)
                        _qmp.Add(new QmpEndpoint(QmpTransport.Tcp, address, tcp.Flag("server") == true));
                    break;
            }
        }

        private QmpEndpoint? Endpoint(OptionSet set)
        {
            if (set["backend"] is not (null or "socket"))
                return null;

            var server = set.Flag("server") == true;
            if (set["fd"] is { Length: > 0 } fd)
                return new QmpEndpoint(QmpTransport.Descriptor, fd, server);

            if (set["path"] is { Length: > 0 } path)
            {
                _libvirt |= IsLibvirtPath(path);
                return new QmpEndpoint(QmpTransport.Unix, set.Flag("abstract") == true ? "@" + path : path, server);
            }

            return set["port"] is { Length: > 0 } port ? new QmpEndpoint(QmpTransport.Tcp, (set["host"] ?? "") + ":" + port, server) : null;
        }

        private static bool IsLibvirtPath(string? path) => path?.Contains("/libvirt/qemu/", StringComparison.Ordinal) == true;

        private static string? First(string? list) => NullIfEmpty(list?.Split(':', 2)[0]);

        private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

        private static void Merge(ref OptionSet? into, OptionSet later)
        {
            if (into is null)
                into = later;
            else
                into.Merge(later);
        }
    }
}
