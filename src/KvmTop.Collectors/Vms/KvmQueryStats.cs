using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>KVM's counters of a VM's vCPUs as its monitor told them.</summary>
/// <param name="At">When they had arrived, on the host's monotonic clock.</param>
/// <param name="Vcpus">Each vCPU.</param>
public sealed record KvmQueryReading(TimeSpan At, IReadOnlyList<KvmQueryVcpu> Vcpus);

/// <summary>KVM's counters of a vCPU.</summary>
/// <param name="Index">Its number; -1 when not known.</param>
/// <param name="Tid">Its thread; -1 when not known.</param>
/// <param name="Counters">The counters.</param>
public sealed record KvmQueryVcpu(int Index, int Tid, QmpCounters Counters);

/// <summary>KVM's counters of the VM as a whole as its monitor told them.</summary>
/// <param name="At">When they had arrived, on the host's monotonic clock.</param>
/// <param name="Counters">The counters.</param>
public sealed record KvmQueryVmReading(TimeSpan At, QmpCounters Counters);

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
    private IReadOnlyList<QmpVcpu> _known = [];
    private int _generation = -1;

    /// <summary>What the vCPUs' counters are; null until the monitor has said.</summary>
    public IReadOnlyList<QmpCounterSchema>? VcpuSchemas { get; private set; }

    /// <summary>What the VM's counters are; null until the monitor has said.</summary>
    public IReadOnlyList<QmpCounterSchema>? VmSchemas { get; private set; }

    /// <summary>The latest reading of the vCPUs, or null.</summary>
    public KvmQueryReading? Latest { get; private set; }

    /// <summary>The latest reading of the VM as a whole, or null.</summary>
    public KvmQueryVmReading? LatestVm { get; private set; }

    /// <summary>Why there is no (new) reading; null when all is well.</summary>
    public string? Reason { get; private set; } = "QMP: no answer yet";

    /// <summary>True when the monitor refuses, broke, answered with an error, or owes an answer for too long; false while one is on its way.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Takes what has come. True when <see cref="Latest"/> is new.</summary>
    public bool Take()
    {
        if (_generation != connection.Generation)
        {
            (_generation, _known, VcpuSchemas, VmSchemas) = (connection.Generation, [], null, null);
            (Latest, LatestVm) = (null, null);
        }

        if (_cpus.TryTake(out var cpus) && cpus.IsOk)
            _known = QmpStats.Vcpus(cpus.Json) ?? _known;
        if (_schemas.TryTake(out var schemas) && schemas.IsOk)
            (VcpuSchemas, VmSchemas) = (QmpStats.Schemas(schemas.Json, "vcpu"), QmpStats.Schemas(schemas.Json, "vm"));
        if (_vm.TryTake(out var vm))
            LatestVm = Vm(vm);
        if (connection.State != QmpState.Ready)
            LatestVm = null;
        return _vcpus.TryTake(out var reply) && Vcpus(reply);
    }

    /// <summary>Asks for the counters of the vCPUs and the VM, and connects for it when need be.</summary>
    public void Ask()
    {
        connection.Touch();
        if (connection.State != QmpState.Ready)
        {
            (Reason, Latest, HasFailed) = (connection.Reason ?? "QMP: connecting", null, connection.State is QmpState.Refused or QmpState.Failed);
            return;
        }

        if (VcpuSchemas is null)
            _schemas.Post(s_deadline);
        // A vCPU that was plugged in since is one that the list does not have.
        if (Latest is null || Latest.Vcpus.Count != _known.Count)
            _cpus.Post(s_deadline);
        _vm.Post(s_deadline);
        if (!_vcpus.Post(s_deadline) && connection.Reason is { } reason)
            (Reason, HasFailed) = (reason, true);
    }

    /// <summary>Asks for the counters of the VM as a whole, where the monitor is connected for others.</summary>
    public void AskForVmIfConnected()
    {
        if (VmSchemas is null)
            _schemas.PostIfConnected(s_deadline);
        _vm.PostIfConnected(s_deadline);
    }

    private KvmQueryVmReading? Vm(in QmpReply reply)
    {
        _counters.Clear();
        return reply.IsOk && QmpStats.TryParse(reply.Json.Span, LatestVm is { } before ? [before.Counters] : [], _counters) && _counters.Count > 0
            ? new KvmQueryVmReading(reply.ArrivedAt, _counters[0])
            : null;
    }

    private bool Vcpus(in QmpReply reply)
    {
        (Reason, HasFailed) = (reply.Reason, !reply.IsOk);
        if (HasFailed)
            return false;
        _counters.Clear();
        if (!QmpStats.TryParse(reply.Json.Span, Latest is { Vcpus: [var first, ..] } ? [first.Counters] : [], _counters))
        {
            (Reason, HasFailed) = ("QMP: query-stats: not understood", true);
            return false;
        }

        var vcpus = new KvmQueryVcpu[_counters.Count];
        for (var i = 0; i < vcpus.Length; i++)
        {
            vcpus[i] = new(-1, -1, _counters[i]);
            foreach (var (path, index, tid) in _known)
            {
                if (path == _counters[i].QomPath)
                    vcpus[i] = new(index, tid, _counters[i]);
            }
        }

        // The monitor begins with the vCPU made last.
        Array.Sort(vcpus, static (a, b) => a.Index.CompareTo(b.Index));
        Latest = new KvmQueryReading(reply.ArrivedAt, vcpus);
        return true;
    }
}
