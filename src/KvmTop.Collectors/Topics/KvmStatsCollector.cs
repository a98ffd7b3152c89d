using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>Reads KVM's counters of every VM, each from the best source that works for it.</summary>
internal sealed class KvmStatsCollector : ICollector<KvmStatsSample>
{
    private readonly HostRoot _host;
    private readonly VmRegistry _registry;
    private readonly QmpConnections _connections;
    private readonly IReadOnlyList<IKvmStatsSourceKind> _kinds;
    private readonly KvmStatsBuffers _buffers = new();
    private List<KvmVmReader> _readers = [];
    private (int Without, string? Why) _said;
    private string? _reason;

    public KvmStatsCollector(CollectorContext context)
    {
        _host = context.Host;
        _registry = context.Services.Get(() => new VmRegistry(context.Host));
        var statsFds = new StatsFdSource(context.Host, context.Services.Get(() => new KvmStatsSettings()));
        _registry.StatsFds = statsFds;
        _connections = QmpConnections.Of(context);
        _kinds = KvmStatsSources.Create(context, statsFds);
    }

    public Reading<KvmStatsSample> Collect()
    {
        Follow();
        var buffer = _buffers.Next();
        foreach (var reader in _readers)
        {
            reader.Read(buffer, _host.Monotonic(), _registry.Uptime);
        }

        return Reading<KvmStatsSample>.Partly(buffer.Sample, Reason(buffer));
    }

    public void Dispose()
    {
        foreach (var reader in _readers)
        {
            reader.Dispose();
        }

        _readers.Clear();
    }

    /// <summary>One reader for each VM, in the order of the registry.</summary>
    private void Follow()
    {
        var vms = _registry.Vms;
        var same = _readers.Count == vms.Count;
        for (var i = 0; same && i < vms.Count; i++)
        {
            same = ReferenceEquals(_readers[i].Vm, vms[i]);
        }

        if (same)
        {
            return;
        }

        var known = _readers.ToDictionary(r => r.Vm);
        var readers = new List<KvmVmReader>(vms.Count);
        foreach (var vm in vms)
        {
            readers.Add(known.Remove(vm, out var reader) ? reader : new KvmVmReader(vm, _kinds));
        }

        foreach (var gone in known.Values)
        {
            gone.Dispose();
        }

        _readers = readers;
        _connections.Forget(vms);
    }

    /// <summary>How many VMs under KVM have no counters, and the first one's reason; null when all have. Made anew only when it changes.</summary>
    private string? Reason(KvmStatsBuffer buffer)
    {
        var (without, why) = (0, (string?)null);
        foreach (ref readonly var vm in buffer.Vms)
        {
            // One that is emulated without KVM lacks nothing.
            if (vm.Source is null && vm.Why is not KvmVmReader.NoKvm)
            {
                without++;
                why ??= vm.Why;
            }
        }

        if (_said != (without, why))
        {
            _said = (without, why);
            _reason = without == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{without} of {buffer.Vms.Length} VMs without: {why}");
        }

        return _reason;
    }
}
