using System.Diagnostics.CodeAnalysis;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>How often VMs' expensive files are read, and how long one reading may take.</summary>
/// <param name="Interval">From one reading of a VM to the next, at least.</param>
/// <param name="RestFactor">After a reading the thread rests so many times as long as it took: what the readings may cost.</param>
/// <param name="LongestRest">But not longer than this.</param>
/// <param name="Deadline">A reading that takes longer holds the others up: they go on without it.</param>
/// <param name="StuckAtMost">So many threads may hang in readings; with one more the others have to wait.</param>
internal sealed record RoundPace(TimeSpan Interval, double RestFactor, TimeSpan LongestRest, TimeSpan Deadline, int StuckAtMost)
{
    /// <summary>Every VM each 30 s, unless that would cost more than 2 % of a CPU; two seconds for a reading: a 1 TB guest in small pages takes one.</summary>
    public static RoundPace Default { get; } = new(TimeSpan.FromSeconds(30), 50, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(2), 4);

    /// <summary>While nobody looks: every VM each 5 minutes, and no more than 0.2 % of a CPU.</summary>
    public RoundPace AtLeisure() => this with { Interval = 10 * Interval, RestFactor = 10 * RestFactor, LongestRest = 2 * LongestRest };
}

/// <summary>
/// Reads the expensive files of one VM after the other on a thread of its own, and keeps what each said last. Whoever asks never waits. A reading that
/// hangs is left to its thread, and another thread goes on with the other VMs; what it says when it comes back is taken.
/// </summary>
/// <remarks>The public members are for the collector thread. With a host of files nothing can hang, and a few VMs are read within the tick instead: the same in every run.</remarks>
internal sealed class VmMemoryRounds(HostRoot host, RoundPace watched, bool threaded) : IDisposable
{
    // Within a tick, for hosts that are files.
    private const int AtOnce = 32;

    // The first round is quicker, for somebody waits for it, and still no burst.
    private const double FirstRestFactor = 9;

    // Nobody waits for it: the start belongs to others.
    private const double FirstRestFactorAtLeisure = 99;

    private static readonly TimeSpan s_startAtLeisure = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_shortestLook = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private readonly AutoResetEvent _more = new(false);
    private readonly Dictionary<VmKey, Slot> _slots = [];
    private readonly RoundPace _atLeisure = watched.AtLeisure();
    private readonly TimeSpan _made = host.Monotonic();
    private VmMemoryFiles? _files;
    private Lane? _lane;
    private TimeSpan _wantedAt;
    private TimeSpan _wantedUntil;
    private int _generation;
    private int _stuck;
    private bool _leisure;
    private bool _disposed;

    private RoundPace Pace => _leisure ? _atLeisure : watched;

