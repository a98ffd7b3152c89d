using System.Numerics;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>
/// Traces the exits of one VM by perf events on its vCPU threads. One thread of its own empties the rings a few times a second, or when one is a quarter
/// full. It ends by itself when its time is up, when the VM ends, and with the process; nothing of it is visible in tracefs.
/// </summary>
public sealed class ExitTraceSession : IExitTrace
{
    /// <summary>Memory for all rings together, and for one of them at most and at least.</summary>
    private const int RingBudget = 64 << 20, LargestRing = 8 << 20, LeastRing = 256 << 10;

    private const int PollMilliseconds = 100;

    private readonly HostRoot _host;
    private readonly KvmTraceFormats _formats;
    private readonly VcpuTraceStream[] _streams;
    private readonly ExitTraceAggregator _aggregator;
    private readonly PerfPoll _poll;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _ended = new();
    private readonly Lock _lock = new();
    private readonly long _started;
    private readonly TimeSpan? _duration;
    private readonly ulong[] _counts;
    private volatile bool _stop;
    private ExitTraceState _state;
    private TimeSpan _elapsed;

    private ExitTraceSession(HostRoot host, KvmTraceFormats formats, VcpuTraceStream[] streams, TimeSpan? duration)
    {
        (_host, _formats, _streams, _duration) = (host, formats, streams, duration);
        _aggregator = new ExitTraceAggregator(streams.Length);
        _counts = new ulong[formats.Events.Count];
        Vcpus = [.. streams.Select(s => s.Vcpu)];
        _poll = new PerfPoll(streams.Length);
        foreach (var stream in streams)
        {
            _poll.Add(stream.Leader);
        }

        _started = host.Time.GetTimestamp();
        foreach (var stream in streams)
        {
            _ = stream.Leader.EnableGroup();
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "exit trace" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public IReadOnlyList<int> Vcpus { get; }

    /// <inheritdoc/>
    public bool IsRunning => !_ended.IsSet;

    /// <summary>Starts a trace of a VM, or of one of its vCPUs. Null, and why, when it cannot be.</summary>
    /// <param name="host">The running host.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="vcpu">A single vCPU; null for all.</param>
    /// <param name="duration">It ends by itself after this time; null for when it is stopped.</param>
    /// <param name="refusal">Why there is no session.</param>
    public static ExitTraceSession? Start(HostRoot host, VmInfo vm, int? vcpu, TimeSpan? duration, out ExitTraceRefusal? refusal)
    {
        if ((refusal = ExitTraceObstacles.OfVm(host, vm, vcpu)) is not null)
        {
            return null;
        }

        if (TraceFs.Find(host, out var errno) is not { } tracefs)
        {
            refusal = ExitTraceObstacles.OfTraceFs(host, errno);
            return null;
        }

        var formats = KvmTraceFormats.Read(tracefs.Format);
        if (formats.Events.Count == 0)
        {
            refusal = ExitTraceObstacles.OfTraceFs(host, Errno.ENODEV);
            return null;
        }

        var threads = vm.Threads.Where(t => t.IsVcpu && (vcpu is null || t.VcpuIndex == vcpu)).ToList();
        var ring = Math.Clamp((int)BitOperations.RoundUpToPowerOf2((uint)(RingBudget / threads.Count) + 1) / 2, LeastRing, LargestRing);
        var streams = new List<VcpuTraceStream>(threads.Count);
        foreach (var thread in threads)
        {
            errno = VcpuTraceStream.Open(host, thread, formats.Events, ring, out var stream, out var why);
            if (stream is not null)
            {
                streams.Add(stream);
                continue;
            }

            // A vCPU that was unplugged just now is none that is missing.
            refusal = why;
            if (errno != Errno.ESRCH)
            {
                streams.ForEach(s => s.Dispose());
                return null;
            }
        }

        // Thread ids are reused as pids are: the threads are the VM's own if the process is still the same now.
        if (streams.Count == 0 || !IsSame(host, vm))
        {
            streams.ForEach(s => s.Dispose());
            refusal = ExitTraceObstacles.OfPerf(host, Errno.ESRCH);
            return null;
        }

        refusal = null;
        return new ExitTraceSession(host, formats, [.. streams], duration);
    }

    /// <inheritdoc/>
    public ExitTraceReport Report(int? vcpu = null)
    {
        lock (_lock)
        {
            var stream = vcpu is { } n ? Array.FindIndex(_streams, s => s.Vcpu == n) : -1;
            var totals = _aggregator.Totals(stream);
            var elapsed = _ended.IsSet ? _elapsed : _host.Time.GetElapsedTime(_started);
            var vcpus = stream < 0 ? Vcpus : [Vcpus[stream]];
            return new ExitTraceReport
            {
                State = _state,
                Elapsed = elapsed,
                Vcpus = vcpus,
                Reasons = ExitTraceReport.ReasonsOf(totals, _formats, elapsed, vcpus.Count),
                Events = _aggregator.Events,
                Lost = _aggregator.Lost,
                Unfinished = totals.Unfinished,
                Notes = Notes(totals),
                EventCounts = _ended.IsSet ? [.. _formats.Events.Select((e, i) => new EventCount(e.Name, (long)_counts[i]))] : [],
            };
        }
    }

    /// <inheritdoc/>
    public void Stop()
    {
        _stop = true;
        _ended.Wait();
    }

    /// <inheritdoc/>
    public bool Wait(TimeSpan timeout) => _ended.Wait(timeout);

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        _thread.Join();
    }

    private static bool IsSame(HostRoot host, VmInfo vm) =>
        ProcPidStat.TryParse(new ReadBuffer(1024).ReadAll(host, $"/proc/{vm.Pid}/stat", out _), out var stat) && stat.StartTimeTicks == vm.Key.StartTimeTicks;

    private List<string> Notes(ExitTotals totals)
    {
        var notes = new List<string>(ExitTraceReport.NotesOf(totals, _formats));
        if (_formats.Problems.Count > 0)
        {
            notes.Add($"Not traced: {string.Join("; ", _formats.Problems)}");
        }

        return notes;
    }

    private void Run()
    {
        var state = ExitTraceState.Stopped;
        while (!_stop)
        {
            var left = _duration is { } duration ? (duration - _host.Time.GetElapsedTime(_started)).TotalMilliseconds : PollMilliseconds;
            if (left <= 0)
            {
                break;
            }

            _poll.Wait((int)Math.Clamp(Math.Ceiling(left), 1, PollMilliseconds));
            Drain();
            if (_poll.Alive == 0)
            {
                state = ExitTraceState.VmGone;
                break;
            }
        }

        foreach (var stream in _streams)
        {
            _ = stream.Leader.DisableGroup();
        }

        var elapsed = _host.Time.GetElapsedTime(_started);
        Drain();
        Finish(state, elapsed);
        _ended.Set();
    }

    private void Drain()
    {
        for (var i = 0; i < _streams.Length; i++)
        {
            if (_streams[i].Ring.Waiting == 0)
            {
                continue;
            }

            // For each ring anew, so that a screen that asks for figures waits for one ring at most.
            lock (_lock)
            {
                var sink = new Sink(_formats, _aggregator, _streams[i], i);
                _streams[i].Ring.Drain(ref sink);
            }
        }
    }

    private void Finish(ExitTraceState state, TimeSpan elapsed)
    {
        lock (_lock)
        {
            Span<ulong> counts = stackalloc ulong[PerfCounters.MostEvents];
            for (var i = 0; i < _streams.Length; i++)
            {
                counts.Clear();
                _ = _streams[i].Leader.AddCounts(counts);
                long all = 0;
                for (var e = 0; e < _counts.Length; e++)
                {
                    _counts[e] += counts[e];
                    all += (long)counts[e];
                }

                // What was lost last has not been told: the kernel tells it with the next record that finds room.
                var untold = all - _streams[i].Received - _streams[i].LostTold;
                if (untold > 0)
                {
                    _aggregator.AddLost(i, untold);
                }

                _streams[i].Dispose();
            }

            (_state, _elapsed) = (state, elapsed);
        }
    }

    private readonly struct Sink(KvmTraceFormats formats, ExitTraceAggregator aggregator, VcpuTraceStream stream, int index) : IPerfRecordSink
    {
        public void OnSample(ulong time, ReadOnlySpan<byte> raw)
        {
            stream.Received++;
            aggregator.Add(index, formats.Decode(time, raw));
        }

        public void OnLost(ulong count)
        {
            stream.LostTold += (long)count;
            aggregator.AddLost(index, (long)count);
        }

        public void OnBroken() => aggregator.AddLost(index, 0);
    }
}
