using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Modules as they are at the moment of planning, each read once: what the screen shows may be seconds old.</summary>
/// <param name="context">The host and its VMs.</param>
/// <param name="describes">Ask modinfo for types and for parameters that sysfs hides; menus do without.</param>
internal sealed class ModuleView(ActionContext context, bool describes = true)
{
    private const int MostNamed = 5;
    private const int LongestPath = 256;

    // What a process has open while it uses a module, where that tells.
    private static readonly (string Module, string[] Paths)[] s_devices =
    [
        ("kvm", ["/dev/kvm", "anon_inode:kvm-"]), ("vhost_net", ["/dev/vhost-net"]), ("vhost_vsock", ["/dev/vhost-vsock"]), ("vhost_scsi", ["/dev/vhost-scsi"]),
        ("tun", ["/dev/net/tun"]), ("vfio", ["/dev/vfio/"]), ("nbd", ["/dev/nbd"]),
    ];

    private readonly Func<IReadOnlyList<string>, IReadOnlyList<ModuleEntry>> _read = new ModulesCollector(context.Control.Files, describes).Read;
    private readonly Dictionary<string, ModuleEntry> _known = new(StringComparer.Ordinal);

    /// <summary>The moment and the host.</summary>
    public ActionContext Context => context;

    /// <summary>Whether the kernel has loadable modules at all.</summary>
    public bool HasModules => context.Control.Files.Exists("/proc/modules");

    /// <summary>Why nothing can be loaded or unloaded here, where <see cref="HasModules"/> is false.</summary>
    public static string NoModules => "this kernel was built without loadable modules: there is no /proc/modules";

    /// <summary>A module, whatever its state. Menus take what is on the screen: the list of all modules is dear to read.</summary>
    public ModuleEntry Of(string name) =>
        _known.TryGetValue(name, out var entry) ? entry : _known[name] = (describes ? null : context.Snapshot.Get(ModulesTopic.Instance).Value?.Find(name)) ?? _read([name])[0];

    /// <summary>Who keeps a module from being unloaded besides modules in <paramref name="leaving"/>; null when nobody does.</summary>
    public Obstacle? FindUser(ModuleEntry entry, IReadOnlyCollection<string> leaving)
    {
        var module = entry.Module;
        List<string> holders = [.. module.Holders.Where(h => !leaving.Contains(h))];
        if (holders.Count > 0)
            return Obstacle.Refused($"{module.Name} is in use by the module{(holders.Count == 1 ? "" : "s")} {string.Join(", ", holders)}", $"kvmtop module unload {holders[0]}");
        if (module.Users is not { } users || users < 0)
            return Obstacle.Refused($"{module.Name} cannot be unloaded: the kernel does not count who uses it (it is permanent, or CONFIG_MODULE_UNLOAD is not set)");
        if (users <= module.Holders.Count)
            return null;

        var others = Users(module.Name);
        return Obstacle.Refused(
            others.Count == 0
                ? string.Create(CultureInfo.InvariantCulture, $"{module.Name} is in use: its reference count is {users}; by whom cannot be seen")
                : $"{module.Name} is in use by {string.Join(", ", others.Take(MostNamed))}{(others.Count > MostNamed ? FormattableString.Invariant($" and {others.Count - MostNamed} more") : "")}",
            module.Name.StartsWith("kvm", StringComparison.Ordinal) ? "stop these VMs first" : null);
    }

    private List<string> Users(string module)
    {
        var isKvm = module.StartsWith("kvm", StringComparison.Ordinal);
        List<string> vms = isKvm ? [.. context.Vms.Where(v => v.Info.Accelerator != "tcg").Select(v => Word(v.Info.Name, v.Info.Pid))] : [];
        return vms.Count > 0 ? vms : Processes(isKvm ? "kvm" : module);
    }

    /// <summary>Processes that have the module's device open, as far as this user may see: only looked for when something blocks.</summary>
    private List<string> Processes(string module)
    {
        var found = new List<string>();
        var paths = Array.Find(s_devices, d => d.Module == module).Paths ?? [];
        var (processes, files) = (new List<NumberedEntry>(), new List<NumberedEntry>());
        var target = new byte[LongestPath];
        var host = context.Control.Files;
        if (paths.Length > 0)
            _ = host.ListNumbers("/proc", processes);
        foreach (var process in processes)
        {
            files.Clear();
            var folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Number}");
            if (host.ListNumbers(folder + "/fd", files) != Errno.None)
                continue;
            foreach (var file in files)
            {
                if (host.ReadLink(string.Create(CultureInfo.InvariantCulture, $"{folder}/fd/{file.Number}"), target, out var length) != Errno.None)
                    continue;
                var path = System.Text.Encoding.UTF8.GetString(target, 0, length);
                if (Array.Exists(paths, p => p[^1] is '/' or '-' || module == "nbd" ? path.StartsWith(p, StringComparison.Ordinal) : path == p))
                {
                    var vm = context.Vms.FirstOrDefault(v => v.Info.Pid == process.Number);
                    found.Add(Word(vm?.Info.Name ?? context.Control.ReadText(folder + "/comm", out _) ?? "?", process.Number));
                    break;
                }
            }
        }

        return found;
    }

    private static string Word(string name, int pid) => string.Create(CultureInfo.InvariantCulture, $"{HostileText.Clean(name, 64)} ({pid})");
}
