using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>What a VM's monitor says of it. Immutable; a new object when something of it changes.</summary>
public sealed record QmpVm
{
    /// <summary>How it stands with the monitor.</summary>
    public required QmpState Connection { get; init; }

    /// <summary>Why it says nothing; null when all is well.</summary>
    public string? Reason { get; init; }

    /// <summary>QEMU's version.</summary>
    public string? Version { get; init; }

    /// <summary>The run state as QEMU calls it ("running", "paused", "io-error"); null when not known.</summary>
    public string? RunState { get; init; }

    /// <summary>The machine type ("pc-q35-10.0").</summary>
    public string? Machine { get; init; }

    /// <summary>Memory that the guest has: what it started with and what is plugged now, without persistent memory. Null when not known.</summary>
    public ulong? MemoryBytes { get; init; }

    /// <summary>Its UUID; null when it has none, or not known.</summary>
    public string? Uuid { get; init; }

    /// <summary>Where its display is served, "vnc 127.0.0.1:5900"; null when it is not, or not known.</summary>
    public string? Display { get; init; }

    /// <summary>The migration that runs or was last; null for none.</summary>
    public MigrationInfo? Migration { get; init; }

    /// <summary>Memory that the guest dirties, bytes a second: while it migrates, or as somebody had it measured. NaN when not known.</summary>
    public double DirtyBytesPerSecond { get; init; } = double.NaN;

    /// <summary>Events that came too fast to be kept.</summary>
    public long EventsLost { get; init; }
}

/// <summary>What the monitors say, and what they said unasked since the reading before.</summary>
/// <param name="Vms">Per VM.</param>
/// <param name="Events">In the order in which they came.</param>
public sealed record QmpModel(IReadOnlyDictionary<VmKey, QmpVm> Vms, IReadOnlyList<QmpVmEvent> Events)
{
    /// <summary>A VM's, or null.</summary>
    public QmpVm? Find(VmKey vm) => Vms.GetValueOrDefault(vm);
}

/// <summary>What a VM's monitor said unasked.</summary>
/// <param name="Key">The VM.</param>
/// <param name="Vm">Its name.</param>
/// <param name="Event">The event.</param>
public sealed record QmpVmEvent(VmKey Key, string Vm, QmpEvent Event);

/// <summary>
/// Run state, machine, display and migration of each VM, and its events, over QMP. Every command is posted at one tick and its answer taken at a later one: a
/// monitor that does not answer delays nobody.
/// </summary>
public sealed class QmpTopic : PlainTopic<QmpModel>
{
    private QmpTopic()
        : base("qmp", "QEMU monitors (QMP)", TimeSpan.Zero, VmsTopic.Instance)
    {
    }

    /// <summary>The topic.</summary>
    public static QmpTopic Instance { get; } = new();

