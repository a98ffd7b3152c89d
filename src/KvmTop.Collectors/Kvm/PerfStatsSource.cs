using System.Globalization;
using System.Numerics;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>
/// KVM's tracepoints counted by perf_event_open(2) on the vCPU threads: the last resort, where no descriptor, monitor or debugfs serves. Counts from its opening on. A counted
/// event costs the guest a little each time and a descriptor per vCPU, so that only so many are opened: VMs beyond say so.
/// </summary>
/// <remarks>
/// A tracepoint that never fires may be one that this kernel's part for the processor does not have, so that 0 would be a guess: an event is a counter of a VM from its first hit on.
/// </remarks>
/// <param name="open">Opens the events on threads; null, with the reason, when they cannot be counted.</param>
internal sealed class PerfStatsSource(Func<IReadOnlyList<int>, IReadOnlyList<string>, (IThreadCounts? Counts, string Reason)> open) : IKvmStatsSourceKind
{
    /// <summary>What pane and JSON call it.</summary>
    public const string SourceName = "perf";

    /// <summary>How many events may be open at once, over all VMs.</summary>
    internal const int MostOpen = 1024;

    // Under the name of KVM's own counter where that is counted at the same place in the kernel, else under the tracepoint's.
    private static readonly string[] s_events =
    [
        "kvm_exit", "kvm_entry", "kvm_userspace_exit", "kvm_pio", "kvm_mmio", "kvm_msr", "kvm_cpuid", "kvm_hypercall", "kvm_inj_virq", "kvm_emulate_insn",
    ];

    private readonly Dictionary<string, KvmCounterSet> _sets = [];
    private int _opened;

    /// <param name="host">Whose events: none but the running machine has any.</param>
    public PerfStatsSource(HostRoot host)
        : this(new Opener(host).Open)
    {
    }

    public string Name => SourceName;

    public KvmParts Delivers => KvmParts.Vcpus;

    public bool IsLastResort => true;

    public TimeSpan SpareTimePace => TimeSpan.Zero;

    /// <summary>Why a figure is missing that this source might have.</summary>
    public static string WhyMissing(string what) => what == "exits"
        ? "perf: the tracepoint kvm_exit has not fired since counting began: the guest is idle, or this kernel does not trace its exits"
        : $"perf: no tracepoint counts {what}";

    public IKvmStatsSource? Open(TrackedVm vm, TimeSpan uptime, out string reason)
    {
        var threads = vm.Info.Threads;
        var tids = new int[vm.Info.VcpuThreads];
        for (var i = 0; i < tids.Length; i++)
        {
            tids[i] = threads[i].Tid;
        }

        if (tids.Length == 0)
        {
            reason = "its vCPU threads are not known";
            return null;
        }

        if (_opened + (tids.Length * s_events.Length) > MostOpen)
        {
            reason = $"{MostOpen} events are counted at most, and other VMs have them";
            return null;
        }

        (var counts, reason) = open(tids, s_events);
        return counts is null ? null : new Counting(this, counts, threads, tids.Length);
    }

    private static string NameOf(string tracepoint) => tracepoint switch
    {
        "kvm_exit" => "exits",
        "kvm_hypercall" => "hypercalls",
        "kvm_inj_virq" => "irq_injections",
        "kvm_emulate_insn" => "insn_emulation",
        _ => tracepoint,
    };

    /// <summary>The counters of those events that have fired; each keeps its place among all, so that the values of before can be read with any set.</summary>
    private KvmCounterSet SetOf(IReadOnlyList<string> events, uint fired)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{fired} {string.Join(' ', events)}");
        if (!_sets.TryGetValue(key, out var set))
        {
            var counters = new List<KvmCounter>(BitOperations.PopCount(fired));
            for (var i = 0; i < events.Count; i++)
            {
                if ((fired & (1u << i)) != 0)
                {
                    counters.Add(KvmCounterGuide.Describe(NameOf(events[i]), i));
                }
            }

            _sets.Add(key, set = new KvmCounterSet(counters, events.Count));
        }

        return set;
    }

    /// <summary>Opens them on the running machine.</summary>
    private sealed class Opener(HostRoot host)
    {
        private TraceFs? _tracefs;

        public (IThreadCounts? Counts, string Reason) Open(IReadOnlyList<int> tids, IReadOnlyList<string> events)
        {
            if (!host.IsLive)
            {
                return (null, "only the running machine can be counted");
            }

            if (_tracefs is null && (_tracefs = TraceFs.Find(host, out var missing)) is null)
            {
                return (null, ExitTraceObstacles.OfTraceFs(host, missing).Brief);
            }

            var errno = PerfCounters.Open(_tracefs, tids, events, out var counters);
            return counters is not null ? (counters, "")
                : (null, (errno == Errno.ENODEV ? ExitTraceObstacles.OfTraceFs(host, errno) : ExitTraceObstacles.OfPerf(host, errno)).Brief);
        }
    }

    private sealed class Counting : IKvmStatsSource
    {
        private readonly PerfStatsSource _source;
        private readonly IThreadCounts _counts;
        private readonly IReadOnlyList<VmThread> _threads;
        private readonly int _vcpus;
        private readonly int _words;
        private ulong[] _now;
        private ulong[] _before;
        private TimeSpan _beforeAt;
        private bool _hasBefore;
        private uint _fired;
        private KvmCounterSet _set;
        private bool _disposed;

        public Counting(PerfStatsSource source, IThreadCounts counts, IReadOnlyList<VmThread> threads, int vcpus)
        {
            (_source, _counts, _threads, _vcpus) = (source, counts, threads, vcpus);
            _words = counts.Events.Count;
            (_now, _before) = (new ulong[vcpus * _words], new ulong[vcpus * _words]);
            _set = source.SetOf(counts.Events, 0);
            source._opened += vcpus * _words;
        }

        public bool IsOutdated(TrackedVm vm, TimeSpan uptime) => !ReferenceEquals(vm.Info.Threads, _threads);

        public bool Read(KvmStatsBuffer buffer, ref KvmVmEntry vm, KvmParts wanted, out string reason)
        {
            reason = "";
            var fired = _fired;
            for (var i = 0; i < _vcpus; i++)
            {
                var counts = _now.AsSpan(i * _words, _words);
                if (_counts.Read(i, counts) is not Errno.None and var errno)
                {
                    reason = errno.Describe();
                    return false;
                }

                for (var e = 0; e < counts.Length; e++)
                {
                    fired |= counts[e] > 0 ? 1u << e : 0;
                }
            }

            if (fired != _fired)
            {
                (_fired, _set) = (fired, _source.SetOf(_counts.Events, fired));
            }

            for (var i = 0; i < _vcpus; i++)
            {
                // Its own values of before: those of the tick before stand under another set when an event has just fired for the first time.
                var before = _hasBefore ? buffer.Copy(_set, _before.AsSpan(i * _words, _words)) : -1;
                buffer.AddVcpu(_threads[i].VcpuIndex, _threads[i].Tid, new KvmValues(_set, buffer.Copy(_set, _now.AsSpan(i * _words, _words)), before));
            }

            vm.BeforeAt = _beforeAt;
            (_now, _before, _beforeAt, _hasBefore) = (_before, _now, vm.At, true);
            return true;
        }

        public void Dispose()
        {
            if (!_disposed)
            {
                _disposed = true;
                _source._opened -= _vcpus * _words;
                _counts.Dispose();
            }
        }
    }
}
