using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>Where the values of one thing (a vCPU, a VM) stand in a <see cref="KvmStatsBuffer"/>.</summary>
/// <param name="Set">Which counters; null for none.</param>
/// <param name="Now">Where the values begin.</param>
/// <param name="Before">Where the source's own reading before begins, for a source that has its own pace; -1 for none: the tick before is compared with.</param>
internal readonly record struct KvmValues(KvmCounterSet? Set, int Now, int Before = -1);

/// <summary>A vCPU's values at one tick.</summary>
/// <param name="Id">KVM's number of the vCPU.</param>
/// <param name="Tid">The thread that created it, where that is the thread that runs it; -1 when unknown.</param>
/// <param name="Values">Its counters.</param>
/// <param name="Exits">The counter of exits, beside the others: the tick after compares these of all vCPUs, and the rest of this tick's values has long left the caches by then.</param>
/// <param name="Polled">The counters of time spent polling, added up.</param>
internal readonly record struct KvmVcpuEntry(int Id, int Tid, KvmValues Values, ulong Exits, ulong Polled)
{
    /// <summary>Stands for a counter that this kernel does not have.</summary>
    public const ulong NotCounted = ulong.MaxValue;
}

/// <summary>Counters that belong to a VM as a whole, with the times of reading.</summary>
/// <param name="Values">The counters.</param>
/// <param name="Source">Who delivered them.</param>
/// <param name="At">When they were read.</param>
/// <param name="BeforeAt">When <see cref="KvmValues.Before"/> was read.</param>
internal readonly record struct KvmVmValues(KvmValues Values, string? Source, TimeSpan At, TimeSpan BeforeAt);

/// <summary>A VM at one tick.</summary>
internal struct KvmVmEntry
{
    public VmKey Key;

    /// <summary>Which source delivered the counters of the vCPUs (or their sum); null for none.</summary>
    public string? Source;

    /// <summary>Why there is none, or why a better one is not used; null when the best works.</summary>
    public string? Why;

    /// <summary>When they were read.</summary>
    public TimeSpan At;

    /// <summary>When the source's own reading before was, for sources with their own pace.</summary>
    public TimeSpan BeforeAt;

    /// <summary>The vCPUs' place in <see cref="KvmStatsBuffer.Vcpus"/>.</summary>
    public int FirstVcpu;

    public int VcpuCount;

    /// <summary>The vCPUs' counters as a sum, from a source that has no others.</summary>
    public KvmVmValues Sum;

    /// <summary>Counters of the VM itself: pages, MMU, TLB.</summary>
    public KvmVmValues Own;
}

/// <summary>
/// What one tick read: all values of all vCPUs in one array that is used again. Several of them go round (<see cref="KvmStatsBuffers"/>), so that a tick allocates nothing for
/// them. Who looks at values later than the tick after takes a lease, which keeps the buffer from being used again.
/// </summary>
internal sealed class KvmStatsBuffer
{
    private ulong[] _words = new ulong[256];
    private KvmVcpuEntry[] _vcpus = new KvmVcpuEntry[16];
    private KvmVmEntry[] _vms = new KvmVmEntry[8];
    private int _wordCount;
    private int _vcpuCount;
    private int _vmCount;

    public KvmStatsBuffer(KvmStatsBuffers all) => Sample = new KvmStatsSample(all, this);

    /// <summary>What a collector hands on when it has filled the buffer: made once, since a tick should allocate nothing.</summary>
    public KvmStatsSample Sample { get; }

    /// <summary>Counts the uses; a model remembers of which of them it is.</summary>
    public long Generation { get; set; }

    /// <summary>How many look at it.</summary>
    public int Leases { get; set; }

    public ReadOnlySpan<KvmVmEntry> Vms => _vms.AsSpan(0, _vmCount);

    public ReadOnlySpan<KvmVcpuEntry> Vcpus(in KvmVmEntry vm) => _vcpus.AsSpan(vm.FirstVcpu, vm.VcpuCount);

    /// <summary>The values of a set that begin at a place.</summary>
    public ReadOnlySpan<ulong> Values(KvmCounterSet set, int at) => _words.AsSpan(at, set.Words);

