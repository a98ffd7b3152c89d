using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>
/// KVM's counters as QEMU tells them over QMP (query-stats, from 7.1 on), for VMs that keep no statistics descriptors open. Asked at one tick, shown at a later one, at most once a
/// second. The counters of the VM as a whole are asked for beside another source's only while the monitor is connected for others.
/// </summary>
internal sealed class QmpStatsSource(QmpConnections connections) : IKvmStatsSourceKind
{
    private const string Prefix = "QMP: ";

    // A QEMU in foreign hands could answer with other names each time.
    private const int MostSets = 64;

    // A little less than a second: ticks come a little early, too. Before QEMU 8.1 an asking interrupts every vCPU.
    private static readonly TimeSpan s_pace = TimeSpan.FromSeconds(0.9);
    private static readonly TimeSpan s_spareTimePace = TimeSpan.FromSeconds(5);

    private readonly List<KvmCounterSet> _sets = [];

    public string Name => "qmp";

    public KvmParts Delivers => KvmParts.Vcpus | KvmParts.Vm;

    // It has its own pace, and keeps its readings itself.
    public TimeSpan SpareTimePace => TimeSpan.Zero;

    public IKvmStatsSource? Open(TrackedVm vm, TimeSpan uptime, out string reason)
    {
        reason = "";
        return new OpenMonitor(this, vm);
    }

    private QmpConnection? Monitor(TrackedVm vm) => connections.Get(vm);

    /// <summary>Where each counter of a reading stands; one object for all VMs that have the same.</summary>
    private KvmCounterSet SetOf(IReadOnlyList<QmpCounterPlace> places, IReadOnlyList<QmpCounterSchema>? schemas)
    {
        var counters = new List<KvmCounter>(places.Count);
        var words = 0;
        foreach (var place in places)
        {
            var counter = KvmCounterGuide.Describe(place.Name, place.Index) with { Size = place.Size };
            foreach (var schema in schemas ?? [])
            {
                if (schema.Name == place.Name)
                {
                    counter = counter with { Type = TypeOf(schema.Type), Unit = UnitOf(schema.Unit), Scale = schema.Scale, BucketSize = schema.BucketSize };
                }
            }

            counters.Add(counter);
            words = Math.Max(words, place.Index + place.Size);
        }

        foreach (var known in _sets)
        {
            if (known.Words == words && known.Counters.SequenceEqual(counters))
            {
                return known;
            }
        }

        if (_sets.Count == MostSets)
        {
            _sets.Clear();
        }

        var made = new KvmCounterSet(counters, words);
        _sets.Add(made);
        return made;
    }

    private static KvmCounterType TypeOf(string type) => type switch
    {
        "cumulative" => KvmCounterType.Cumulative,
        "instant" => KvmCounterType.Instant,
        "peak" => KvmCounterType.Peak,
        "linear-histogram" => KvmCounterType.LinearHistogram,
        "log2-histogram" => KvmCounterType.LogHistogram,
        _ => KvmCounterType.Unknown,
    };

    private static KvmCounterUnit UnitOf(string? unit) => unit switch
    {
        null => KvmCounterUnit.None,
        "bytes" => KvmCounterUnit.Bytes,
        "seconds" => KvmCounterUnit.Seconds,
        "cycles" => KvmCounterUnit.Cycles,
        "boolean" => KvmCounterUnit.Boolean,
        _ => KvmCounterUnit.Unknown,
    };

    private sealed class OpenMonitor(QmpStatsSource source, TrackedVm vm) : IKvmStatsSource
    {
        private KvmQueryStats? _stats;
        private KvmQueryReading? _now;
        private KvmQueryReading? _before;
        private KvmQueryVmReading? _vmNow;
        private KvmQueryVmReading? _vmBefore;
        private Described _vcpuSet;
        private Described _vmSet;
        private TimeSpan? _asked;

        public bool IsOutdated(TrackedVm vm, TimeSpan uptime) => false;

