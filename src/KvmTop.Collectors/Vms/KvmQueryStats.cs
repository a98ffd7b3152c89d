using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>KVM's counters of one VM as its monitor told them.</summary>
/// <param name="At">When they had arrived, on the host's monotonic clock.</param>
/// <param name="Vm">Those of the VM; null when the monitor has none.</param>
/// <param name="Vcpus">Those of each vCPU, with its number and thread (-1 when not known).</param>
public sealed record KvmQueryReading(TimeSpan At, QmpCounters? Vm, IReadOnlyList<(int Index, int Tid, QmpCounters Counters)> Vcpus);

/// <summary>
/// KVM's statistics of one VM over QMP (query-stats, QEMU 7.1 and later): for a VMM that keeps no statistics descriptors open. Posted at one tick, taken at a
/// later one. Before QEMU 8.1 each asking interrupts the vCPUs for a moment.
/// </summary>
/// <param name="connection">The VM's monitor.</param>
public sealed class KvmQueryStats(QmpConnection connection)
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(5);

    private readonly QmpQuery _vcpus = connection.Query("query-stats", """{"target":"vcpu","providers":[{"provider":"kvm"}]}""");
    private readonly QmpQuery _vm = connection.Query("query-stats", """{"target":"vm","providers":[{"provider":"kvm"}]}""");
    private readonly QmpQuery _schemas = connection.Query("query-stats-schemas", """{"provider":"kvm"}""");
    private readonly QmpQuery _cpus = connection.Query("query-cpus-fast");
    private readonly List<QmpCounters> _counters = [];
    private IReadOnlyList<(string QomPath, int Index, int Tid)> _known = [];
    private QmpCounters? _latestVm;
    private int _generation = -1;

    /// <summary>What the vCPUs' counters are; null until the monitor has said.</summary>
    public IReadOnlyList<QmpCounterSchema>? VcpuSchemas { get; private set; }

    /// <summary>What the VM's counters are; null until the monitor has said.</summary>
    public IReadOnlyList<QmpCounterSchema>? VmSchemas { get; private set; }

    /// <summary>The latest reading, or null.</summary>
    public KvmQueryReading? Latest { get; private set; }

    /// <summary>Why there is no (new) reading; null when all is well.</summary>
    public string? Reason { get; private set; } = "QMP: no answer yet";

    /// <summary>Takes what has come, and asks again. True when <see cref="Latest"/> is new.</summary>
    public bool Read()
    {
        if (_generation != connection.Generation)
        {
            (_generation, _known, VcpuSchemas, VmSchemas) = (connection.Generation, [], null, null);
            Latest = null;
        }

        var fresh = Take();
        connection.Touch();
        if (connection.State != QmpState.Ready)
        {
            Reason = connection.Reason ?? "QMP: connecting";
            return fresh;
        }

        if (VcpuSchemas is null)
            _schemas.Post(s_deadline);
        // A vCPU that was plugged in since is one that the list does not have.
        if (Latest is null || Latest.Vcpus.Count != _known.Count)
            _cpus.Post(s_deadline);
        _vm.Post(s_deadline);
        if (!_vcpus.Post(s_deadline) && connection.Reason is { } reason)
            Reason = reason;
        return fresh;
    }

    private bool Take()
    {
        if (_cpus.TryTake(out var cpus) && cpus.IsOk)
            _known = QmpStats.Vcpus(cpus.Json) ?? _known;
        if (_schemas.TryTake(out var schemas) && schemas.IsOk)
            (VcpuSchemas, VmSchemas) = (QmpStats.Schemas(schemas.Json, "vcpu"), QmpStats.Schemas(schemas.Json, "vm"));
        if (_vm.TryTake(out var vm) && vm.IsOk)
        {
            _counters.Clear();
            _latestVm = QmpStats.TryParse(vm.Json.Span, _latestVm is { } before ? [before] : [], _counters) && _counters.Count > 0 ? _counters[0] : null;
        }

        if (!_vcpus.TryTake(out var reply))
            return false;
        Reason = reply.Reason;
        if (!reply.IsOk)
            return false;
        _counters.Clear();
        if (!QmpStats.TryParse(reply.Json.Span, Latest is { Vcpus: [var first, ..] } ? [first.Counters] : [], _counters))
        {
            Reason = "QMP: query-stats: not understood";
            return false;
        }

        var vcpus = new (int, int, QmpCounters)[_counters.Count];
        for (var i = 0; i < vcpus.Length; i++)
        {
            vcpus[i] = (-1, -1, _counters[i]);
            foreach (var (path, index, tid) in _known)
            {
                if (path == _counters[i].QomPath)
                    vcpus[i] = (index, tid, _counters[i]);
            }
        }

        Latest = new KvmQueryReading(reply.ArrivedAt, _latestVm, vcpus);
        return true;
    }
}
