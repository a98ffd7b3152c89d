using System.Globalization;
using System.Reactive.Concurrency;
using KvmTop.Collectors;

namespace KvmTop.Streams;

/// <summary>One topic at its own pace: when it is due, where it is read, and what it said last. Used on the collector thread.</summary>
internal sealed class TopicPoll(ITopicReader reader, IScheduler? worker) : IDisposable
{
    // A slow reading that has not come back by then is shown as stale, with the value before it.
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(5);

    // A reading within a tick that takes so long held up all that comes after it.
    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(2);

    // Where only the header's line of troubles stands on it.
    private static readonly TimeSpan s_leisure = TimeSpan.FromSeconds(10);

    // A tick that comes a little early must not make a topic skip its turn.
    private static readonly TimeSpan s_slack = TimeSpan.FromMilliseconds(50);

    private readonly List<HostEvent> _events = [];
    private TopicState? _finished;
    private TopicState? _unread;
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

    /// <summary>Reads when it is time to.</summary>
    /// <param name="now">The moment.</param>
    /// <param name="atLeisure">Nobody looks at its details: it is read seldom, and told so.</param>
    /// <param name="progress">Where it is noted what is being read.</param>
    public void ReadIfDue(TimeSpan now, bool atLeisure, HubProgress progress)
    {
        var pace = atLeisure && reader.Topic.Pace < s_leisure ? s_leisure : reader.Topic.Pace;
        // Rates need two readings, and nobody wants to wait a whole pace for the second.
        if (_readings >= (worker is null ? 2 : 1) && now - _last + s_slack < pace)
        {
            return;
        }

        if (worker is null)
        {
            _last = now;
            _readings++;
            reader.AtLeisure = atLeisure;
            progress.Begin(reader.Topic);
            var state = reader.Read();
            progress.End();
            Accept(state);
            if (state.Duration >= s_long)
            {
                _events.Add(new HostEvent(state.Time, Severity.Warning, reader.Topic.Id, null, string.Create(CultureInfo.InvariantCulture, $"reading it took {state.Duration.TotalSeconds:0} s: all figures were late")));
            }
        }
        else if (Interlocked.CompareExchange(ref _running, 1, 0) == 0)
        {
            // The one before may have ended just now: taken later, it would be taken for the answer to this one.
            AcceptFinished();
            _last = now;
            _readings++;
            _started = now;
            reader.AtLeisure = atLeisure;
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
    public TopicState Publish(TimeSpan now)
    {
        AcceptFinished();
        if (_started is { } started && now - started > s_deadline)
        {
            var reason = $"no answer for {(now - started).TotalSeconds:0} s";
            return State is { } state
                ? state with { Status = ReadingStatus.Stale, Reason = reason }
                : new TopicState(reader.Topic, ReadingStatus.NoData, reason, default, default, null, []);
        }

        return State ?? (_unread ??= new TopicState(reader.Topic, ReadingStatus.NoData, "not read yet", default, default, null, []));
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
        // One VM that says nothing is no news of the source as a whole, which stays Ok: a VM could make it come and go as it likes.
        if (state.Status != _status)
        {
            var severity = state.Status is ReadingStatus.Ok ? Severity.Info : Severity.Warning;
            var text = state.Status is ReadingStatus.Ok ? "readable again" : $"{state.Status}: {state.Reason}";
            _events.Add(new HostEvent(state.Time, severity, reader.Topic.Id, null, text));
            _status = state.Status;
        }
    }
}