        public bool Read(KvmStatsBuffer buffer, ref KvmVmEntry entry, KvmParts wanted, out string reason)
        {
            reason = "";
            var forVcpus = (wanted & KvmParts.Vcpus) != 0;
            if (_stats is null)
            {
                // A monitor is looked for only where its vCPUs are asked for.
                if ((forVcpus ? source.Monitor(vm) : vm.Qmp) is not { } connection)
                {
                    reason = forVcpus ? "the command line has not been read yet" : "";
                    return true;
                }

                _stats = new KvmQueryStats(connection);
            }

            Take(_stats);
            if (_asked is not { } asked || entry.At - asked >= (forVcpus ? s_pace : s_spareTimePace) || entry.At < asked)
            {
                _asked = entry.At;
                if (forVcpus)
                {
                    _stats.Ask();
                    Take(_stats);
                }
                else
                {
                    _stats.AskForVmIfConnected();
                }
            }

            if (forVcpus && !AddVcpus(buffer, ref entry, _stats, out reason))
            {
                return false;
            }

            if ((wanted & KvmParts.Vm) != 0 && _vmNow is { } own)
            {
                var set = _vmSet.Of(source, own.Counters.Places, _stats.VmSchemas);
                var before = _vmBefore is { } b && ReferenceEquals(b.Counters.Places, own.Counters.Places) ? buffer.Copy(set, b.Counters.Values) : -1;
                entry.Own = new KvmVmValues(new KvmValues(set, buffer.Copy(set, own.Counters.Values), before), source.Name, own.At, _vmBefore?.At ?? own.At);
            }

            return true;
        }

        public void Dispose()
        {
        }

        private void Take(KvmQueryStats stats)
        {
            _ = stats.Take();
            if (!ReferenceEquals(stats.Latest, _now))
            {
                (_before, _now) = (stats.Latest is null ? null : _now, stats.Latest);
            }

            if (!ReferenceEquals(stats.LatestVm, _vmNow))
            {
                (_vmBefore, _vmNow) = (stats.LatestVm is null ? null : _vmNow, stats.LatestVm);
            }
        }

        private bool AddVcpus(KvmStatsBuffer buffer, ref KvmVmEntry entry, KvmQueryStats stats, out string reason)
        {
            reason = stats.Reason is { } why && why.StartsWith(Prefix, StringComparison.Ordinal) ? why[Prefix.Length..] : stats.Reason ?? "no answer yet";
            if (stats.HasFailed)
            {
                return false;
            }

            if (_now is not { Vcpus.Count: > 0 } now)
            {
                return true;
            }

            reason = "";
            (entry.At, entry.BeforeAt) = (now.At, _before?.At ?? now.At);
            for (var i = 0; i < now.Vcpus.Count; i++)
            {
                var (index, tid, counters) = now.Vcpus[i];
                var set = _vcpuSet.Of(source, counters.Places, stats.VcpuSchemas);
                var before = Before(counters, i) is { } values ? buffer.Copy(set, values) : -1;
                buffer.AddVcpu(index < 0 ? i : index, tid, new KvmValues(set, buffer.Copy(set, counters.Values), before));
            }

            return true;
        }

        private ulong[]? Before(QmpCounters counters, int place)
        {
            if (_before is not { } before)
            {
                return null;
            }

            if (place < before.Vcpus.Count && before.Vcpus[place].Counters is var same && same.QomPath == counters.QomPath)
            {
                return ReferenceEquals(same.Places, counters.Places) ? same.Values : null;
            }

            foreach (var (_, _, was) in before.Vcpus)
            {
                if (was.QomPath == counters.QomPath && ReferenceEquals(was.Places, counters.Places))
                {
                    return was.Values;
                }
            }

            return null;
        }

        /// <summary>The set of the places met last, so that it is not looked up again for every vCPU.</summary>
        private struct Described
        {
            private IReadOnlyList<QmpCounterPlace>? _places;
            private IReadOnlyList<QmpCounterSchema>? _schemas;
            private KvmCounterSet? _set;

            public KvmCounterSet Of(QmpStatsSource source, IReadOnlyList<QmpCounterPlace> places, IReadOnlyList<QmpCounterSchema>? schemas)
            {
                if (_set is null || !ReferenceEquals(places, _places) || !ReferenceEquals(schemas, _schemas))
                {
                    (_places, _schemas, _set) = (places, schemas, source.SetOf(places, schemas));
                }

                return _set;
            }
        }
    }
}
