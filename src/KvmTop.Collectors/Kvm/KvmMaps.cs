namespace KvmTop.Collectors;

/// <summary>KVM's counters of VMs and vCPUs for records: each one that grows, by its name, per second. Looked at through one view, so made anew for each record.</summary>
public sealed class KvmMaps
{
    private readonly KvmCounterTable _table = new(histograms: false);
    private readonly List<KeyValuePair<string, double>> _figures = [];

    /// <param name="view">The counters; null when they are gone, or nobody reads them.</param>
    public KvmMaps(KvmStatsView? view)
    {
        OfVm = [Map<VmRow>(row => row.Kvm?.Source is not null && view?.AddVm(row.Vm.Info.Key, _table) == true)];
        OfVcpu = [Map<VcpuRow>(row => view?.AddVcpu(row.Vm.Info.Key, row.Load.Thread, row.Position, _table) == true)];
    }

    /// <summary>Of a VM: the sum over its vCPUs, and its own.</summary>
    public IReadOnlyList<MapMetric<VmRow>> OfVm { get; }

    /// <summary>Of a vCPU.</summary>
    public IReadOnlyList<MapMetric<VcpuRow>> OfVcpu { get; }

    private MapMetric<TRow> Map<TRow>(Func<TRow, bool> add) => new()
    {
        Id = "kvm", Unit = Unit.PerSecond, Needs = [KvmStatsTopic.Instance], Source = KvmStatsMetrics.Source, Help = "KVM's counters per second, by the kernel's names.",
        Get = row =>
        {
            _table.Clear(forget: false);
            return add(row) ? Figures() : null;
        },
    };

    private List<KeyValuePair<string, double>> Figures()
    {
        _figures.Clear();
        for (var i = 0; i < _table.Rows.Count; i++)
        {
            // What this VM does not have, another had: not part of it. What has no rate yet has no figure.
            var row = _table.Rows[i];
            if (row.Counter.HasRate && row.IsPresent)
            {
                _figures.Add(KeyValuePair.Create(row.Counter.Name, row.PerSecond));
            }
        }

        return _figures;
    }
}
