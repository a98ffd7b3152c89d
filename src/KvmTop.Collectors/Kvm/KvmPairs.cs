using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>Two readings of the same counters.</summary>
internal readonly ref struct KvmPair(KvmCounterSet? set, ReadOnlySpan<ulong> before, ReadOnlySpan<ulong> now, double seconds)
{
    /// <summary>Which counters; null for none.</summary>
    public KvmCounterSet? Set { get; } = set;

    /// <summary>The values before; empty when there are none to compare with.</summary>
    public ReadOnlySpan<ulong> Before { get; } = before;

    /// <summary>The values now.</summary>
    public ReadOnlySpan<ulong> Now { get; } = now;

    /// <summary>The time between.</summary>
    public double Seconds { get; } = seconds;

    /// <summary>Growth per second of one counter; NaN when unknown.</summary>
    public double PerSecond(KvmCounter? counter) =>
        counter is null || Before.IsEmpty ? double.NaN : Rates.PerSecond(Before[counter.Index], Now[counter.Index], Seconds);
}

/// <summary>Finds for the values of a VM those that they are to be compared with: the source's own before, else those of the tick before.</summary>
internal readonly ref struct KvmPairs
{
    private static readonly KvmVcpuEntry[] s_none = new KvmVcpuEntry[1];
    private static readonly KvmVmEntry[] s_noVm = new KvmVmEntry[1];

    private readonly KvmStatsBuffer? _before;
    private readonly KvmStatsBuffer _now;
    private readonly ref readonly KvmVmEntry _entry;
    private readonly ref readonly KvmVmEntry _was;

    /// <param name="before">The tick before; null for none.</param>
    /// <param name="now">The tick.</param>
    /// <param name="place">Which VM of <paramref name="now"/>.</param>
    public KvmPairs(KvmStatsBuffer? before, KvmStatsBuffer now, int place)
    {
        _entry = ref now.Vms[place];
        var was = before?.Find(_entry.Key, place) ?? -1;
        (_before, _now) = (was < 0 ? null : before, now);
        _was = ref was < 0 ? ref s_noVm[0] : ref before!.Vms[was];
    }

    public int VcpuCount => _entry.VcpuCount;

    public KvmPair OfVcpu(int place)
    {
        ref readonly var vcpu = ref _now.Vcpus(_entry)[place];
        return Pair(vcpu.Values, _entry.At, _entry.BeforeAt, Before(vcpu, place).Values, _was.At);
    }

    public KvmPair OfSum() => Pair(_entry.Sum.Values, _entry.Sum.At, _entry.Sum.BeforeAt, _was.Sum.Values, _was.Sum.At);

    public KvmPair OfVm() => Pair(_entry.Own.Values, _entry.Own.At, _entry.Own.BeforeAt, _was.Own.Values, _was.Own.At);

    /// <summary>Growth per second of the two counters that every list shows: exits, and time polled in the counter's steps. NaN when unknown.</summary>
    public (double Exits, double Polled) RatesOfVcpu(int place)
    {
        ref readonly var vcpu = ref _now.Vcpus(_entry)[place];
        if (vcpu.Values.Before >= 0)
        {
            var pair = OfVcpu(place);
            return (pair.PerSecond(pair.Set!.Exits), pair.PerSecond(pair.Set.HaltPollSuccess) + pair.PerSecond(pair.Set.HaltPollFail));
        }

        ref readonly var was = ref Before(vcpu, place);
        var seconds = (_entry.At - _was.At).TotalSeconds;
        return ReferenceEquals(was.Values.Set, vcpu.Values.Set) ? (Rate(was.Exits, vcpu.Exits, seconds), Rate(was.Polled, vcpu.Polled, seconds)) : (double.NaN, double.NaN);
    }

    private static double Rate(ulong before, ulong now, double seconds) =>
        before == KvmVcpuEntry.NotCounted || now == KvmVcpuEntry.NotCounted ? double.NaN : Rates.PerSecond(before, now, seconds);

    private ref readonly KvmVcpuEntry Before(in KvmVcpuEntry vcpu, int place)
    {
        if (_before is null)
        {
            return ref s_none[0];
        }

        var vcpus = _before.Vcpus(_was);
        if (place < vcpus.Length && vcpus[place].Id == vcpu.Id && vcpus[place].Tid == vcpu.Tid)
        {
            return ref vcpus[place];
        }

        foreach (ref readonly var was in vcpus)
        {
            if (was.Id == vcpu.Id && was.Tid == vcpu.Tid)
            {
                return ref was;
            }
        }

        return ref s_none[0];
    }

    private KvmPair Pair(KvmValues values, TimeSpan at, TimeSpan ownBeforeAt, KvmValues was, TimeSpan wasAt)
    {
        if (values.Set is not { } set)
        {
            return default;
        }

        var now = _now.Values(set, values.Now);
        return values.Before >= 0 ? new KvmPair(set, _now.Values(set, values.Before), now, (at - ownBeforeAt).TotalSeconds)
            : ReferenceEquals(was.Set, set) ? new KvmPair(set, _before!.Values(set, was.Now), now, (at - wasAt).TotalSeconds)
            : new KvmPair(set, [], now, 0);
    }
}