    /// <summary>Says which VMs there are, and what is known of each, by identity. Reading goes on for as long as this is called again and again.</summary>
    /// <param name="vms">The VMs.</param>
    /// <param name="atLeisure">Nobody looks at the details: they are read seldom.</param>
    public IReadOnlyDictionary<VmKey, VmMemoryState> Look(IReadOnlyList<TrackedVm> vms, bool atLeisure = false)
    {
        lock (_gate)
        {
            _leisure = atLeisure;
            var now = host.Monotonic();
            var gap = now - _wantedAt;
            (_wantedAt, _wantedUntil) = (now, now + (2.5 * gap > s_shortestLook && _generation > 0 ? 2.5 * gap : s_shortestLook));
            Adopt(vms);
            if (!threaded)
            {
                ReadSome(now);
            }
            else if (_slots.Count > 0)
            {
                KeepGoing(now);
            }

            var states = new Dictionary<VmKey, VmMemoryState>(_slots.Count);
            foreach (var (key, slot) in _slots)
            {
                states.Add(key, new VmMemoryState(slot.Value, now - slot.ReadAt, slot.Took, slot.Began is { } began && now - began > watched.Deadline ? now - began : null));
            }

            return states;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        // The event is left to the collector of garbage: a thread that hangs now waits on it later.
        _more.Set();
    }

    private void Adopt(IReadOnlyList<TrackedVm> vms)
    {
        _generation++;
        foreach (var vm in vms)
        {
            if (!_slots.TryGetValue(vm.Info.Key, out var slot))
            {
                _slots.Add(vm.Info.Key, slot = new Slot());
            }

            (slot.Vm, slot.Generation) = (vm.Info, _generation);
        }

        if (_slots.Count > vms.Count)
        {
            foreach (var (key, slot) in _slots)
            {
                if (slot.Generation != _generation)
                {
                    _slots.Remove(key);
                }
            }
        }
    }

    private void ReadSome(TimeSpan now)
    {
        _files ??= new VmMemoryFiles(host);
        for (var i = 0; i < AtOnce && Next() is { } slot && Due(slot) <= now; i++)
        {
            slot.Value = _files.Read(slot.Vm, slot.Value) ?? slot.Value;
            (slot.ReadAt, slot.WasRead) = (now, true);
        }
    }

    private void KeepGoing(TimeSpan now)
    {
        if (_lane is { Slot.Began: { } began } lane && now - began > watched.Deadline && _stuck < watched.StuckAtMost)
        {
            lane.Abandoned = true;
            _stuck++;
            _lane = null;
        }

        if (_lane is null)
        {
            var next = _lane = new Lane();
            new Thread(() => Run(next)) { IsBackground = true, Name = "VM memory" }.Start();
        }
        else if (_lane.Idle)
        {
            _more.Set();
        }
    }

    /// <summary>When a VM is to be read again; a new one at once.</summary>
    private TimeSpan Due(Slot slot) => slot.WasRead ? slot.ReadAt + Pace.Interval : TimeSpan.MinValue;

    /// <summary>The VM whose turn it is next; null when there is none, or all are being read.</summary>
    private Slot? Next()
    {
        Slot? next = null;
        foreach (var slot in _slots.Values)
        {
            if (slot.Began is null && (next is null || Due(slot) < Due(next)))
            {
                next = slot;
            }
        }

        return next;
    }

    [SuppressMessage("Design", "CA1031", Justification = "A defect in a reader must not end the process: it becomes the reason that is shown.")]
    private void Run(Lane lane)
    {
        var files = new VmMemoryFiles(host);
        while (TakeTurn(lane) is { } slot)
        {
            VmMemory? value;
            var (vm, before) = (slot.Vm, slot.Value);
            try
            {
                value = files.Read(vm, before);
            }
            catch (Exception e)
            {
                value = new VmMemory(null, $"{e.GetType().Name}: {e.Message}", null, e.Message, null, [], []);
            }

            lock (_gate)
            {
                var ended = host.Monotonic();
                slot.Took = lane.Took = ended - slot.Began!.Value;
                slot.Began = null;
                slot.Value = value ?? slot.Value;
                slot.ReadAt = lane.Ended = ended;
                slot.WasRead = true;
                lane.Slot = null;
                if (lane.Abandoned)
                {
                    _stuck--;
                    return;
                }
            }
        }
    }

    /// <summary>Waits for the next VM to read; null when this thread is not needed any more.</summary>
    private Slot? TakeTurn(Lane lane)
    {
        while (true)
        {
            TimeSpan? wait = null;
            lock (_gate)
            {
                if (_disposed)
                {
                    return null;
                }

                var now = host.Monotonic();
                if (now <= _wantedUntil && Next() is { } slot)
                {
                    var first = _leisure ? FirstRestFactorAtLeisure : FirstRestFactor;
                    var rest = lane.Took * (slot.Value is null ? Math.Min(first, Pace.RestFactor) : Pace.RestFactor);
                    var start = lane.Ended + (rest < Pace.LongestRest ? rest : Pace.LongestRest);
                    start = start > Due(slot) ? start : Due(slot);
                    start = _leisure && start < _made + s_startAtLeisure ? _made + s_startAtLeisure : start;
                    if (start <= now)
                    {
                        slot.Began = now;
                        lane.Slot = slot;
                        lane.Idle = false;
                        return slot;
                    }

                    wait = start - now;
                }

                lane.Idle = wait is null || wait > TimeSpan.FromSeconds(1);
            }

            // Nobody looks, or nothing is due: the next look wakes it, so that a new VM need not wait for the turn of an old one.
            // Rounded up: the wait drops parts of a millisecond, and the last of them would be spent going round here.
            _ = wait is { } w ? _more.WaitOne((int)Math.Ceiling(w.TotalMilliseconds)) : _more.WaitOne();
        }
    }

    private sealed class Slot
    {
        public VmInfo Vm { get; set; } = null!;

        public VmMemory? Value { get; set; }

        public TimeSpan ReadAt { get; set; }

        public TimeSpan Took { get; set; }

        public bool WasRead { get; set; }

        /// <summary>Since when it is being read.</summary>
        public TimeSpan? Began { get; set; }

        public int Generation { get; set; }
    }

    private sealed class Lane
    {
        public Slot? Slot { get; set; }

        public TimeSpan Took { get; set; }

        public TimeSpan Ended { get; set; }

        public bool Abandoned { get; set; }

        public bool Idle { get; set; }
    }
}

/// <summary>What is known of the memory of one VM.</summary>
/// <param name="Memory">Its latest reading; null before the first.</param>
/// <param name="Age">How old that is.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Hanging">For how long the reading under way has not come back, when that is past its deadline.</param>
public sealed record VmMemoryState(VmMemory? Memory, TimeSpan Age, TimeSpan Took, TimeSpan? Hanging);
