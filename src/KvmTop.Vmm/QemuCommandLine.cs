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

    /// <summary>Reads all arguments, argv[0] first. Never throws; what it does not understand it passes over.</summary>
    public static VmDescription Parse(IReadOnlyList<string> args)
    {
        var state = new State();
        foreach (var (name, value) in QemuArguments.Read(args))
        {
            if (value is null)
                state.Flag(name);
            else if (name.Length == 0)
                state.Devices.AddImage("hda", value);
            else
                state.Option(name, value);
        }

        return state.Build(args.Count > 0 ? args[0] : "");
    }

    private static int? Count(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is > 0 and <= HighestCount ? n : null;

    /// <summary>What QEMU makes of -smp (machine_parse_smp_config): missing counts follow from the others.</summary>
    /// <remarks>-smp is short for the machine's "smp".</remarks>
    private static (int? Cpus, int? MaxCpus) Smp(OptionSet? smp, OptionSet? machine)
    {
        int? Said(string key) => Count(smp?[key] ?? machine?["smp." + key]);
        var (cpus, maxCpus) = (Said("cpus"), Said("maxcpus"));
        if (cpus is null && maxCpus is null)
        {
            long total = 1;
            var said = false;
            foreach (var level in new[] { "drawers", "books", "sockets", "dies", "clusters", "modules", "cores", "threads" })
            {
                said |= Said(level) is not null;
                total = Math.Min(total * (Said(level) ?? 1), HighestCount);
            }

            maxCpus = said || smp is not null ? (int)total : null;
        }

        maxCpus ??= cpus;
        return (cpus ?? maxCpus, maxCpus);
    }

    private sealed class State
    {
        private readonly List<QmpEndpoint> _qmp = [];
        private readonly Dictionary<string, OptionSet> _chardevs = new(StringComparer.Ordinal);
        private readonly List<string> _monitors = [];
        private readonly QemuMemory _memory = new();
        private readonly List<string> _accelerators = [];
        private OptionSet? _machine;
        private OptionSet? _smp;
        private OptionSet? _name;
        private string? _uuid;
        private string? _cpu;
        private bool _locked;
        private bool _stopped;
        private bool _libvirt;
        private bool _isProbe;

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
                    _accelerators.Add("xen");
                    break;
                case "mem-prealloc":
                    _memory.Prealloc = true;
                    break;
                case "h" or "help" or "?" or "version":
                    _isProbe = true;
                    break;
            }
        }

        public void Option(string name, string value)
        {
            _isProbe |= AsksForHelp(name, value);
            switch (name)
            {
                case "name":
                    Merge(ref _name, OptionSet.Parse(value, "guest"));
                    break;
                case "uuid":
                    _uuid = value;
                    break;
                case "smbios":
                    // The table's UUID is the machine's, as QEMU has it; the later of the two options wins.
                    var table = OptionSet.Parse(value, null);
                    _uuid = table["type"] == "1" ? table["uuid"] ?? _uuid : _uuid;
                    break;
                case "cpu":
                    _cpu = value.Split(',', 2)[0];
                    break;
                case "m":
                    _memory.Size(OptionSet.Parse(value, "size"));
                    break;
                case "smp":
                    Merge(ref _smp, OptionSet.Parse(value, "cpus"));
                    break;
                case "machine" or "M":
                    Merge(ref _machine, OptionSet.Parse(value, "type"));
                    break;
                case "accel":
                    // QEMU tries them in their order.
                    if (OptionSet.Parse(value, "accel")["accel"] is { } accel && _accelerators.Count < MostItems)
                        _accelerators.AddRange(accel.Split(':', MostItems));
                    break;
                case "overcommit":
                    _locked |= OptionSet.Parse(value, null).Flag("mem-lock") == true;
                    break;
                case "mem-path":
                    _memory.Path = value;
                    break;
                case "numa":
                    _memory.Node(OptionSet.Parse(value, "type"));
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
                case "device":
                    _memory.Device(OptionSet.Parse(value, "driver"));
                    Devices.Option(name, value);
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

            if (_accelerators.Count == 0 && _machine?["accel"] is { } list)
                _accelerators.AddRange(list.Split(':', MostItems));
            _accelerators.RemoveAll(static a => a.Length == 0);
            var machine = _machine?["type"];
            var accelerator = _accelerators.Count > 0 ? _accelerators[0]
                : machine is "xenfv" or "xenpv" ? "xen"
                : program.EndsWith("kvm", StringComparison.Ordinal) ? "kvm"
                : null;
            var (cpus, maxCpus) = Smp(_smp, _machine);
            var about = new VmDescription
            {
                Vmm = VmmKind.Qemu,
                Name = NullIfEmpty(_name?["guest"]),
                Uuid = VmUuid.Normal(_uuid),
                VcpuCount = cpus,
                MaxVcpus = maxCpus,
                Accelerator = accelerator,
                MayEmulate = _accelerators.Count == 0 ? accelerator != "xen" : _accelerators.Contains("tcg"),
                IsProbe = _isProbe || machine == "none",
                Machine = NullIfEmpty(machine),
                CpuModel = NullIfEmpty(_cpu),
                DebugThreads = _name?.Flag("debug-threads") == true,
                StartsPaused = _stopped,
                MemoryLocked = _locked,
                Devices = Devices.Build(),
                Qmp = _qmp,
                LibvirtOwned = _libvirt,
            };
            return _memory.Describe(about, _machine);
        }

        // "-M help", "-cpu ?", "-device virtio-blk-pci,help": QEMU lists what it has, and ends.
        private static bool AsksForHelp(string option, string value) =>
            option is "machine" or "M" or "cpu" or "accel" or "device" or "object" or "netdev" or "chardev" or "audiodev" or "display" or "vga" or "d" or "trace"
            && (value is "help" or "?" || value.EndsWith(",help", StringComparison.Ordinal) || value.EndsWith(",?", StringComparison.Ordinal));

        private void AddObject(OptionSet set)
        {
            var type = set["qom-type"] ?? "";
            _memory.Object(set);

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
