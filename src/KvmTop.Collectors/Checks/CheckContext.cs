using System.Globalization;
using System.Text;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>A small file as a check sees it.</summary>
/// <param name="Path">Where.</param>
/// <param name="Value">Its text on one line, cleaned; null when it could not be read.</param>
/// <param name="Errno">Why not.</param>
public readonly record struct FileText(string Path, string? Value, Errno Errno)
{
    /// <summary>"/proc/sys/vm/swappiness: 60".</summary>
    public string Evidence => $"{Path}: {Value ?? Errno.Describe()}";

    /// <summary>The number in it, or null.</summary>
    public long? Number => long.TryParse(Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : null;

    /// <summary>Of "always [madvise] never": the word in brackets.</summary>
    public string? Chosen
    {
        get
        {
            var open = Value?.IndexOf('[', StringComparison.Ordinal) ?? -1;
            var close = Value?.IndexOf(']', StringComparison.Ordinal) ?? -1;
            return open >= 0 && close > open ? Value![(open + 1)..close] : null;
        }
    }
}

/// <summary>What checks stand on: the files of a host and a snapshot of its VMs. Dear facts are read when first asked for, and once.</summary>
public sealed class CheckContext
{
    private const int LongestEvidence = 400;

    private readonly ReadBuffer _buffer = new(8192, 1 << 20);
    private readonly Lazy<CpuFlags> _cpu;
    private readonly Lazy<KernelCommandLine> _line;
    private readonly Lazy<ModulesModel> _modules;
    private readonly Lazy<ModulesModel> _described;
    private readonly Lazy<KernelMessageSet> _log;
    private readonly Lazy<TimeSpan?> _now;
    private Errno _logErrno;

    /// <param name="host">The files.</param>
    /// <param name="snapshot">A moment with VMs, machine and host.</param>
    /// <param name="user">Who we are; null where that means nothing (another machine's files).</param>
    /// <param name="onlyVm">The only VM to look at, by name, pid or uuid; null for all, and the host.</param>
    public CheckContext(HostRoot host, Snapshot snapshot, CheckUser? user, string? onlyVm = null)
    {
        (Host, Snapshot, User) = (host, snapshot, user);
        IReadOnlyList<VmModel> all = snapshot.Get(VmsTopic.Instance).Value?.Vms ?? [];
        AllVms = all;
        Vms = onlyVm is null ? all : Meant(all, onlyVm);
        IsOneVm = onlyVm is not null;
        _cpu = new(() => CpuFlags.Read(host));
        _line = new(() => KernelCommandLine.Read(host));
        _modules = new(() => snapshot.Get(ModulesTopic.Instance).Value ?? new ModulesCollector(host, describes: false).Collect().Value!);
        _described = new(() => snapshot.Get(ModulesTopic.Instance).Value ?? new ModulesCollector(host).Collect().Value!);
        _log = new(() => KernelMessages.ReadAll(host, out _logErrno));
        _now = new(() => KernelSaying.Now(host));
    }

    /// <summary>The files of the host.</summary>
    public HostRoot Host { get; }

    /// <summary>The moment.</summary>
    public Snapshot Snapshot { get; }

    /// <summary>Who we are, or null where that means nothing.</summary>
    public CheckUser? User { get; }

    /// <summary>The VMs to look at.</summary>
    public IReadOnlyList<VmModel> Vms { get; }

    /// <summary>All VMs of the host.</summary>
    public IReadOnlyList<VmModel> AllVms { get; }

    /// <summary>One VM was asked for: what is too dear for all may be read.</summary>
    public bool IsOneVm { get; }

    /// <summary>CPUs, sockets, nodes; null when unread.</summary>
    public MachineModel? Machine => Snapshot.Get(MachineTopic.Instance).Value;

    /// <summary>Load and memory of the host; null when unread.</summary>
    public HostModel? HostLoad => Snapshot.Get(HostTopic.Instance).Value;

    /// <summary>Flags of the CPU.</summary>
    public CpuFlags Cpu => _cpu.Value;

    /// <summary>/proc/cmdline.</summary>
    public KernelCommandLine CommandLine => _line.Value;

    /// <summary>Modules and their parameters.</summary>
    public ModulesModel Modules => _modules.Value;

    /// <summary>The same with what modules say of themselves: modinfo is another program, and is run for whoever needs to know.</summary>
    public ModulesModel DescribedModules => _described.Value;

    /// <summary>Messages of the kernel that concern virtual machines; empty when its log is denied.</summary>
    public IReadOnlyList<KernelMessage> Log => _log.Value.Messages;

    /// <summary>The same with how many are harmless.</summary>
    public KernelMessageSet LogSet => _log.Value;

    /// <summary>What the clock of the kernel log says now; null when not known.</summary>
    public TimeSpan? LogNow => _now.Value;

    /// <summary>Why the kernel log is not readable; None when it is.</summary>
    public Errno LogErrno
    {
        get
        {
            _ = _log.Value;
            return _logErrno;
        }
    }

    /// <summary>We look from inside a container: devices and modules are the host's business.</summary>
    public bool IsContainer => Host.Exists("/run/.containerenv") || Host.Exists("/.dockerenv") || Host.Exists("/run/systemd/container") || Host.Exists("/var/run/secrets/kubernetes.io");

    /// <summary>What comes before the command that unloads a module: nothing when nobody holds it.</summary>
    public static string BeforeUnloading(KernelModule module) => module.Users == 0 ? "" : "stop all VMs, then: ";

    /// <summary>"; held by db, web", for evidence: the VMs that keep a part of KVM from being unloaded. Empty when none is seen.</summary>
    public string HeldBy(KernelModule module)
    {
        const int mostNames = 5;
        if (module.Users == 0)
        {
            return "";
        }

        string[] names = [.. AllVms.Where(v => v.Info.Accelerator != "tcg").Select(v => v.Info.Name)];
        return names.Length == 0 ? "" : $"; held by {string.Join(", ", names.Take(mostNames))}{(names.Length > mostNames ? FormattableString.Invariant($" and {names.Length - mostNames} more") : "")}";
    }

    /// <summary>Reads a small file.</summary>
    public FileText Read(string path)
    {
        var text = _buffer.ReadAll(Host, path, out var errno);
        return new FileText(path, errno == Errno.None ? HostileText.Clean(text.TrimEnd("\n "u8), LongestEvidence) : null, errno);
    }

    /// <summary>Reads a file of some length as lines, cleaned.</summary>
    public IReadOnlyList<string> ReadLines(string path, out Errno errno)
    {
        var text = Encoding.UTF8.GetString(_buffer.ReadAll(Host, path, out errno));
        return errno != Errno.None ? [] : [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => HostileText.Clean(l, 4096))];
    }

    /// <summary>Names in a directory, sorted; empty when it is not there.</summary>
    public IReadOnlyList<string> List(string path)
    {
        var names = new List<string>();
        _ = Host.List(path, names);
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    /// <summary>Where a file system of this type is mounted; null when nowhere. <paramref name="known"/> is false when the mounts cannot be read.</summary>
    public string? MountOf(string type, out bool known)
    {
        var lines = ReadLines("/proc/self/mountinfo", out var errno);
        known = errno == Errno.None;
        foreach (var line in lines)
        {
            // "24 30 0:22 / /sys rw,.. shared:7 - sysfs sysfs rw" (proc_pid_mountinfo(5))
            var dash = line.IndexOf(" - ", StringComparison.Ordinal);
            var fields = line.Split(' ');
            if (dash > 0 && fields.Length > 4 && line.AsSpan(dash + 3).StartsWith(type + " ", StringComparison.Ordinal))
            {
                return fields[4];
            }
        }

        return null;
    }

    /// <summary>The CPUs that a thread may use; null when not known.</summary>
    public CpuSet? AffinityOf(int pid, int tid)
    {
        var text = _buffer.ReadAll(Host, string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task/{tid}/status"), out var errno);
        var at = errno == Errno.None ? text.IndexOf("\nCpus_allowed_list:"u8) : -1;
        if (at < 0)
        {
            return null;
        }

        var rest = text[(at + "\nCpus_allowed_list:".Length)..];
        var end = rest.IndexOf((byte)'\n');
        return CpuSet.TryParse(end < 0 ? rest : rest[..end], out var set) ? set : null;
    }

    private static List<VmModel> Meant(IReadOnlyList<VmModel> all, string word)
    {
        var found = VmLookup.Find([.. all.Select(v => v.Info)], word, SystemInfo.EffectiveUserId, whole: true).Found;
        return [.. all.Where(v => found.Contains(v.Info))];
    }

    /// <summary>The NUMA nodes on which its vCPUs may run; empty when nothing is known of them.</summary>
    public CpuSet NodesOf(VmModel vm)
    {
        var nodes = new List<int>();
        for (var i = 0; i < vm.Info.VcpuThreads && Machine is not null; i++)
        {
            foreach (var cpu in AffinityOf(vm.Info.Pid, vm.Info.Threads[i].Tid) ?? CpuSet.Empty)
            {
                if (Machine.Topology.NodeOf(cpu) is { } node)
                    nodes.Add(node);
            }
        }

        return CpuSet.Of(nodes);
    }
}

/// <summary>The user that runs the check.</summary>
/// <param name="Uid">Effective user id.</param>
/// <param name="Name">Login name.</param>
/// <param name="Groups">Groups in effect for this process.</param>
public sealed record CheckUser(uint Uid, string Name, IReadOnlyList<uint> Groups)
{
    /// <summary>True for root.</summary>
    public bool IsRoot => Uid == 0;

    /// <summary>Who runs this program.</summary>
    public static CheckUser OfProcess(HostRoot host) =>
        new(SystemInfo.EffectiveUserId, new UserNames(host).NameOf((int)SystemInfo.EffectiveUserId), SystemInfo.Groups());
}
