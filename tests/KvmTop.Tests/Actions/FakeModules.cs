using System.Globalization;
using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Tests.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Tests.Actions;

/// <summary>A kernel with loadable modules on a <see cref="FakeControl"/>: modprobe and rmmod do to its files what the kernel does.</summary>
internal sealed class FakeModules : IDisposable
{
    private const string Release = "6.1.0";

    private readonly Dictionary<string, (string[] Needs, string[] Defaults)> _modules = [];

    public FakeModules()
    {
        Host = new FakeControl { Programs = Run };
        _ = Host.With("/proc/sys/kernel/osrelease", Release + "\n").With("/proc/modules", "").With("/proc/cmdline", "quiet\n").With("/dev/kmsg", "6,1,1,-;booted\n")
            .With("/proc/cpuinfo", "vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm npt\n");
        _ = Directory.CreateDirectory(Host.Map("/etc/modprobe.d"));
        Add("irqbypass", []);
        Add("kvm", ["irqbypass"], "halt_poll_ns=200000", "tdp_mmu=Y");
        Add("kvm_amd", ["kvm", "irqbypass"], "nested=1", "npt=Y", "avic=N", "odd=3", "pause_filter_count=3000");
        Add("nbd", [], "nbds_max=16");
    }

    public FakeControl Host { get; }

    /// <summary>What a program answers in place of doing anything; null to let it.</summary>
    public Func<IReadOnlyList<string>, ChildResult?> Instead { get; set; } = _ => null;

    public Journal Journal => new(Host.Map("/var/log/kvmtop/audit.jsonl"), Host);

    public ActionDesk Desk => new(Host, Journal);

    /// <summary>Loads modules as they come, without a word in the log.</summary>
    public FakeModules Loaded(params string[] modules)
    {
        foreach (var module in modules)
            Load(module, []);
        Host.Log.Clear();
        return this;
    }

    public FakeModules Set(string module, string parameter, string value)
    {
        _ = Host.With($"/sys/module/{module}/parameters/{parameter}", value + "\n");
        return this;
    }

    public bool IsLoaded(string module) => Directory.Exists(Host.Map("/sys/module/" + module));

    public string? Parameter(string module, string name) => Host.TextOf($"/sys/module/{module}/parameters/{name}")?.TrimEnd('\n');

    public ActionPlan Plan(string line, Snapshot? snapshot = null) => Desk.Plan(new ActionContext(snapshot ?? Snapshot.Empty, Host), line.Split(' '));

    /// <summary>Plans and carries out.</summary>
    public ActionResult Do(string line) => Desk.Execute(Plan(line), null, _ => { });

    public ActionResult Undo() => Desk.Execute(Desk.PlanUndo(null), null, _ => { });

    /// <summary>A moment with a running VM called vm100.</summary>
    public static Snapshot WithVm()
    {
        using var vms = new VmHost();
        _ = vms.Qemu(100).Tick();
        return new Snapshot(1, default, default, new Dictionary<Topic, TopicState> { [VmsTopic.Instance] = vms.State }, EventList.Empty);
    }

    public void Dispose() => Host.Dispose();

    private void Add(string name, string[] needs, params string[] defaults)
    {
        _modules[name] = (needs, defaults);
        var lines = _modules.Select(m => $"kernel/{m.Key}.ko: {string.Join(' ', m.Value.Needs.Select(n => $"kernel/{n}.ko"))}\n");
        _ = Host.With($"/lib/modules/{Release}/modules.dep", string.Concat(lines)).With($"/lib/modules/{Release}/modules.builtin", "kernel/crc32.ko\n");
    }

    private ChildResult Run(IReadOnlyList<string> command)
    {
        if (Instead(command) is { } other)
            return other;
        return command[0] == "rmmod" ? Unload(command[1]) : Load(command[1], [.. command.Skip(2)]);
    }

    private ChildResult Load(string module, string[] parameters)
    {
        if (!_modules.TryGetValue(module, out var about))
            return Failed("modprobe: FATAL: Module not found");
        foreach (var parameter in about.Defaults.Concat(parameters))
        {
            var (name, value) = ModuleProbe.Split(parameter);
            _ = Set(module, name, value);
        }

        var folder = "/sys/module/" + module;
        _ = Host.With(folder + "/initstate", "live\n").With(folder + "/refcnt", "0\n").With(folder + "/holders/.keep", "");
        File.Delete(Host.Map(folder + "/holders/.keep"));
        foreach (var needed in about.Needs)
        {
            _ = Host.With($"/sys/module/{needed}/holders/{module}", "");
            Count(needed, 1);
        }

        return Ok();
    }

    private ChildResult Unload(string module)
    {
        if (!_modules.TryGetValue(module, out var about) || !IsLoaded(module))
            return Failed($"rmmod: ERROR: Module {module} is not currently loaded");
        if (Host.TextOf($"/sys/module/{module}/refcnt") != "0\n")
            return Failed($"rmmod: ERROR: Module {module} is in use");
        Directory.Delete(Host.Map("/sys/module/" + module), recursive: true);
        foreach (var needed in about.Needs)
        {
            File.Delete(Host.Map($"/sys/module/{needed}/holders/{module}"));
            Count(needed, -1);
        }

        return Ok();
    }

    /// <summary>Adds to a reference count.</summary>
    public void Count(string module, int more)
    {
        var file = $"/sys/module/{module}/refcnt";
        _ = Host.With(file, (int.Parse(Host.TextOf(file)!, CultureInfo.InvariantCulture) + more).ToString(CultureInfo.InvariantCulture) + "\n");
    }

    public static ChildResult Failed(string words) => new(1, [], System.Text.Encoding.UTF8.GetBytes(words + "\n"), null);

    private static ChildResult Ok() => new(0, [], [], null);
}
