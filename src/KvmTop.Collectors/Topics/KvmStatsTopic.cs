using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>
/// KVM's counters of all VMs at one moment. The values stand in a buffer that is used again some ticks later: they are there for the tick after, which compares with them, and
/// for whoever holds a <see cref="KvmStatsView"/>.
/// </summary>
public sealed class KvmStatsSample
{
    internal KvmStatsSample(KvmStatsBuffers buffers, KvmStatsBuffer buffer) => (Buffers, Buffer, Generation) = (buffers, buffer, buffer.Generation);

    internal KvmStatsBuffers Buffers { get; }

    internal KvmStatsBuffer Buffer { get; }

    internal long Generation { get; }
}

/// <summary>The rates of a vCPU that everybody asks for. NaN when unknown.</summary>
/// <param name="Id">KVM's number of the vCPU.</param>
/// <param name="Tid">The thread that runs it; -1 when the source does not tell.</param>
/// <param name="ExitsPerSecond">Exits from the guest.</param>
/// <param name="HaltPollPct">CPU time spent polling while halted, in percent of one CPU.</param>
public readonly record struct KvmVcpuRates(int Id, int Tid, double ExitsPerSecond, double HaltPollPct);

/// <summary>Guest memory by the size of the pages with which KVM maps it, in bytes. NaN when unknown.</summary>
/// <param name="By4K">With pages of 4 KiB.</param>
/// <param name="By2M">With pages of 2 MiB.</param>
/// <param name="By1G">With pages of 1 GiB.</param>
public readonly record struct KvmMapped(double By4K, double By2M, double By1G);

/// <summary>The rates of a VM that everybody asks for, and where they come from. NaN when unknown.</summary>
/// <param name="Key">Which VM.</param>
/// <param name="Source">"stats fd", "qmp", "debugfs", "perf"; null for none.</param>
/// <param name="Why">Why there is no source, or why better ones are not used; null when the best works.</param>
/// <param name="VmSource">Where the counters of the VM as a whole come from; null for nowhere.</param>
/// <param name="HasVcpus">False when the source has no more than the vCPUs' sum.</param>
/// <param name="ExitsPerSecond">Exits of all vCPUs.</param>
/// <param name="HaltPollPct">CPU time of all vCPUs spent polling while halted, in percent of one CPU.</param>
/// <param name="FirstVcpu">The place of its vCPUs among those of the model.</param>
/// <param name="VcpuCount">How many there are.</param>
/// <param name="Mapped">How KVM maps its memory.</param>
public readonly record struct KvmVmRates(
    VmKey Key, string? Source, string? Why, string? VmSource, bool HasVcpus, double ExitsPerSecond, double HaltPollPct, int FirstVcpu, int VcpuCount, KvmMapped Mapped);

/// <summary>
/// KVM's counters over the last interval. The rates that lists show are here for good; all others are worked out when a <see cref="KvmStatsView"/> is asked for them.
/// </summary>
public sealed class KvmStatsModel
{
    private readonly KvmStatsSample? _before;
    private readonly KvmStatsSample _now;
    private readonly KvmVmRates[] _vms;
    private readonly KvmVcpuRates[] _vcpus;

    internal KvmStatsModel(KvmStatsSample? before, KvmStatsSample now, KvmVmRates[] vms, KvmVcpuRates[] vcpus)
    {
        (_before, _now, _vms, _vcpus) = (before, now, vms, vcpus);
        foreach (ref readonly var vm in vms.AsSpan())
        {
            ExitsPerSecond = Sum(ExitsPerSecond, vm.ExitsPerSecond);
            HaltPollPct = Sum(HaltPollPct, vm.HaltPollPct);
            Counted += vm.Source is null ? 0 : 1;
        }
    }

    /// <summary>Every VM, by identity.</summary>
    public ReadOnlySpan<KvmVmRates> Vms => _vms;

    /// <summary>Exits of all VMs that are counted; NaN when none is.</summary>
    public double ExitsPerSecond { get; } = double.NaN;

    /// <summary>Halt polling of all VMs that are counted, in percent of one CPU; NaN when none is.</summary>
    public double HaltPollPct { get; } = double.NaN;

    /// <summary>How many VMs have a source.</summary>
    public int Counted { get; }

    /// <summary>The vCPUs of a VM, by KVM's number.</summary>
    public ReadOnlySpan<KvmVcpuRates> Vcpus(in KvmVmRates vm) => _vcpus.AsSpan(vm.FirstVcpu, vm.VcpuCount);

    /// <summary>The VM of an identity, or null.</summary>
    public KvmVmRates? Find(VmKey key) => _now.Generation != 0 && Place(key) is >= 0 and var at ? _vms[at] : null;

    /// <summary>The vCPU that a thread runs, or null.</summary>
    public KvmVcpuRates? Find(VmKey key, VmThread thread, int position)
    {
        if (Place(key) is not (>= 0 and var at))
        {
            return null;
        }

        var vcpus = Vcpus(_vms[at]);
        return PlaceOf(vcpus, thread, position) is >= 0 and var place ? vcpus[place] : null;
    }

