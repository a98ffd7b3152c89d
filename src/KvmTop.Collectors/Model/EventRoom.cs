namespace KvmTop.Collectors;

/// <summary>Adds events to those that a list holds, and decides which of them have to go. See <see cref="EventList"/>.</summary>
internal sealed class EventRoom
{
    private readonly List<KeptEvent?> _events;
    private readonly Dictionary<string, Source> _sources = [];
    private int _count;

    /// <param name="kept">What is held.</param>
    /// <param name="more">How many are to come.</param>
    public EventRoom(IReadOnlyList<KeptEvent> kept, int more)
    {
        _events = new List<KeptEvent?>(kept.Count + Math.Min(more, EventList.Capacity));
        foreach (var e in kept)
            Append(e);
    }

    /// <summary>Adds one; one that says the same as the latest of its origin only counts.</summary>
    public void Add(HostEvent e, long number)
    {
        var (source, origin) = Of(e);
        if (origin.Count > 0 && _events[origin.Places[^1]] is { } latest && Same(latest.Event, e))
        {
            Remove(source, origin, origin.Places.Count - 1);
            Append(new KeptEvent(number, e, latest.Times + 1));
            return;
        }

        if (origin.Count >= EventList.MostOfOne)
            Remove(source, origin, origin.First);
        else if (_count >= EventList.Capacity)
            RemoveOne();
        Append(new KeptEvent(number, e, 1));
    }

    /// <summary>What is held now, oldest first.</summary>
    public IReadOnlyList<KeptEvent> Build()
    {
        var kept = new KeptEvent[_count];
        var n = 0;
        foreach (var e in _events)
        {
            if (e is not null)
                kept[n++] = e;
        }

        return kept;
    }

    private static bool Same(HostEvent a, HostEvent b) => a.Severity == b.Severity && a.Text == b.Text && a.Subject == b.Subject;

    private void Append(KeptEvent e)
    {
        var (source, origin) = Of(e.Event);
        origin.Places.Add(_events.Count);
        _events.Add(e);
        source.Count++;
        _count++;
    }

    private (Source Source, Origin Origin) Of(HostEvent e)
    {
        if (!_sources.TryGetValue(e.Source, out var source))
            _sources.Add(e.Source, source = new Source());
        var name = e.Origin ?? e.Subject ?? "";
        if (!source.Origins.TryGetValue(name, out var origin))
            source.Origins.Add(name, origin = new Origin());
        return (source, origin);
    }

    private void RemoveOne()
    {
        Source? largest = null;
        foreach (var source in _sources.Values)
        {
            if (largest is null || source.Count > largest.Count)
                largest = source;
        }

        // Of several with as many, the one whose event is oldest.
        Origin? most = null;
        foreach (var origin in largest!.Origins.Values)
        {
            if (origin.Count > 0 && (most is null || origin.Count > most.Count || (origin.Count == most.Count && origin.Places[origin.First] < most.Places[most.First])))
                most = origin;
        }

        Remove(largest, most!, most!.First);
    }

    private void Remove(Source source, Origin origin, int place)
    {
        _events[origin.Places[place]] = null;
        if (place == origin.First)
            origin.First++;
        else
            origin.Places.RemoveAt(place);
        source.Count--;
        _count--;
    }

    private sealed class Source
    {
        public Dictionary<string, Origin> Origins { get; } = [];

        public int Count { get; set; }
    }

    private sealed class Origin
    {
        /// <summary>Where its events stand, oldest first; those before <see cref="First"/> are gone.</summary>
        public List<int> Places { get; } = [];

        public int First { get; set; }

        public int Count => Places.Count - First;
    }
}
