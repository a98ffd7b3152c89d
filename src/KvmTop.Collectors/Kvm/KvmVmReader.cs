using System.Text;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>
/// Reads the counters of one VM from the best source that works. A source that stops working, or does not work yet, is tried again after a pause that doubles up to a minute, and at once
/// when the VM's threads change.
/// </summary>
internal sealed class KvmVmReader(TrackedVm vm, IReadOnlyList<IKvmStatsSourceKind> kinds) : IDisposable
{
    /// <summary>The reason of a VM that has no KVM at all.</summary>
    public const string NoKvm = "it runs without KVM (tcg)";

    private static readonly TimeSpan s_firstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(1);

    // A peer answers within a tick or two, or is held by somebody else.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly Slot[] _slots = [.. kinds.Select(k => new Slot(k))];
    private readonly SpareTimeValues _own = new();
    private IReadOnlyList<VmThread> _threads = vm.Info.Threads;
    private string? _why;
    private (int Chosen, int Changes) _whyOf = (-2, 0);

    /// <summary>Which VM.</summary>
    public TrackedVm Vm => vm;

    /// <summary>Adds the VM to the buffer, with what can be read of it.</summary>
    public void Read(KvmStatsBuffer buffer, TimeSpan at, TimeSpan uptime)
    {
        ref var entry = ref buffer.AddVm(vm.Info.Key, at);
        if (vm.Info.Accelerator == "tcg")
        {
            entry.Why = NoKvm;
            return;
        }

        if (!ReferenceEquals(vm.Info.Threads, _threads))
        {
            _threads = vm.Info.Threads;
            foreach (var slot in _slots)
            {
                slot.TryNow();
            }
        }

        var chosen = -1;
        var mayAnswer = false;
        for (var i = 0; i < _slots.Length; i++)
        {
            var slot = _slots[i];
            var counters = chosen >= 0 ? KvmParts.None : slot.Kind.Delivers & ((slot.Kind.Delivers & KvmParts.Vcpus) != 0 ? KvmParts.Vcpus : KvmParts.Sum);
            var own = entry.Own.Values.Set is null ? slot.Kind.Delivers & KvmParts.Vm : KvmParts.None;
            if ((counters | own) == KvmParts.None)
            {
                // A better one does: what is open for nobody is closed.
                slot.Dispose();
                continue;
            }

            if (slot.Kind.IsLastResort && mayAnswer && !slot.IsOpen)
            {
                continue;
            }

            if (counters == KvmParts.None && _own.TryAdd(buffer, ref entry, slot.Kind, at))
            {
                continue;
            }

            if (!slot.Read(vm, buffer, ref entry, counters | own, uptime))
            {
                continue;
            }

            if (counters == KvmParts.None)
            {
                _own.Keep(buffer, ref entry);
            }
            else if (entry.VcpuCount > 0 || entry.Sum.Values.Set is not null)
            {
                (chosen, entry.Source) = (i, slot.Kind.Name);
            }
            else
            {
                mayAnswer |= uptime - slot.WaitsSince < s_patience;
            }
        }

        var state = (chosen, 0);
        foreach (var slot in _slots)
        {
            state.Item2 += slot.Changes;
        }

        if (_whyOf != state)
        {
            (_whyOf, _why) = (state, Why(chosen));
        }

        entry.Why = _why;
    }

    public void Dispose()
    {
        foreach (var slot in _slots)
        {
            slot.Dispose();
        }
    }

    /// <summary>Why the sources better than the chosen one are not used; null when there is none better.</summary>
    private string? Why(int chosen)
    {
        var text = new StringBuilder();
        for (var i = 0; i < (chosen < 0 ? _slots.Length : chosen); i++)
        {
            if (_slots[i].Reason is { Length: > 0 } reason)
            {
                text.Append(text.Length > 0 ? "; " : "").Append(_slots[i].Kind.Name).Append(": ").Append(reason);
            }
        }

        return text.Length == 0 ? null : text.ToString();
    }

