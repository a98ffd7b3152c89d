using System.Collections.Immutable;

namespace KvmTop.Collectors;

/// <summary>How much an event matters.</summary>
public enum Severity
{
    /// <summary>Good to know.</summary>
    Info,

    /// <summary>Look at it.</summary>
    Warning,

    /// <summary>Something is broken.</summary>
    Critical,
}

/// <summary>Something that happened: a VM came or went, a source began to fail, an action was taken.</summary>
/// <param name="Time">When it was noticed.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Source">The topic or component that noticed.</param>
/// <param name="Subject">The VM, CPU or file concerned, or null.</param>
/// <param name="Text">What happened, one line.</param>
public sealed record HostEvent(DateTimeOffset Time, Severity Severity, string Source, string? Subject, string Text);

/// <summary>The latest events, oldest first. Immutable.</summary>
public sealed class EventList
{
    /// <summary>How many are kept.</summary>
    public const int Capacity = 1000;

    private readonly ImmutableQueue<HostEvent> _events;

    private EventList(ImmutableQueue<HostEvent> events, int count, long total)
    {
        _events = events;
        Count = count;
        Total = total;
    }

    /// <summary>No events.</summary>
    public static EventList Empty { get; } = new([], 0, 0);

    /// <summary>How many are held.</summary>
    public int Count { get; }

    /// <summary>How many there have been in this run.</summary>
    public long Total { get; }

    /// <summary>The events, oldest first.</summary>
    public IEnumerable<HostEvent> Items => _events;

    /// <summary>This list with one more, and without the oldest when it is full.</summary>
    public EventList Add(HostEvent e)
    {
        var events = _events.Enqueue(e);
        return Count < Capacity ? new(events, Count + 1, Total + 1) : new(events.Dequeue(), Count, Total + 1);
    }
}
