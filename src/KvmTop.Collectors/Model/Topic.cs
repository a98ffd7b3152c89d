using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>One subject that is polled as a whole at its own pace: the host's CPUs, the VMs, their vCPUs.</summary>
/// <remarks>
/// A topic is one file: the sample that its collector reads, the model that two samples make, and the metrics that print the model.
/// It is listed once in the Catalog, which gives it its place in a <see cref="Snapshot"/>.
/// </remarks>
public abstract class Topic(string id, string title, TimeSpan pace, params Topic[] after)
{
    /// <summary>Short name in JSON (<c>sources[].topic</c>) and in the Events pane.</summary>
    public string Id { get; } = id;

    /// <summary>What it is, for people.</summary>
    public string Title { get; } = title;

    /// <summary>The shortest time between two readings; zero for once a tick. Slow topics keep their last reading in between.</summary>
    public TimeSpan Pace { get; } = pace;

    /// <summary>
    /// True when one reading can take long (megabytes of page tables, a peer that answers when it likes): it is then made on a worker thread, and a
    /// tick shows the latest one with its age instead of waiting.
    /// </summary>
    public virtual bool IsSlow => false;

    /// <summary>Topics that must have been read before this one in the same tick; they are read whenever this one is.</summary>
    public IReadOnlyList<Topic> After { get; } = after;

    /// <summary>Makes the reader of this topic with its state: kept-open files, the sample before.</summary>
    public abstract ITopicReader CreateReader(CollectorContext context);
}

/// <summary>A topic with the types of what is read and of what is shown.</summary>
/// <typeparam name="TSample">Raw counters as read, with the time of reading. Recordings keep these.</typeparam>
/// <typeparam name="TModel">What panes and printers see: rates over the interval between two samples.</typeparam>
public abstract class Topic<TSample, TModel>(string id, string title, TimeSpan pace, params Topic[] after) : Topic<TModel>(id, title, pace, after)
    where TSample : class
    where TModel : class
{
    /// <summary>Opens what is to be read. Called when the first subscriber comes; disposed when the last one has gone.</summary>
    public abstract ICollector<TSample> CreateCollector(CollectorContext context);

    /// <summary>
    /// Makes the model of two samples: rates between them where both speak of the same thing, unknown where they do not. Pure: the same
    /// two samples always make the same model, which is what makes recordings replay. <paramref name="before"/> is null for the first.
    /// </summary>
    public abstract TModel Derive(TSample? before, TSample now);

    /// <summary>What happened between two good readings: things that came, went or changed state. The first reading tells nothing.</summary>
    public virtual IEnumerable<HostEvent> Compare(TModel before, TModel now, DateTimeOffset time) => [];

    /// <inheritdoc/>
    public sealed override ITopicReader CreateReader(CollectorContext context) => new TopicReader<TSample, TModel>(this, context);
}

/// <summary>A topic whose samples are shown as they were read: no rates between two of them.</summary>
/// <typeparam name="TModel">What is read and shown.</typeparam>
public abstract class PlainTopic<TModel>(string id, string title, TimeSpan pace, params Topic[] after) : Topic<TModel, TModel>(id, title, pace, after)
    where TModel : class
{
    /// <inheritdoc/>
    public sealed override TModel Derive(TModel? before, TModel now) => now;
}

/// <summary>The half of a topic that those who look at it need to know.</summary>
/// <typeparam name="TModel">What panes and printers see.</typeparam>
public abstract class Topic<TModel>(string id, string title, TimeSpan pace, params Topic[] after) : Topic(id, title, pace, after)
    where TModel : class;

/// <summary>A plain synchronous read of one topic. Runs on one thread at a time; it need not be thread-safe, and must not block without a deadline.</summary>
/// <typeparam name="TSample">Raw counters.</typeparam>
public interface ICollector<TSample> : IDisposable
    where TSample : class
{
    /// <summary>Reads now. What cannot be read is a status with a reason; an exception is a defect that the poller turns into <see cref="ReadingStatus.Failed"/>.</summary>
    Reading<TSample> Collect();
}

/// <summary>A collector that reads on by itself, and can do so seldom while nobody looks at the details.</summary>
internal interface ILeisurely
{
    /// <summary>Set before each <see cref="ICollector{TSample}.Collect"/>.</summary>
    bool AtLeisure { set; }
}

/// <summary>What a collector stands on.</summary>
/// <param name="Host">The files.</param>
/// <param name="Services">State that several topics share, made once per run, such as the registry of VMs.</param>
public sealed record CollectorContext(HostRoot Host, CollectorServices Services);
