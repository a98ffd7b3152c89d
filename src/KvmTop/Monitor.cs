using System.Reactive.Concurrency;
using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Configuration;
using KvmTop.Linux;
using KvmTop.Simulator;
using KvmTop.Streams;
using KvmTop.Vmm;

namespace KvmTop;

/// <summary>A host and the hub that polls it, with the threads they need: what the screen and the batch printer both stand on.</summary>
internal sealed class Monitor : IDisposable
{
    private readonly LoopScheduler _collector = new("collector");
    private readonly LoopScheduler _worker = new("slow topics");
    private readonly LoopScheduler _checks = new("checks");
    private readonly LoopScheduler _actions = new("actions");
    private readonly CollectorServices _services = new();

    /// <param name="options">Which host, and how often.</param>
    /// <param name="first">When the second reading comes, if sooner than the interval.</param>
    /// <param name="environment">Says where the journal of actions lies; null for none.</param>
    public Monitor(Options options, TimeSpan? first, EnvironmentBlock? environment = null)
    {
        Host = CreateHost(options);
        _ = _services.Get(() => new JournalSettings(environment is null || !Host.IsLive ? null : CommandLine.JournalAccess.Open(environment, Host)));
        _ = _services.Get(() => new KvmStatsSettings(options.StatsFds));
        _ = _services.Get(() => new LibvirtSettings(options.LibvirtUri));
        _ = _services.Get(() => new QmpSettings(options.Qmp, Host.IsLive ? MonitorRequest.Folder(SystemInfo.EffectiveUserId == 0, environment?["XDG_RUNTIME_DIR"]) : null));
        var context = new CollectorContext(Host, _services);
        Qmp = QmpConnections.Of(context);
        Libvirt = options.LibvirtUri;
        Hub = new Hub(Catalog.Topics, context, _collector, _worker, options.Delay, first);
    }

    /// <summary>The files that are read.</summary>
    public HostRoot Host { get; }

    /// <summary>The monitors of its VMs: a monitor serves one client, so actions use the same connections as the figures.</summary>
    public QmpConnections Qmp { get; }

    /// <summary>Which libvirt is asked: the setting <c>libvirt-uri</c>.</summary>
    public string Libvirt { get; }

    /// <summary>Where checks run.</summary>
    public IScheduler Checks => _checks;

    /// <summary>Where actions are planned and carried out, one at a time.</summary>
    public IScheduler Actions => _actions;

    /// <summary>Snapshots of it.</summary>
    public Hub Hub { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        // On the collector thread, after whatever it is doing now: nobody else may touch the readers. A reader that hangs must not keep us from leaving.
        using var done = new ManualResetEventSlim();
        _collector.Schedule(() =>
        {
            Hub.Dispose();
            _services.Dispose();
            done.Set();
        });
        done.Wait(TimeSpan.FromMilliseconds(500));
        _worker.Dispose();
        _checks.Dispose();
        _actions.Dispose();
        _collector.Dispose();
    }

    private static HostRoot CreateHost(Options options)
    {
        if (options.Demo)
        {
            return new SimulatedHost(
                options is { Vms: null, Vcpus: null } ? new SimulatedHostOptions() : SimulatedHostOptions.Scale(options.Vms ?? 12, options.Vcpus ?? 4));
        }

        var overrides = new Dictionary<string, string>();
        if (options.PathProcfs is { } procfs)
        {
            overrides.Add("/proc", procfs);
        }

        if (options.PathSysfs is { } sysfs)
        {
            overrides.Add("/sys", sysfs);
        }

        return new DirectoryHost(options.Root, overrides);
    }
}