    /// <summary>The figures of a VM that come from here.</summary>
    public static IReadOnlyList<Metric<VmRow>> Metrics { get; } =
    [
        new()
        {
            Id = "run_state", Title = "RUNSTATE", Unit = Unit.Text, Width = 10, Needs = [Instance], Source = "QMP query-status",
            Help = "The run state as QEMU calls it: running, paused, io-error, watchdog, guest-panicked, internal-error, shutdown, prelaunch (started with -S), inmigrate ..",
            Get = r => Figure.Of(Of(r)?.RunState, Reason(r)),
        },
        new()
        {
            Id = "machine", Title = "MACHINE", Unit = Unit.Text, Width = 14, Needs = [Instance], Source = "QMP qom-get /machine type",
            Help = "Machine type.",
            Get = r => Figure.Of(Of(r)?.Machine, Reason(r)),
        },
        new()
        {
            Id = "display", Title = "DISPLAY", Unit = Unit.Text, Width = 20, Needs = [Instance], Source = "QMP query-vnc, query-spice",
            Help = "Where its screen is served.",
            Get = r => Figure.Of(Of(r)?.Display, Of(r) is { Connection: QmpState.Ready, Reason: null } ? "no VNC or SPICE server" : Reason(r)),
        },
        new()
        {
            Id = "migration", Title = "MIGRATION", Unit = Unit.Text, Width = 14, Needs = [Instance], Source = "QMP query-migrate",
            Help = "State of the latest outgoing migration, and how much of the memory is through.",
            Get = r => Of(r)?.Migration is { } m ? Figure.Of(Progress(m)) : Figure.Missing(Of(r) is { Connection: QmpState.Ready, Reason: null } ? "it has not been migrated" : Reason(r)),
        },
        new()
        {
            Id = "dirty_bytes_per_s", Title = "DIRTY/s", Unit = Unit.BytesPerSecond, Width = 7, Needs = [Instance], Source = "QMP query-migrate, query-dirty-rate",
            Help = "Memory that the guest changes a second: while it migrates, or as calc-dirty-rate last measured it.",
            Get = r => Figure.Of(Of(r)?.DirtyBytesPerSecond ?? double.NaN, Of(r) is { Connection: QmpState.Ready, Reason: null } ? "known only while it migrates, or after calc-dirty-rate" : Reason(r)),
        },
        new()
        {
            Id = "qmp", Title = "QMP", Unit = Unit.Text, Width = 9, Needs = [Instance], Source = "QMP greeting",
            Help = "QEMU's version, when its monitor answers.",
            Get = r => Of(r) is { Connection: QmpState.Ready, Reason: null } q ? Figure.Of(q.Version ?? "ready") : Figure.Missing(Reason(r)),
        },
    ];

    /// <summary>What the monitor of a row's VM says, or null.</summary>
    public static QmpVm? Of(VmRow row) => row.Snapshot.Get(Instance).Value?.Find(row.Vm.Info.Key);

    /// <summary>Why the monitor of a row's VM says nothing.</summary>
    public static string Reason(VmRow row) => Of(row)?.Reason ?? row.Snapshot.Get(Instance).Reason ?? "QMP: no answer yet";

    /// <summary>The state of a VM by its monitor in the words of the STATE column; null when the monitor does not say.</summary>
    public static string? StateOf(VmRow row) => Of(row)?.RunState switch
    {
        null => null,
        // The reason is in RUNSTATE; for whoever looks at the list, it is held.
        "prelaunch" or "postmigrate" or "save-vm" or "restore-vm" or "finish-migrate" or "debug" or "colo" => "paused",
        var state => state,
    };

    /// <inheritdoc/>
    public override ICollector<QmpModel> CreateCollector(CollectorContext context) => new QmpCollector(context);

    /// <inheritdoc/>
    public override IEnumerable<HostEvent> Compare(QmpModel before, QmpModel now, DateTimeOffset time)
    {
        foreach (var (key, vm, e) in now.Events)
            yield return new HostEvent(e.Time, SeverityOf(e.Name), Id, vm, e.Text.Length == 0 ? e.Name : e.Name + ": " + e.Text) { Origin = Origin(key) };
        foreach (var (key, vm) in now.Vms)
        {
            if (before.Find(key) is { } was && was.EventsLost != vm.EventsLost)
                yield return new HostEvent(time, Severity.Warning, Id, null, $"events of pid {key.Pid} came too fast and were dropped") { Origin = Origin(key) };
        }
    }

    private static string Origin(VmKey vm) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{vm.Pid}:{vm.StartTimeTicks}");

    private static Severity SeverityOf(string name) => name switch
    {
        "GUEST_PANICKED" or "BLOCK_IMAGE_CORRUPTED" or "MEMORY_FAILURE" => Severity.Critical,
        "BLOCK_IO_ERROR" or "BLOCK_JOB_ERROR" or "WATCHDOG" or "GUEST_CRASHLOADED" or "MEM_UNPLUG_ERROR" or "DEVICE_UNPLUG_GUEST_ERROR" or "QUORUM_FAILURE" => Severity.Warning,
        _ => Severity.Info,
    };

    private static string Progress(MigrationInfo m) =>
        m is { Status: "active", TotalBytes: > 0 and var total, RemainingBytes: { } left } && left <= total
            ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"active {100 - (100.0 * left / total):0}%")
            : m.Status;
}
