namespace KvmTop.Collectors;

/// <summary>A look at all counters of a <see cref="KvmStatsModel"/>, which holds their buffers until it is disposed. Used from one thread at a time.</summary>
public sealed class KvmStatsView : IDisposable
{
    private readonly KvmStatsModel _model;
    private readonly KvmStatsSample _now;
    private KvmStatsSample? _before;
    private bool _closed;

    internal KvmStatsView(KvmStatsModel model, KvmStatsSample? before, KvmStatsSample now) => (_model, _before, _now) = (model, before, now);

    /// <summary>Adds the counters of all VMs.</summary>
    public void AddHost(KvmCounterTable table)
    {
        for (var i = 0; i < _now.Buffer.Vms.Length; i++)
        {
            Add(i, table);
        }
    }

    /// <summary>Adds the counters of a VM: its vCPUs' and its own. False when it has none.</summary>
    public bool AddVm(VmKey key, KvmCounterTable table)
    {
        var place = _now.Buffer.Find(key);
        if (place < 0)
        {
            return false;
        }

        Add(place, table);
        return true;
    }

    /// <summary>Adds the counters of the vCPU that a thread runs. False when it has none.</summary>
    public bool AddVcpu(VmKey key, VmThread thread, int position, KvmCounterTable table)
    {
        var place = _now.Buffer.Find(key);
        if (place < 0 || _model.Place(key) is not (>= 0 and var at))
        {
            return false;
        }

        var vcpu = KvmStatsModel.PlaceOf(_model.Vcpus(_model.Vms[at]), thread, position);
        if (vcpu < 0)
        {
            return false;
        }

        Add(new KvmPairs(_before?.Buffer, _now.Buffer, place).OfVcpu(vcpu), table);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_closed)
        {
            _closed = true;
            _now.Buffers.Release(_now.Buffer);
            _before?.Buffers.Release(_before.Buffer);
            _before = null;
        }
    }

    private static void Add(in KvmPair pair, KvmCounterTable table)
    {
        if (pair.Set is { } set)
        {
            table.Add(set, pair.Now, pair.Before, pair.Seconds);
        }
    }

    private void Add(int place, KvmCounterTable table)
    {
        var pairs = new KvmPairs(_before?.Buffer, _now.Buffer, place);
        for (var i = 0; i < pairs.VcpuCount; i++)
        {
            Add(pairs.OfVcpu(i), table);
        }

        Add(pairs.OfSum(), table);
        Add(pairs.OfVm(), table);
    }
}
