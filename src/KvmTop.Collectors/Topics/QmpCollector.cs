using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>Asks every monitor what changes rarely at a slow pace, and the run state again as soon as an event says that it may have changed.</summary>
internal sealed class QmpCollector(CollectorContext context) : ICollector<QmpModel>
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(5);

    private readonly HostRoot _host = context.Host;
    private readonly VmRegistry _registry = context.Services.Get(() => new VmRegistry(context.Host));
    private readonly QmpConnections _connections = QmpConnections.Of(context);
    private readonly Dictionary<VmKey, Monitored> _vms = [];

    public Reading<QmpModel> Collect()
    {
        var now = _host.Monotonic();
        var vms = new Dictionary<VmKey, QmpVm>(_registry.Vms.Count);
        List<QmpVmEvent>? events = null;
        var census = new MonitorCensus();
        foreach (var vm in _registry.Vms)
        {
            if (_connections.Get(vm) is not { } connection)
            {
                vms.Add(vm.Info.Key, new QmpVm { Connection = QmpState.NotConnected, Reason = "QMP: the command line has not been read yet" });
                continue;
            }

            if (!_vms.TryGetValue(vm.Info.Key, out var monitored))
                _vms.Add(vm.Info.Key, monitored = new Monitored(connection));
            while (connection.TryTakeEvent(out var e))
            {
                monitored.StatusDue = true;
                (events ??= []).Add(new(vm.Info.Key, vm.Info.Name, e));
            }

            vms.Add(vm.Info.Key, monitored.Read(now));
            census.Add(vm, connection);
        }

        _connections.Forget(_registry.Vms);
        foreach (var key in _vms.Keys)
        {
            if (!vms.ContainsKey(key))
                _vms.Remove(key);
        }

        return census.Judge(new QmpModel(vms, events ?? (IReadOnlyList<QmpVmEvent>)[]));
    }

    public void Dispose()
    {
    }

    /// <summary>The questions to one monitor and its latest answers.</summary>
    private sealed class Monitored
    {
        private readonly QmpConnection _connection;
        private readonly Question[] _questions;
        private QmpVm _known = new() { Connection = QmpState.NotConnected };
        private int _generation;
        private string? _vnc;
        private string? _spice;
        private ulong? _base;
        private ulong? _plugged;

        public Monitored(QmpConnection connection)
        {
            _connection = connection;
            _questions =
            [
                new(connection.Query("query-status"), 5, (m, json) => m._known = m._known with { RunState = QmpAnswers.Text(json, "status") }),
                new(connection.Query("qom-get", """{"path":"/machine","property":"type"}"""), double.PositiveInfinity, static (m, json) =>
                {
                    const string suffix = "-machine";
                    var type = QmpAnswers.Text(json);
                    m._known = m._known with { Machine = type?.EndsWith(suffix, StringComparison.Ordinal) == true ? type[..^suffix.Length] : type };
                }),
                new(connection.Query("query-uuid"), double.PositiveInfinity, static (m, json) => m._known = m._known with { Uuid = VmUuid.Normal(QmpAnswers.Text(json, "UUID")) }),
                new(connection.Query("query-memory-size-summary"), 30, static (m, json) => m.Memory(QmpAnswers.Number(json, "base-memory"), m._plugged)),
                new(connection.Query("query-memory-devices"), 30, static (m, json) => m.Memory(m._base, QmpAnswers.PluggedMemory(json))),
                new(connection.Query("query-vnc"), 60, static (m, json) => m._vnc = QmpAnswers.Vnc(json)),
                new(connection.Query("query-spice"), 60, static (m, json) => m._spice = QmpAnswers.Spice(json)),
                new(connection.Query("query-migrate"), 5, static (m, json) => m._known = m._known with { Migration = QmpAnswers.Migration(json) }),
                new(connection.Query("query-dirty-rate"), 10, static (m, json) => m._known = m._known with { DirtyBytesPerSecond = QmpAnswers.DirtyRate(json) ?? double.NaN }),
            ];
        }

        /// <summary>An event came: the state may be another.</summary>
        public bool StatusDue { get; set; }

        public QmpVm Read(TimeSpan now)
        {
            var state = _connection.State;
            if (state == QmpState.Refused)
            {
                // It is looked at now and then whether that is still so, and never costs more.
                _connection.Touch();
                return Known(state, null, null);
            }

            var before = _known;
            foreach (var question in _questions)
            {
                if (question.Query.TryTake(out var reply) && reply.IsOk)
                    question.Take(this, reply.Json);
            }

            if (_generation != _connection.Generation)
            {
                // Another connection: nothing of what was known needs to be so any more.
                _generation = _connection.Generation;
                (_base, _plugged) = (null, null);
                foreach (var question in _questions)
                    question.Due = TimeSpan.MinValue;
            }

            if (StatusDue)
                _questions[0].Due = TimeSpan.MinValue;
            foreach (var question in _questions)
            {
                if (now >= question.Due && question.Query.Post(s_deadline))
                {
                    var migrating = before.Migration is { Status: "active" or "setup" or "device" } && question.Query.Command == "query-migrate";
                    question.Due = double.IsInfinity(question.Seconds) ? TimeSpan.MaxValue : now + TimeSpan.FromSeconds(migrating ? 1 : question.Seconds);
                    StatusDue &= question != _questions[0];
                }
            }

            _connection.Touch();
            return Known(_connection.State, _connection.Version, _vnc is null ? _spice is null ? null : "spice " + _spice : "vnc " + _vnc);
        }

        // Both must have been told: a part of it would pass for the whole.
        private void Memory(ulong? atStart, ulong? plugged)
        {
            (_base, _plugged) = (atStart, plugged);
            _known = _known with { MemoryBytes = atStart is > 0 and var b && plugged is { } p && p <= ulong.MaxValue - b ? b + p : null };
        }

        private QmpVm Known(QmpState state, string? version, string? display)
        {
            var reason = _connection.Reason;
            if (state != QmpState.Ready)
                _known = new QmpVm { Connection = state, Reason = reason, EventsLost = _known.EventsLost };
            else if (_known.Connection != state || _known.Reason != reason || _known.Version != version || _known.Display != display || _known.EventsLost != _connection.EventsLost)
                _known = _known with { Connection = state, Reason = reason, Version = version, Display = display, EventsLost = _connection.EventsLost };

            // A migration knows better how fast memory changes than a measurement of some time ago.
            return _known.Migration is { Status: "active", DirtyBytesPerSecond: { } rate } ? _known with { DirtyBytesPerSecond = rate } : _known;
        }

        private sealed class Question(QmpQuery query, double seconds, Action<Monitored, ReadOnlyMemory<byte>> take)
        {
            public QmpQuery Query { get; } = query;

            /// <summary>From one to the next.</summary>
            public double Seconds { get; } = seconds;

            public Action<Monitored, ReadOnlyMemory<byte>> Take { get; } = take;

            public TimeSpan Due { get; set; } = TimeSpan.MinValue;
        }
    }
}
