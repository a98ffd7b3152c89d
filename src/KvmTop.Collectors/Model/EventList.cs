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
public sealed record HostEvent(DateTimeOffset Time, Severity Severity, string Source, string? Subject, string Text)
{
    /// <summary>Who can make such events at will (a VM's identity, a user), where the subject does not tell: names can be given twice. Null for the subject.</summary>
    public string? Origin { get; init; }
}

/// <summary>An event in the list.</summary>
/// <param name="Number">How many events of this run came before it.</param>
/// <param name="Event">The event; of several that were the same, the latest.</param>
/// <param name="Times">How often it came, one after the other, with nothing else from the same origin between.</param>
public sealed record KeptEvent(long Number, HostEvent Event, int Times);

/// <summary>
/// The latest events, oldest first. Immutable. Whoever sends many pushes out his own: when the list is full, the oldest event goes of that origin that has most in that source that
/// has most. So neither a VM nor a source hides what another said, and what kvmtop itself notices has its room.
/// </summary>
public sealed class EventList
{
    /// <summary>How many are kept.</summary>
    public const int Capacity = 1000;

    /// <summary>How many of one origin are kept.</summary>
    public const int MostOfOne = Capacity / 4;

    private EventList(IReadOnlyList<KeptEvent> kept, long total) => (Kept, Total) = (kept, total);

    /// <summary>No events.</summary>
    public static EventList Empty { get; } = new([], 0);

    /// <summary>The events that are held, oldest first.</summary>
    public IReadOnlyList<KeptEvent> Kept { get; }

    /// <summary>How many are held.</summary>
    public int Count => Kept.Count;

    /// <summary>How many there have been in this run.</summary>
    public long Total { get; }

    /// <summary>The events, oldest first.</summary>
    public IEnumerable<HostEvent> Items => Kept.Select(static k => k.Event);

    /// <summary>This list with one more.</summary>
    public EventList Add(HostEvent e) => AddAll([e]);

    /// <summary>This list with more, in the order in which they came.</summary>
    public EventList AddAll(IReadOnlyList<HostEvent> events)
    {
        if (events.Count == 0)
            return this;
        var room = new EventRoom(Kept, events.Count);
        for (var i = 0; i < events.Count; i++)
            room.Add(events[i], Total + i);
        return new EventList(room.Build(), Total + events.Count);
    }
}
