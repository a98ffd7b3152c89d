using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>Reads KVM's counters of every VM, each from the best source that works for it.</summary>
internal sealed class KvmStatsCollector : ICollector<KvmStatsSample>
{
    private readonly HostRoot _host;
    private readonly VmRegistry _registry;
    private readonly IReadOnlyList<IKvmStatsSourceKind> _kinds;
    private readonly KvmStatsBuffers _buffers = new();
    private readonly Dictionary<VmKey, KvmVmReader> _readers = [];
    private readonly List<VmKey> _gone = [];
    private long _generation;
    private (int Without, string? Why) _said;
    private string? _reason;

    public KvmStatsCollector(CollectorContext context)
    {
        _host = context.Host;
        _registry = context.Services.Get(() => new VmRegistry(context.Host));
        var statsFds = new StatsFdSource(context.Host, context.Services.Get(() => new KvmStatsSettings()));
        _registry.StatsFds = statsFds;
        _kinds = KvmStatsSources.Create(context, statsFds);
    }

    public Reading<KvmStatsSample> Collect()
    {
        _generation++;
        var buffer = _buffers.Next();
        foreach (var vm in _registry.Vms)
        {
            if (!_readers.TryGetValue(vm.Info.Key, out var reader))
            {
                _readers.Add(vm.Info.Key, reader = new KvmVmReader(vm, _kinds));
            }

            reader.Generation = _generation;
            reader.Read(buffer, _host.Monotonic(), _registry.Uptime);
        }

        Forget();
        return Reading<KvmStatsSample>.Ok(new KvmStatsSample(_buffers, buffer)) with { Reason = Reason(buffer) };
    }

    public void Dispose()
    {
        foreach (var reader in _readers.Values)
        {
            reader.Dispose();
        }

        _readers.Clear();
    }

    private void Forget()
    {
        if (_readers.Count == _registry.Vms.Count)
        {
            return;
        }

        _gone.Clear();
        foreach (var (key, reader) in _readers)
        {
            if (reader.Generation != _generation)
            {
                reader.Dispose();
                _gone.Add(key);
            }
        }

        foreach (var key in _gone)
        {
            _readers.Remove(key);
        }
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
