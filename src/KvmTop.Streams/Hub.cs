using System.Reactive.Concurrency;
using System.Reactive.Disposables;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using KvmTop.Collectors;

namespace KvmTop.Streams;

/// <summary>
/// Where all topics meet: at each tick it reads what somebody looks at, in order, on the collector thread, and publishes one snapshot. Slow topics are
/// read on a worker, one at a time, and join the next snapshot. Nobody subscribed: nothing is read.
/// </summary>
public sealed class Hub : IDisposable
{
    /// <summary>How long a reader keeps its descriptors and its last sample after the last one who looked has gone.</summary>
    public static readonly TimeSpan Linger = TimeSpan.FromSeconds(60);

    private readonly IReadOnlyList<Topic> _all;
    private readonly CollectorContext _context;
    private readonly IScheduler _collector;
    private readonly IScheduler _worker;
    private readonly IStopwatch _clock;
    private readonly BehaviorSubject<Pace> _interval;
    private readonly Subject<object> _refresh = new();
    private readonly IObservable<Snapshot> _snapshots;
    private readonly Dictionary<Topic, int> _demand = [];
    private readonly Dictionary<Topic, int> _leisure = [];
    private readonly Dictionary<Topic, TopicPoll> _polls = [];

    private Snapshot _latest = Snapshot.Empty;
    private TimeSpan _latestAt;

    /// <param name="all">Every topic there is, in the order of reading: a topic after those that it stands on.</param>
    /// <param name="context">Files and shared state.</param>
    /// <param name="collector">A scheduler with one thread of its own; all reading happens there.</param>
    /// <param name="worker">Another one, for slow topics.</param>
    /// <param name="interval">From tick to tick, to begin with.</param>
    /// <param name="first">When the second tick comes, if sooner.</param>
    public Hub(IReadOnlyList<Topic> all, CollectorContext context, IScheduler collector, IScheduler worker, TimeSpan interval, TimeSpan? first = null)
    {
        (_all, _context, _collector, _worker) = (all, context, collector, worker);
        _clock = collector.StartStopwatch();
        Progress = new HubProgress(_clock);
        _interval = new BehaviorSubject<Pace>(new Pace(interval));
        var ticks = _interval.Select(i => Poll.Every(i.Interval, collector, first)).Switch().Select(_ => Tick());
        var refreshes = _refresh.ObserveOn(collector).Select(_ => Refresh());
        _snapshots = ticks.Merge(refreshes).Publish().RefCount();
    }

    /// <summary>How the reading goes just now: for whoever waits for a snapshot that does not come.</summary>
    public HubProgress Progress { get; }

    /// <summary>From tick to tick. Setting it takes effect at once, with a tick. To be set from one thread.</summary>
    public TimeSpan Interval
    {
        get => _interval.Value.Interval;
        set => _interval.OnNext(new Pace(value));
    }

    /// <summary>
    /// Snapshots that hold at least these topics, one per tick, for as long as one is subscribed. They arrive on the collector thread, in order; a
    /// subscriber that takes long delays the ticks, so a screen crosses over by <see cref="LatestWins{T}"/>.
    /// </summary>
    /// <param name="topics">What is looked at.</param>
    /// <param name="atLeisure">What is wanted too, but read seldom as long as nobody looks at it: figures that are dear and of which only the worst is told.</param>
    public IObservable<Snapshot> Observe(IReadOnlyCollection<Topic> topics, IReadOnlyCollection<Topic>? atLeisure = null) =>
        Observable.Create<Snapshot>(observer =>
        {
            var all = WithPrerequisites(topics);
            var seldom = WithPrerequisites(atLeisure ?? []);
            Count(_demand, all, 1);
            Count(_leisure, seldom, 1);
            return new CompositeDisposable(_snapshots.Subscribe(observer), Disposable.Create(() =>
            {
                Count(_demand, all, -1);
                Count(_leisure, seldom, -1);
            }));
        });

    /// <summary>Reads what is looked at since just now and has no reading yet, without waiting for the next tick, and publishes it.</summary>
    public void RefreshNow() => _refresh.OnNext(this);

    /// <inheritdoc/>
    public void Dispose()
    {
        _interval.Dispose();
        _refresh.Dispose();
        foreach (var poll in _polls.Values)
        {
            poll.Dispose();
        }
    }

    private static HashSet<Topic> WithPrerequisites(IEnumerable<Topic> topics)
    {
        var all = new HashSet<Topic>();
        var open = new Stack<Topic>(topics);
        while (open.TryPop(out var topic))
        {
            if (all.Add(topic))
            {
                foreach (var prerequisite in topic.After)
                {
                    open.Push(prerequisite);
                }
            }
        }

        return all;
    }

    private void Count(Dictionary<Topic, int> demand, HashSet<Topic> topics, int change)
    {
        lock (_demand)
        {
            foreach (var topic in topics)
            {
                demand[topic] = demand.GetValueOrDefault(topic) + change;
            }
        }
    }

    private bool IsWanted(Topic topic, out bool atLeisure)
    {
        lock (_demand)
        {
            atLeisure = _demand.GetValueOrDefault(topic) == 0;
            return !atLeisure || _leisure.GetValueOrDefault(topic) > 0;
        }
    }

    private Snapshot Tick()
    {
        var now = _clock.Elapsed;
        var interval = _latest.Sequence == 0 ? TimeSpan.Zero : now - _latestAt;
        _latestAt = now;
        _latest = Read(now, everything: true, _latest.Sequence + 1, interval);
        Progress.Published(now);
        return _latest;
    }

    private Snapshot Refresh() => _latest = Read(_clock.Elapsed, everything: false, _latest.Sequence, _latest.Interval);

    private Snapshot Read(TimeSpan now, bool everything, long sequence, TimeSpan interval)
    {
        var states = new Dictionary<Topic, TopicState>(_all.Count);
        var events = _latest.Events;
        foreach (var topic in _all)
        {
            var wanted = IsWanted(topic, out var atLeisure);
            if (!_polls.TryGetValue(topic, out var poll))
            {
                if (!wanted)
                {
                    continue;
                }

                _polls.Add(topic, poll = new TopicPoll(topic.CreateReader(_context), topic.IsSlow ? _worker : null));
            }

            if (!wanted)
            {
                if (now - poll.LastWanted > Linger)
                {
                    poll.Dispose();
                    _polls.Remove(topic);
                }

                continue;
            }

            poll.LastWanted = now;
            if (everything || poll.State is null)
            {
                poll.ReadIfDue(now, atLeisure, Progress);
            }

            states.Add(topic, poll.Publish(now));
            events = events.AddAll(poll.TakeEvents());
        }

        var late = interval - Interval;
        return new Snapshot(sequence, _context.Host.Time.GetUtcNow(), interval, states, events) { Late = late > TimeSpan.Zero ? late : TimeSpan.Zero };
    }

    private sealed record Pace(TimeSpan Interval);
}