    /// <summary>One kind of source for this VM: open, or why not and until when.</summary>
    private sealed class Slot(IKvmStatsSourceKind kind) : IDisposable
    {
        private IKvmStatsSource? _source;
        private TimeSpan _nextTry;
        private TimeSpan _wait = s_firstWait;

        public IKvmStatsSourceKind Kind => kind;

        public bool IsOpen => _source is not null;

        /// <summary>Since when it has been open without delivering.</summary>
        public TimeSpan WaitsSince { get; private set; }

        public string? Reason { get; private set; }

        /// <summary>Counts how often <see cref="Reason"/> changed.</summary>
        public int Changes { get; private set; }

        public void TryNow() => (_nextTry, _wait) = (TimeSpan.Zero, s_firstWait);

        public bool Read(TrackedVm vm, KvmStatsBuffer buffer, ref KvmVmEntry entry, KvmParts wanted, TimeSpan uptime)
        {
            if (_source is not null && _source.IsOutdated(vm, uptime))
            {
                Dispose();
            }

            if (_source is null)
            {
                if (uptime < _nextTry)
                {
                    return false;
                }

                _source = kind.Open(vm, uptime, out var reason);
                if (_source is null)
                {
                    Fail(reason, uptime);
                    return false;
                }

                WaitsSince = uptime;
            }

            if (!_source.Read(buffer, ref entry, wanted, out var problem))
            {
                Dispose();
                Fail(problem, uptime);
                return false;
            }

            var pending = problem.Length > 0 ? problem : null;
            Changes += Reason == pending ? 0 : 1;
            Reason = pending;
            _wait = pending is null ? s_firstWait : _wait;
            return true;
        }

        public void Dispose()
        {
            _source?.Dispose();
            _source = null;
        }

        private void Fail(string reason, TimeSpan uptime)
        {
            Changes += Reason == reason ? 0 : 1;
            Reason = reason;
            _nextTry = uptime + _wait;
            _wait = _wait * 2 < s_longestWait ? _wait * 2 : s_longestWait;
        }
    }

    /// <summary>The VM's own counters from a second source, read now and then: the two latest readings, put into every tick's buffer.</summary>
    private sealed class SpareTimeValues
    {
        private ulong[] _now = [];
        private ulong[] _before = [];
        private KvmCounterSet? _set;
        private bool _hasBefore;
        private string? _source;
        private TimeSpan _at;
        private TimeSpan _beforeAt;

        /// <summary>Adds them when they are fresh enough.</summary>
        public bool TryAdd(KvmStatsBuffer buffer, ref KvmVmEntry entry, IKvmStatsSourceKind kind, TimeSpan at)
        {
            if (_set is null || _source != kind.Name || at - _at >= kind.SpareTimePace)
            {
                return false;
            }

            Add(buffer, ref entry);
            return true;
        }

        /// <summary>Takes over what a source has just added.</summary>
        public void Keep(KvmStatsBuffer buffer, ref KvmVmEntry entry)
        {
            if (entry.Own.Values is not { Set: { } set, Before: < 0 } values)
            {
                return;
            }

            _hasBefore = ReferenceEquals(set, _set);
            if (!_hasBefore)
            {
                (_now, _before) = (new ulong[set.Words], new ulong[set.Words]);
            }

            (_now, _before) = (_before, _now);
            (_set, _source, _beforeAt, _at) = (set, entry.Own.Source, _at, entry.Own.At);
            buffer.Values(set, values.Now).CopyTo(_now);
            Add(buffer, ref entry);
        }

        private void Add(KvmStatsBuffer buffer, ref KvmVmEntry entry)
        {
            var now = buffer.Copy(_set!, _now);
            var before = _hasBefore ? buffer.Copy(_set!, _before) : -1;
            entry.Own = new KvmVmValues(new KvmValues(_set, now, before), _source, _at, _beforeAt);
        }
    }
}
