using System.Globalization;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>What libvirt says.</summary>
public sealed record LibvirtModel
{
    /// <summary>The domain of each VM that is one of libvirt's.</summary>
    public required IReadOnlyDictionary<VmKey, LibvirtDomain> Vms { get; init; }

    /// <summary>Domains that do not run.</summary>
    public required IReadOnlyList<LibvirtDomain> Inactive { get; init; }

    /// <summary>What it said unasked since the reading before.</summary>
    public IReadOnlyList<LibvirtEvent> Events { get; init; } = [];

    /// <summary>Events that came too fast to be kept, and domains beyond those that are.</summary>
    public long EventsLost { get; init; }

    /// <summary>Domains beyond those that are kept.</summary>
    public int Dropped { get; init; }

    /// <summary>False while no answer has come yet.</summary>
    public bool IsAnswered { get; init; }

    /// <summary>Why nobody is asked: there is no libvirt, or it is not wanted. A host without one is well; null where there is one.</summary>
    public string? Absence { get; init; }

    /// <summary>How old the answer is.</summary>
    public TimeSpan Age { get; init; }

    /// <summary>A VM's domain, or null.</summary>
    public LibvirtDomain? Find(VmKey vm) => Vms.GetValueOrDefault(vm);
}

/// <summary>
/// All domains of libvirt, running and not, and its events (virConnectGetAllDomainStats, virConnectListAllDomains, virConnectDomainEventRegisterAny on a read-only
/// connection). Asked every two seconds on a thread of its own; a tick takes what has been answered by then.
/// </summary>
public sealed class LibvirtTopic : PlainTopic<LibvirtModel>
{
    private LibvirtTopic()
        : base("libvirt", "libvirt", TimeSpan.Zero, VmsTopic.Instance)
    {
    }

    /// <summary>The topic.</summary>
    public static LibvirtTopic Instance { get; } = new();

    /// <summary>The domain of a row's VM, or null.</summary>
    public static LibvirtDomain? Of(VmRow row) => row.Snapshot.Get(Instance).Value?.Find(row.Vm.Info.Key);

    /// <summary>Why libvirt says nothing of a row's VM.</summary>
    public static string Reason(VmRow row)
    {
        var reading = row.Snapshot.Get(Instance);
        return reading.Reason ?? reading.Value?.Absence ?? (row.Vm.Info.Description.LibvirtOwned ? "another libvirt than the one that is asked started it" : "it is not one of libvirt's");
    }

    /// <summary>The state of a VM by libvirt in the words of the STATE column, where that says more than /proc does; null otherwise.</summary>
    public static string? StateOf(VmRow row) => row.Snapshot.Get(Instance) is not { Status: ReadingStatus.Ok, Value: { } model } || model.Find(row.Vm.Info.Key) is not { } domain
        ? null
        : (domain.State, domain.StateReason) switch
        {
            (LibvirtState.Paused, "I/O error") => "io-error",
            (LibvirtState.Paused, "watchdog") => "watchdog",
            (LibvirtState.Paused, "crashed") => "guest-panicked",
            (LibvirtState.Paused, _) => "paused",
            (LibvirtState.Shutdown, _) => "shutdown",
            (LibvirtState.Crashed, _) => "crashed",
            (LibvirtState.Suspended, _) => "suspended",
            _ => null,
        };

    /// <inheritdoc/>
    public override ICollector<LibvirtModel> CreateCollector(CollectorContext context) => new Collector(context);

    /// <inheritdoc/>
    public override IEnumerable<HostEvent> Compare(LibvirtModel before, LibvirtModel now, DateTimeOffset time)
    {
        foreach (var e in now.Events)
            yield return new HostEvent(e.Time, SeverityOf(e.Name), Id, e.Domain, e.Text.Length == 0 ? e.Name : e.Name + ": " + e.Text);
        if (now.EventsLost > before.EventsLost)
            yield return new HostEvent(time, Severity.Warning, Id, null, string.Create(CultureInfo.InvariantCulture, $"{now.EventsLost - before.EventsLost} events came too fast and were dropped"));
        if (now.Dropped > 0 && before.Dropped == 0)
            yield return new HostEvent(time, Severity.Warning, Id, null, string.Create(CultureInfo.InvariantCulture, $"libvirt has {now.Dropped} domains more than are shown"));
    }

    private static Severity SeverityOf(string name) => name switch
    {
        "crashed" or "memory failure" => Severity.Critical,
        "I/O error" or "watchdog" or "control error" => Severity.Warning,
        _ => Severity.Info,
    };

