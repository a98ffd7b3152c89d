using System.Diagnostics.CodeAnalysis;

namespace KvmTop.Collectors;

/// <summary>Reads a topic again and again, remembers the sample before, and never throws.</summary>
public interface ITopicReader : IDisposable
{
    /// <summary>The topic that is read.</summary>
    Topic Topic { get; }

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
    IReadOnlyList<HostEvent> Events);

internal sealed class TopicReader<TSample, TModel>(Topic<TSample, TModel> topic, CollectorContext context) : ITopicReader
    where TSample : class
    where TModel : class
{
    private readonly TimeProvider _time = context.Host.Time;
    private ICollector<TSample>? _collector;
    private TSample? _before;
    private TModel? _lastModel;

    public Topic Topic => topic;

    [SuppressMessage("Design", "CA1031", Justification = "A defect in one reader must not take the others down: it becomes the reason that is shown.")]
    public TopicState Read()
    {
        var started = _time.GetTimestamp();
        try
        {
            _collector ??= topic.CreateCollector(context);
            var reading = _collector.Collect();
            if (reading.Value is not { } sample)
            {
                _before = null;
                return State(reading.Status, reading.Reason, null);
            }

            var model = topic.Derive(_before, sample);
            _before = sample;
            return State(reading.Status, reading.Reason, model);
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
