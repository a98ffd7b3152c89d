using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.RealTests.Kvm;

/// <summary>The program's own topic of KVM's counters on this machine, read when a test says so.</summary>
internal sealed class KvmReading : IDisposable
{
    private readonly CollectorServices _services = new();
    private readonly ITopicReader _vms;
    private readonly ITopicReader _kvm;

    public KvmReading(StatsFdUse use = StatsFdUse.Always, QmpUse qmp = QmpUse.Auto)
    {
        var context = new CollectorContext(new DirectoryHost(), _services);
        _ = _services.Get(() => new KvmStatsSettings(use));
        _ = _services.Get(() => new QmpSettings(qmp));
        _vms = VmsTopic.Instance.CreateReader(context);
        _kvm = KvmStatsTopic.Instance.CreateReader(context);
    }

    public KvmStatsModel Model { get; private set; } = null!;

    /// <summary>Reads now; gives the VM of a process.</summary>
    public KvmVmRates Read(int pid)
    {
        var vms = (VmsModel?)_vms.Read().Value ?? throw new InvalidOperationException("no VMs were read");
        var state = _kvm.Read();
        Model = (KvmStatsModel?)state.Value ?? throw new InvalidOperationException(state.Reason);
        var key = vms.Vms.Single(v => v.Info.Pid == pid).Info.Key;
        return Model.Find(key) ?? throw new InvalidOperationException($"pid {pid} is not among the VMs of kvm_stats");
    }

    /// <summary>All counters of the VM that was read last.</summary>
    public KvmCounterTable Counters(KvmVmRates vm)
    {
        using var view = Model.Open()!;
        var table = new KvmCounterTable();
        Assert.True(view.AddVm(vm.Key, table));
        return table;
    }

    public void Dispose()
    {
        _kvm.Dispose();
        _vms.Dispose();
        _services.Dispose();
    }
}
