namespace KvmTop.Collectors;

/// <summary>
/// The most frequent of very many keys in fixed memory (Metwally's space-saving): when the table is full a new key takes the place and the count of the
/// rarest one. A guest may touch millions of addresses; those that it touches often are here all the same, each with how far its count can be too high.
/// </summary>
public sealed class TopTable
{
    /// <summary>Keys that are kept. Whatever makes more than one hit in that many is among them.</summary>
    public const int Capacity = 64;

    private readonly ulong[] _keys = new ulong[Capacity];
    private readonly Slot[] _slots = new Slot[Capacity];
    private int _used;

    /// <summary>Hits of all keys, those that were crowded out included.</summary>
    public long Total { get; private set; }

    /// <summary>True once a key was crowded out: counts are then upper bounds.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>Counts hits of a key.</summary>
    public void Add(ulong key, ulong nanoseconds, long hits = 1, long error = 0)
    {
        Total += hits;
        var at = _keys.AsSpan(0, _used).IndexOf(key);
        if (at >= 0)
        {
            ref var slot = ref _slots[at];
            slot.Count += hits;
            slot.Error += error;
            slot.Nanoseconds += nanoseconds;
            return;
        }

        if (_used < Capacity)
        {
            _keys[_used] = key;
            _slots[_used++] = new Slot { Count = hits, Error = error, Nanoseconds = nanoseconds };
            return;
        }

        Overflowed = true;
        var rarest = 0;
        for (var i = 1; i < Capacity; i++)
        {
            rarest = _slots[i].Count < _slots[rarest].Count ? i : rarest;
        }

        var before = _slots[rarest].Count;
        _keys[rarest] = key;
        _slots[rarest] = new Slot { Count = before + hits, Error = before + error, Nanoseconds = nanoseconds };
    }

    /// <summary>Adds what another table has counted; where that one overflowed, so has this.</summary>
    public void Add(TopTable other)
    {
        for (var i = 0; i < other._used; i++)
        {
            ref readonly var slot = ref other._slots[i];
            Add(other._keys[i], slot.Nanoseconds, slot.Count, slot.Error);
        }

        Overflowed |= other.Overflowed;
    }

    /// <summary>The most frequent keys, the first the most frequent.</summary>
    public List<TopEntry> Top(int most)
    {
        var entries = new List<TopEntry>(_used);
        for (var i = 0; i < _used; i++)
        {
            entries.Add(new TopEntry(_keys[i], _slots[i].Count, _slots[i].Error, _slots[i].Nanoseconds));
        }

        entries.Sort(static (a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : a.Key.CompareTo(b.Key));
        if (entries.Count > most)
        {
            entries.RemoveRange(most, entries.Count - most);
        }

        return entries;
    }

    private struct Slot
    {
        public long Count;
        public long Error;
        public ulong Nanoseconds;
    }
}

/// <summary>A key of a <see cref="TopTable"/>.</summary>
/// <param name="Key">The key.</param>
/// <param name="Count">Its hits; too high by at most <paramref name="Error"/>.</param>
/// <param name="Error">0 for an exact count.</param>
/// <param name="Nanoseconds">Time of the exits that had it.</param>
public sealed record TopEntry(ulong Key, long Count, long Error, ulong Nanoseconds);
