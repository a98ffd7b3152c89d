using System.Diagnostics.CodeAnalysis;

namespace KvmTop.Collectors;

/// <summary>Reads a topic again and again, remembers the sample before, and never throws.</summary>
public interface ITopicReader : IDisposable
{
    /// <summary>The topic that is read.</summary>
    Topic Topic { get; }

    /// <summary>Nobody looks at its details: what is dear to read may be read seldom. Passed on to a collector that is <see cref="ILeisurely"/>.</summary>
    bool AtLeisure { set; }

    /// <summary>Reads now and returns the state of the topic for a snapshot.</summary>
    TopicState Read();
}

/// <summary>A topic's latest reading without its type: what the sources list of the Events pane and of JSON show.</summary>
/// <param name="Topic">Which topic.</param>
/// <param name="Status">How the reading went.</param>
/// <param name="Reason">Why there is no fresh value.</param>
/// <param name="Time">When it was read.</param>
/// <param name="Duration">What reading took.</param>
/// <param name="Value">The model, or null.</param>
/// <param name="Events">What this reading found to have happened since the one before.</param>
public sealed record TopicState(
    Topic Topic,
    ReadingStatus Status,
    string? Reason,
    DateTimeOffset Time,
    TimeSpan Duration,
    object? Value,
    IReadOnlyList<HostEvent> Events)
{
    /// <summary>There was no reading before it to make rates with.</summary>
    public bool IsFirst { get; init; }

    /// <summary>How it went, for people: nothing is "ok" before it was measured, or while a part of it says nothing.</summary>
    public ReadingStatus Shown => Status is not ReadingStatus.Ok ? Status : Reason is not null ? ReadingStatus.Partial : IsFirst ? ReadingStatus.Measuring : ReadingStatus.Ok;
}

internal sealed class TopicReader<TSample, TModel>(Topic<TSample, TModel> topic, CollectorContext context) : ITopicReader
    where TSample : class
    where TModel : class
{
    // What is shown as it was read has no rates to wait for.
    private static readonly bool s_makesRates = typeof(TSample) != typeof(TModel);

    private readonly TimeProvider _time = context.Host.Time;
    private ICollector<TSample>? _collector;
    private TSample? _before;
    private TModel? _lastModel;

    public Topic Topic => topic;

    public bool AtLeisure { get; set; }

    [SuppressMessage("Design", "CA1031", Justification = "A defect in one reader must not take the others down: it becomes the reason that is shown.")]
    public TopicState Read()
    {
        var started = _time.GetTimestamp();
        try
        {
            _collector ??= topic.CreateCollector(context);
            if (_collector is ILeisurely leisurely)
            {
                leisurely.AtLeisure = AtLeisure;
            }

            var reading = _collector.Collect();
            if (reading.Value is not { } sample)
            {
                _before = null;
                return State(reading.Status, reading.Reason, null);
            }

            var model = topic.Derive(_before, sample);
            var isFirst = _before is null && s_makesRates;
            _before = sample;
            return State(reading.Status, reading.Reason, model) with { IsFirst = isFirst };
        }
        catch (Exception e)
        {
            _before = null;
            return State(ReadingStatus.Failed, $"{e.GetType().Name}: {e.Message}", null);
        }

        TopicState State(ReadingStatus status, string? reason, TModel? value)
        {
            var now = _time.GetUtcNow();
            IReadOnlyList<HostEvent> events = [];
            if (value is not null)
            {
                events = _lastModel is { } last ? [.. topic.Compare(last, value, now)] : [];
                _lastModel = value;
            }

            return new(topic, status, reason, now, _time.GetElapsedTime(started), value, events);
        }
    }

    public void Dispose() => _collector?.Dispose();
}
