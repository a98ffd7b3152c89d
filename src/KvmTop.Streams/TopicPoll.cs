using System.Reactive.Concurrency;
using KvmTop.Collectors;

namespace KvmTop.Streams;

/// <summary>One topic at its own pace: when it is due, where it is read, and what it said last. Used on the collector thread.</summary>
internal sealed class TopicPoll(ITopicReader reader, IScheduler? worker) : IDisposable
{
    // A slow reading that has not come back by then is shown as stale, with the value before it.
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(5);

    // A tick that comes a little early must not make a topic skip its turn.
    private static readonly TimeSpan s_slack = TimeSpan.FromMilliseconds(50);

    private readonly List<HostEvent> _events = [];
    private TopicState? _finished;
    private TimeSpan? _started;
    private TimeSpan _last = TimeSpan.MinValue;
    private ReadingStatus _status = ReadingStatus.Ok;
    private int _readings;
    private int _running;
    private bool _disposed;

    /// <summary>The latest reading, or null before the first.</summary>
    public TopicState? State { get; private set; }

    /// <summary>When somebody last looked.</summary>
    public TimeSpan LastWanted { get; set; }

    public void ReadIfDue(TimeSpan now)
    {
        // Rates need two readings, and nobody wants to wait a whole pace for the second.
        if (_readings >= (worker is null ? 2 : 1) && now - _last + s_slack < reader.Topic.Pace)
        {
            return;
        }

        if (worker is null)
        {
            _last = now;
            _readings++;
            Accept(reader.Read());
        }
        else if (Interlocked.CompareExchange(ref _running, 1, 0) == 0)
        {
            // The one before may have ended just now: taken later, it would be taken for the answer to this one.
            AcceptFinished();
            _last = now;
            _readings++;
            _started = now;
            worker.Schedule(() =>
            {
                Volatile.Write(ref _finished, reader.Read());
                Volatile.Write(ref _running, 0);
                if (Volatile.Read(ref _disposed))
                {
                    reader.Dispose();
                }
            });
        }
    }

    /// <summary>The state to show now: the latest reading, marked stale when the next one is overdue.</summary>
    public TopicState? Publish(TimeSpan now)
    {
        AcceptFinished();
        if (_started is { } started && now - started > s_deadline)
        {
            var reason = $"no answer for {(now - started).TotalSeconds:0} s";
            return State is { } state
                ? state with { Status = ReadingStatus.Stale, Reason = reason }
                : new TopicState(reader.Topic, ReadingStatus.NoData, reason, default, default, null, []);
        }

        return State;
    }

    /// <summary>What has happened since this was last asked.</summary>
    public IReadOnlyList<HostEvent> TakeEvents()
    {
        if (_events.Count == 0)
        {
            return [];
        }

        HostEvent[] events = [.. _events];
        _events.Clear();
        return events;
    }

    public void Dispose()
    {
        Volatile.Write(ref _disposed, true);
        if (Volatile.Read(ref _running) == 0)
        {
            reader.Dispose();
        }
    }

    private void AcceptFinished()
    {
        if (Interlocked.Exchange(ref _finished, null) is { } finished)
        {
            _started = null;
            Accept(finished);
        }
    }

    private void Accept(TopicState state)
    {
        State = state;
        _events.AddRange(state.Events);
        if (state.Status != _status)
        {
            var severity = state.Status is ReadingStatus.Ok ? Severity.Info : Severity.Warning;
            var text = state.Status is ReadingStatus.Ok ? "readable again" : $"{state.Status}: {state.Reason}";
            _events.Add(new HostEvent(state.Time, severity, reader.Topic.Id, null, text));
            _status = state.Status;
        }
    }
}