    /// <summary>The VM of an identity, or -1. VMs stand in the order of identity; <paramref name="hint"/> is where it stood at another tick.</summary>
    public int Find(VmKey key, int hint = -1) => (uint)hint < (uint)_vmCount && _vms[hint].Key == key ? hint : KvmVmOrder.Find(key, Vms);

    public void Clear() => (_wordCount, _vcpuCount, _vmCount) = (0, 0, 0);

    /// <summary>Begins a VM; what is added from here on belongs to it.</summary>
    public ref KvmVmEntry AddVm(VmKey key, TimeSpan at)
    {
        if (_vmCount == _vms.Length)
        {
            Array.Resize(ref _vms, _vmCount * 2);
        }

        ref var vm = ref _vms[_vmCount++];
        vm = new KvmVmEntry { Key = key, At = at, BeforeAt = at, FirstVcpu = _vcpuCount };
        return ref vm;
    }

    /// <summary>Adds a vCPU to the VM begun last.</summary>
    public void AddVcpu(int id, int tid, KvmValues values)
    {
        if (_vcpuCount == _vcpus.Length)
        {
            Array.Resize(ref _vcpus, _vcpuCount * 2);
        }

        var set = values.Set!;
        var exits = set.Exits is { } e ? _words[values.Now + e.Index] : KvmVcpuEntry.NotCounted;
        var polled = set is { HaltPollSuccess: { } s, HaltPollFail: { } f } ? _words[values.Now + s.Index] + _words[values.Now + f.Index] : KvmVcpuEntry.NotCounted;
        _vcpus[_vcpuCount++] = new KvmVcpuEntry(id, tid, values, exits, polled);
        _vms[_vmCount - 1].VcpuCount++;
    }

    /// <summary>Takes back the vCPUs of the VM begun last: its source failed in the middle.</summary>
    public void DropVcpus()
    {
        _vcpuCount = _vms[_vmCount - 1].FirstVcpu;
        _vms[_vmCount - 1].VcpuCount = 0;
    }

    /// <summary>Room for the values of a set, to be filled at once: the next reservation may move it.</summary>
    public Span<ulong> Reserve(KvmCounterSet set, out int at)
    {
        at = _wordCount;
        _wordCount += set.Words;
        if (_wordCount > _words.Length)
        {
            Array.Resize(ref _words, Math.Max(_wordCount, _words.Length * 2));
        }

        return _words.AsSpan(at, set.Words);
    }

    /// <summary>Copies values that a source keeps itself.</summary>
    public int Copy(KvmCounterSet set, ReadOnlySpan<ulong> values)
    {
        values[..set.Words].CopyTo(Reserve(set, out var at));
        return at;
    }
}

/// <summary>The buffers that go round. A buffer comes back when it is older than the latest two ticks and nobody leases it.</summary>
internal sealed class KvmStatsBuffers
{
    // The one being written, the tick before, and the one that this was compared with, for a screen that is a tick behind. More would be memory that is cold when it is written.
    private const int Usual = 3;

    private readonly Lock _gate = new();
    private readonly List<KvmStatsBuffer> _all = [];
    private long _generation;

    /// <summary>The oldest buffer that is free, empty; a new one while there are few or all are leased.</summary>
    public KvmStatsBuffer Next()
    {
        lock (_gate)
        {
            _generation++;
            KvmStatsBuffer? oldest = null;
            foreach (var buffer in _all)
            {
                if (buffer.Leases == 0 && buffer.Generation < _generation - 2 && (oldest is null || buffer.Generation < oldest.Generation))
                {
                    oldest = buffer;
                }
            }

            if (oldest is null || _all.Count < Usual)
            {
                _all.Add(oldest = new KvmStatsBuffer(this));
            }

            oldest.Generation = _generation;
            oldest.Clear();
            return oldest;
        }
    }

    /// <summary>Keeps a buffer from being used again; false when it has been already.</summary>
    public bool TryLease(KvmStatsBuffer buffer, long generation)
    {
        lock (_gate)
        {
            buffer.Leases += buffer.Generation == generation ? 1 : 0;
            return buffer.Generation == generation;
        }
    }

    public void Release(KvmStatsBuffer buffer)
    {
        lock (_gate)
        {
            buffer.Leases--;
        }
    }
}