    private sealed class Collector(CollectorContext context) : ICollector<LibvirtModel>
    {
        // An answer is two seconds old at most when all is well.
        private static readonly TimeSpan s_old = TimeSpan.FromSeconds(10);
        private static readonly TimeSpan s_tooOld = TimeSpan.FromSeconds(60);
        private static readonly TimeSpan s_lookAgain = TimeSpan.FromSeconds(5);

        private readonly HostRoot _host = context.Host;
        private readonly VmRegistry _registry = context.Services.Get(() => new VmRegistry(context.Host));
        private readonly LibvirtSettings _settings = context.Services.Get(() => new LibvirtSettings(LibvirtTarget.Automatic));
        private readonly LibvirtDomains _domains = context.Services.Get(() => new LibvirtDomains(context.Host));
        private LibvirtTarget? _target;
        private TimeSpan _targetDue;
        private LibvirtSession? _session;
        private TimeSpan _since;
        private LibvirtAnswer? _shown;
        private IReadOnlyList<LibvirtDomain> _inactive = [];

        public Reading<LibvirtModel> Collect()
        {
            if (_session is null)
            {
                if (_target is null || _host.Monotonic() >= _targetDue)
                {
                    _target = LibvirtTarget.Find(_settings.Uri, _host, SystemInfo.EffectiveUserId, Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"));
                    _targetDue = _host.Monotonic() + s_lookAgain;
                }

                if (_target.Uri is not { } uri)
                {
                    var nobody = new LibvirtModel { Vms = _domains.ByVm, Inactive = [], Absence = _target.Refusal };
                    return _host.IsLive && _target.Refusal is { } refusal ? Reading<LibvirtModel>.Ok(nobody) with { Status = ReadingStatus.Unsupported, Reason = refusal } : Reading<LibvirtModel>.Ok(nobody);
                }

                _session = new LibvirtSession(uri, _host.Time);
                _since = _session.Now;
            }

            _session.Ask(_domains.NicsWanted);
            return Read(_session);
        }

        public void Dispose()
        {
            _session?.Dispose();
            _domains.Take(null, []);
        }

        private Reading<LibvirtModel> Read(LibvirtSession session)
        {
            var answer = session.Latest;
            var age = answer is null ? TimeSpan.Zero : session.Now - answer.At;
            var (status, reason) = (session.Status, session.Reason);
            if (status == LibvirtStatus.Connecting && session.Now - _since > s_old)
                (status, reason) = (LibvirtStatus.Failed, "libvirt: it takes connections and does not answer");
            if (answer is not null && age > s_old)
                reason = string.Create(CultureInfo.InvariantCulture, $"{reason ?? "libvirt: no answer"} ({age.TotalSeconds:0} s ago it was well)");
            if (age > s_tooOld)
                answer = null;

            // What is old is shown as such; to count with, it is no good.
            var vms = new List<VmInfo>(_registry.Vms.Count);
            foreach (var vm in _registry.Vms)
                vms.Add(vm.Info);
            _domains.Take(age > s_old ? null : answer, vms);
            if (answer is null && (status, age > s_tooOld) is not (LibvirtStatus.Connecting or LibvirtStatus.Ready, false))
            {
                return Reading<LibvirtModel>.Missing(
                    status switch { LibvirtStatus.Absent => ReadingStatus.Unsupported, LibvirtStatus.Denied => ReadingStatus.Denied, _ => ReadingStatus.Failed }, reason ?? "libvirt: no answer");
            }

            List<LibvirtEvent>? events = null;
            while (session.TryTakeEvent(out var e))
                (events ??= []).Add(e);
            if (answer != _shown)
                (_shown, _inactive) = (answer, answer is null ? [] : [.. answer.Domains.Where(d => !d.IsActive)]);
            var model = new LibvirtModel
            {
                Vms = age > s_old && answer is not null ? _domains.Match(answer.Domains, vms) : _domains.ByVm,
                Inactive = _inactive,
                Events = events ?? (IReadOnlyList<LibvirtEvent>)[],
                EventsLost = session.EventsLost,
                Dropped = answer?.Dropped ?? 0,
                IsAnswered = answer is not null,
                Age = age,
            };
            return Reading<LibvirtModel>.Ok(model) with { Status = age > s_old ? ReadingStatus.Stale : ReadingStatus.Ok, Reason = reason ?? (answer is null ? "libvirt: no answer yet" : null) };
        }
    }
}