    /// <summary>Keeps the values from being overwritten while one looks at them. Null when they have been already: a few ticks later than they were read. Any thread.</summary>
    public KvmStatsView? Open()
    {
        if (!_now.Buffers.TryLease(_now.Buffer, _now.Generation))
        {
            return null;
        }

        // The tick before may be gone while this one is not: then there are totals, and no rates.
        var before = _before is not null && _before.Buffers.TryLease(_before.Buffer, _before.Generation) ? _before : null;
        return new KvmStatsView(this, before, _now);
    }

    internal static int PlaceOf(ReadOnlySpan<KvmVcpuRates> vcpus, VmThread thread, int position)
    {
        if (position < vcpus.Length && Is(vcpus[position], thread))
        {
            return position;
        }

        for (var i = 0; i < vcpus.Length; i++)
        {
            if (Is(vcpus[i], thread))
            {
                return i;
            }
        }

        return -1;
    }

    internal int Place(VmKey key) => KvmVmOrder.Find(key, _vms);

    // KVM's number is the APIC id, which need not be the VMM's index: the thread decides where it is known.
    private static bool Is(in KvmVcpuRates vcpu, VmThread thread) => vcpu.Tid >= 0 ? vcpu.Tid == thread.Tid : vcpu.Id == thread.VcpuIndex;

    private static double Sum(double sum, double value) => double.IsNaN(value) ? sum : double.IsNaN(sum) ? value : sum + value;
}

/// <summary>KVM's own counters of every VM and vCPU, from the best source that works for it.</summary>
public sealed class KvmStatsTopic : Topic<KvmStatsSample, KvmStatsModel>
{
    private KvmStatsTopic()
        : base("kvm_stats", "KVM statistics", TimeSpan.Zero, VmsTopic.Instance)
    {
    }

    /// <summary>The topic.</summary>
    public static KvmStatsTopic Instance { get; } = new();

    /// <inheritdoc/>
    public override ICollector<KvmStatsSample> CreateCollector(CollectorContext context) => new KvmStatsCollector(context);

    /// <inheritdoc/>
    public override KvmStatsModel Derive(KvmStatsSample? before, KvmStatsSample now)
    {
        var entries = now.Buffer.Vms;
        var vms = new KvmVmRates[entries.Length];
        var vcpus = new KvmVcpuRates[entries.Length == 0 ? 0 : entries[^1].FirstVcpu + entries[^1].VcpuCount];
        for (var i = 0; i < entries.Length; i++)
        {
            ref readonly var entry = ref entries[i];
            var pairs = new KvmPairs(before?.Buffer, now.Buffer, entry);
            var own = now.Buffer.Vcpus(entry);
            double exits = double.NaN, polled = double.NaN;
            for (var v = 0; v < own.Length; v++)
            {
                var (e, p) = pairs.RatesOfVcpu(v);
                p *= (own[v].Values.Set?.HaltPollSuccess?.Scale ?? double.NaN) * 100;
                vcpus[entry.FirstVcpu + v] = new KvmVcpuRates(own[v].Id, own[v].Tid, e, p);
                // A vCPU that is new has no rate yet: the sum is over those that have.
                exits = Add(exits, e);
                polled = Add(polled, p);
            }

            if (own.Length == 0)
            {
                (exits, polled) = Rate(pairs.OfSum());
            }

            vms[i] = new KvmVmRates(entry.Key, entry.Source, entry.Why, entry.Own.Source, own.Length > 0, exits, polled, entry.FirstVcpu, entry.VcpuCount, Mapped(pairs.OfVm()));
        }

        return new KvmStatsModel(before, now, vms, vcpus);
    }

    /// <inheritdoc/>
    public override IEnumerable<HostEvent> Compare(KvmStatsModel before, KvmStatsModel now, DateTimeOffset time)
    {
        List<HostEvent>? events = null;
        foreach (ref readonly var vm in now.Vms)
        {
            if (before.Find(vm.Key) is { } was && was.Source != vm.Source)
            {
                var subject = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"pid {vm.Key.Pid}");
                var text = vm.Source is null ? $"KVM counters are lost: {vm.Why}" : $"KVM counters come from {vm.Source} (before: {was.Source ?? "nowhere"}){(vm.Why is { } why ? "; " + why : "")}";
                (events ??= []).Add(new HostEvent(time, vm.Source is null ? Severity.Warning : Severity.Info, Id, subject, text));
            }
        }

        return events ?? [];
    }

    private static double Add(double sum, double value) => double.IsNaN(value) ? sum : double.IsNaN(sum) ? value : sum + value;

    private static KvmMapped Mapped(in KvmPair own) =>
        new(Bytes(own, own.Set?.Pages4K, 4 << 10), Bytes(own, own.Set?.Pages2M, 2 << 20), Bytes(own, own.Set?.Pages1G, 1 << 30));

    private static double Bytes(in KvmPair own, KvmCounter? pages, double size) => pages is null ? double.NaN : own.Now[pages.Index] * size;

    private static (double Exits, double HaltPollPct) Rate(in KvmPair pair)
    {
        if (pair.Set is not { } set || pair.Before.IsEmpty)
        {
            return (double.NaN, double.NaN);
        }

        var (success, fail) = (pair.PerSecond(set.HaltPollSuccess), pair.PerSecond(set.HaltPollFail));
        return (pair.PerSecond(set.Exits), (success * (set.HaltPollSuccess?.Scale ?? 0) + fail * (set.HaltPollFail?.Scale ?? 0)) * 100);
    }
}
