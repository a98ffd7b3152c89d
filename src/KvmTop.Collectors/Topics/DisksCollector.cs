using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>Posts query-blockstats to every monitor at each tick and takes the answers of the tick before; query-block at a slow pace and when the disks are others.</summary>
internal sealed class DisksCollector(CollectorContext context) : ICollector<DisksSample>
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_infoPace = TimeSpan.FromSeconds(10);

    private readonly VmRegistry _registry = context.Services.Get(() => new VmRegistry(context.Host));
    private readonly QmpConnections _connections = QmpConnections.Of(context);
    private readonly LibvirtDomains _libvirt = context.Services.Get(() => new LibvirtDomains(context.Host));
    private readonly Dictionary<VmKey, Asked> _vms = [];

    public Reading<DisksSample> Collect()
    {
        var now = context.Host.Monotonic();
        var vms = new Dictionary<VmKey, DisksOfVm>(_registry.Vms.Count);
        var census = new MonitorCensus();
        foreach (var vm in _registry.Vms)
        {
            if (OfLibvirt(vm.Info.Key) is { } known)
            {
                vms.Add(vm.Info.Key, new(vm.Info, known));
            }
            else if (_connections.Get(vm) is { } connection)
            {
                if (!_vms.TryGetValue(vm.Info.Key, out var asked))
                    _vms.Add(vm.Info.Key, asked = new Asked(connection));
                vms.Add(vm.Info.Key, new(vm.Info, asked.Read(now)));
                census.Add(vm, connection);
            }
        }

        foreach (var key in _vms.Keys)
        {
            if (!vms.ContainsKey(key))
                _vms.Remove(key);
        }

        return census.Judge(new DisksSample(vms));
    }

    public void Dispose()
    {
    }

    /// <summary>The disks of a domain of libvirt's, whose monitor is libvirt's alone.</summary>
    private VmDisksSample? OfLibvirt(VmKey key)
    {
        if (_libvirt.Find(key) is not ({ } domain, var was))
            return null;
        var before = was is null ? null : new VmDisksSample(_libvirt.Before!.At, was.Disks, was.DiskInfos, null);
        return new VmDisksSample(_libvirt.Answer!.At, domain.Disks, domain.DiskInfos, null, before);
    }

    private sealed class Asked(QmpConnection connection)
    {
        private readonly QmpQuery _stats = connection.Query("query-blockstats");
        private readonly QmpQuery _blocks = connection.Query("query-block");
        private VmDisksSample _latest = new(TimeSpan.Zero, [], null, "QMP: no answer yet");
        private TimeSpan _infoDue;
        private readonly DiskThrottles _throttles = new(connection);
        private int _generation;

        public VmDisksSample Read(TimeSpan now)
        {
            if (connection.State == QmpState.Refused)
                return _latest = new VmDisksSample(TimeSpan.Zero, [], null, connection.Reason);

            if (_blocks.TryTake(out var blocks) && blocks.IsOk && QmpBlocks.Parse(blocks.Json) is { } infos)
            {
                _throttles.Ask(infos);
                _latest = _latest with { Infos = _throttles.Complete(infos) };
            }

            if (_throttles.Take() && _latest.Infos is { } incomplete)
                _latest = _latest with { Infos = _throttles.Complete(incomplete) };
            if (_stats.TryTake(out var stats))
                _latest = stats.IsOk ? Take(stats, now) : _latest with { Reason = stats.Reason, Before = null };

            if (_generation != connection.Generation)
                (_generation, _infoDue) = (connection.Generation, TimeSpan.Zero);
            if (connection.State != QmpState.Ready)
            {
                // Counters of before are no base for rates after.
                connection.Touch();
                return _latest = new VmDisksSample(TimeSpan.Zero, [], null, connection.Reason ?? "QMP: connecting");
            }

            if (now >= _infoDue && _blocks.Post(s_deadline))
                _infoDue = now + s_infoPace;
            if (!_stats.Post(s_deadline) && connection.Reason is { } reason)
                _latest = _latest with { Reason = reason, Before = null };
            return _latest;
        }

        private VmDisksSample Take(in QmpReply reply, TimeSpan now)
        {
            var disks = new List<BlockCounters>(_latest.Disks.Count);
            if (!QmpBlockStats.TryParse(reply.Json.Span, _latest.Disks, disks))
                return _latest with { Reason = "QMP: query-blockstats: not understood" };
            if (disks.Count != _latest.Disks.Count)
                _infoDue = now;
            return new VmDisksSample(reply.ArrivedAt, disks, _latest.Infos, null, _latest.Disks.Count > 0 ? _latest with { Before = null } : null);
        }
    }
}
