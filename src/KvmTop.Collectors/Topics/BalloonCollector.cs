using System.Globalization;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>Asks every monitor for its balloon now and then, and takes the answers of the tick before. Nothing is set: whether a guest reports is for others to say.</summary>
internal sealed class BalloonCollector(CollectorContext context) : ICollector<BalloonModel>
{
    public const string NoDevice = "it has no balloon device";

    private readonly VmRegistry _registry = context.Services.Get(() => new VmRegistry(context.Host));
    private readonly QmpConnections _connections = QmpConnections.Of(context);
    private readonly Dictionary<VmKey, Asked> _vms = [];

    public Reading<BalloonModel> Collect()
    {
        var now = context.Host.Monotonic();
        var clock = context.Host.Time.GetUtcNow();
        var vms = new Dictionary<VmKey, VmBalloon>(_registry.Vms.Count);
        var census = new MonitorCensus();
        foreach (var vm in _registry.Vms)
        {
            if (_connections.Get(vm) is { } connection)
            {
                if (!_vms.TryGetValue(vm.Info.Key, out var asked))
                    _vms.Add(vm.Info.Key, asked = new Asked(connection));
                vms.Add(vm.Info.Key, asked.Read(now, clock));
                census.Add(vm, connection);
            }
        }

        foreach (var key in _vms.Keys)
        {
            if (!vms.ContainsKey(key))
                _vms.Remove(key);
        }

        return census.Judge(new BalloonModel(vms));
    }

    public void Dispose()
    {
    }

    private sealed class Asked(QmpConnection connection)
    {
        private const string Named = "/machine/peripheral";
        private const string Unnamed = "/machine/peripheral-anon";

        private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(5);
        private static readonly TimeSpan s_pace = TimeSpan.FromSeconds(2);
        private static readonly TimeSpan s_slowPace = TimeSpan.FromSeconds(30);
        private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(60);

        private readonly QmpQuery _balloon = connection.Query("query-balloon");
        private readonly QmpQuery _named = connection.Query("qom-list", Path(Named));
        private readonly QmpQuery _unnamed = connection.Query("qom-list", Path(Unnamed));
        private QmpQuery? _stats;
        private QmpQuery? _interval;
        private VmBalloon _latest = new() { Reason = "QMP: no answer yet", GuestReason = "QMP: no answer yet" };
        private ulong? _seconds;
        private TimeSpan _balloonDue;
        private TimeSpan _findDue;
        private TimeSpan _statsDue;
        private TimeSpan _intervalDue;
        private int _generation;

        public VmBalloon Read(TimeSpan now, DateTimeOffset clock)
        {
            if (connection.State == QmpState.Refused)
                return Unknown(connection.Reason);

            TakeBalloon(now);
            TakeDevice(now);
            TakeStats(now);
            if (_generation != connection.Generation)
                (_generation, _stats, _seconds, _balloonDue, _findDue) = (connection.Generation, null, null, now, now);
            connection.Touch();
            if (connection.State != QmpState.Ready)
                return Unknown(connection.Reason ?? "QMP: connecting");

            if (now >= _balloonDue && _balloon.Post(s_deadline))
                _balloonDue = now + s_pace;
            if (_stats is null && now >= _findDue && _named.Post(s_deadline) && _unnamed.Post(s_deadline))
                _findDue = now + s_slowPace;
            if (_stats is not null && now >= _intervalDue && _interval!.Post(s_deadline))
                _intervalDue = now + s_slowPace;
            if (_stats is not null && now >= _statsDue && _stats.Post(s_deadline))
                _statsDue = now + s_pace;
            return connection.Reason is { } reason ? Unknown(reason) : Aged(clock);
        }

        private static string Path(string path) => $$"""{"path":"{{path}}"}""";

        private VmBalloon Unknown(string? reason) =>
            _latest is { ActualBytes: null, Guest: null } && _latest.Reason == reason ? _latest : _latest = new VmBalloon { Reason = reason, GuestReason = reason };

        private void TakeBalloon(TimeSpan now)
        {
            if (!_balloon.TryTake(out var reply))
                return;
            var actual = reply.IsOk ? QmpBalloon.Actual(reply.Json) : null;
            // "No balloon device has been activated", in the words of every QEMU.
            var none = reply.Reason?.Contains("No balloon device", StringComparison.Ordinal) == true;
            _latest = _latest with { ActualBytes = actual, Reason = actual is not null ? null : none ? NoDevice : reply.Reason ?? "QMP: query-balloon: not understood" };
            if (none)
                _balloonDue = now + s_slowPace;
        }

        private void TakeDevice(TimeSpan now)
        {
            string? device = null;
            var asked = false;
            foreach (var (query, folder) in new[] { (_named, Named), (_unnamed, Unnamed) })
            {
                if (query.TryTake(out var reply))
                    (asked, device) = (true, (reply.IsOk ? QmpBalloon.Device(reply.Json, folder) : null) ?? device);
            }

            if (device is not null && _stats is null)
            {
                _stats = connection.Query("qom-get", $$"""{"path":"{{device}}","property":"guest-stats"}""");
                _interval = connection.Query("qom-get", $$"""{"path":"{{device}}","property":"guest-stats-polling-interval"}""");
                (_statsDue, _intervalDue) = (now, now);
            }
            else if (asked && _stats is null)
            {
                _latest = _latest with { Guest = null, GuestReason = NoDevice };
            }
        }

        private void TakeStats(TimeSpan now)
        {
            if (_stats is null)
                return;
            if (_interval!.TryTake(out var interval) && interval.IsOk)
                _seconds = QmpAnswers.Number(interval.Json);
            if (!_stats.TryTake(out var reply))
                return;
            var guest = reply.IsOk ? QmpBalloon.GuestMemory(reply.Json) : null;
            _latest = _latest with { Guest = guest, GuestReason = guest is null ? reply.Reason ?? "QMP: guest-stats: not understood" : null };
            // The device may have been pulled out; another may come.
            if (!reply.IsOk)
                (_stats, _findDue) = (null, now + s_slowPace);
        }

        /// <summary>What the guest reported, with its age; what is too old to be shown, or was never reported, gives way to the reason.</summary>
        private VmBalloon Aged(DateTimeOffset clock)
        {
            if (_latest.Guest is not { } guest)
                return _latest;
            if (guest.Reported is not { } reported)
            {
                return _latest with
                {
                    Guest = null,
                    GuestReason = _seconds switch
                    {
                        null => "QMP: no answer yet",
                        0 => "nobody has the guest report: guest-stats-polling-interval of its balloon is 0",
                        _ => "the guest has never reported: it has no driver for its balloon",
                    },
                };
            }

            var age = clock > reported ? clock - reported : TimeSpan.Zero;
            return age <= s_fresh || age <= TimeSpan.FromSeconds(3 * Math.Min(_seconds ?? 0, 86400)) ? _latest with { GuestAge = age } : _latest with
            {
                Guest = null,
                GuestReason = string.Create(CultureInfo.InvariantCulture, $"the guest has not reported for {age.TotalSeconds:0} s"),
            };
        }
    }
}
