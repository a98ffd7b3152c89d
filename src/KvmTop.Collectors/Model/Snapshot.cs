namespace KvmTop.Collectors;

/// <summary>Everything we know at one moment. Immutable: any thread may look at it for as long as it likes.</summary>
public sealed class Snapshot
{
    private readonly IReadOnlyDictionary<Topic, TopicState> _topics;

    /// <param name="sequence">Counts the ticks of this run, from 1.</param>
    /// <param name="time">Wall-clock time of the tick.</param>
    /// <param name="interval">Time since the tick before, or zero for the first.</param>
    /// <param name="topics">The latest state of each topic that somebody looks at.</param>
    /// <param name="events">What happened lately, oldest first.</param>
    public Snapshot(long sequence, DateTimeOffset time, TimeSpan interval, IReadOnlyDictionary<Topic, TopicState> topics, EventList events)
    {
        Sequence = sequence;
        Time = time;
        Interval = interval;
        _topics = topics;
        Events = events;
    }

    /// <summary>Before the first tick.</summary>
    public static Snapshot Empty { get; } = new(0, default, default, new Dictionary<Topic, TopicState>(), EventList.Empty);

    /// <summary>Counts the ticks of this run, from 1.</summary>
    public long Sequence { get; }

    /// <summary>Wall-clock time of the tick.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>Monotonic time since the tick before; zero for the first.</summary>
    public TimeSpan Interval { get; }

    /// <summary>How much longer than asked for it took to come to this tick; zero when it was in time.</summary>
    public TimeSpan Late { get; init; }

    /// <summary>What happened lately.</summary>
    public EventList Events { get; }

    /// <summary>All topics that are being read, with how that goes.</summary>
    public IEnumerable<TopicState> Sources => _topics.Values;

    /// <summary>The latest reading of a topic; <see cref="ReadingStatus.NoData"/> when nobody has asked for it.</summary>
    public Reading<TModel> Get<TModel>(Topic<TModel> topic)
        where TModel : class =>
        _topics.TryGetValue(topic, out var state)
            ? new Reading<TModel>(state.Status, (TModel?)state.Value, state.Reason, state.Time, state.Duration)
            : Reading<TModel>.NoData($"{topic.Title}: not read yet");
}
