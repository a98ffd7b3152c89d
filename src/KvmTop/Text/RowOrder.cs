using KvmTop.Collectors;

namespace KvmTop.Text;

/// <summary>Puts rows into an order. Used again from tick to tick, so that sorting allocates nothing.</summary>
internal sealed class RowOrder<TRow>
{
    private readonly List<Entry> _entries = [];
    private readonly List<Entry> _spare = [];

    /// <summary>How many rows there are.</summary>
    public int Count => _entries.Count;

    /// <summary>A row, by its place after <see cref="Sort"/>.</summary>
    public TRow this[int place] => _entries[place].Row;

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        _spare.AddRange(_entries);
        _entries.Clear();
    }

    /// <summary>Adds a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="key">The figure that decides its place.</param>
    public void Add(TRow row, Figure key)
    {
        var entry = _spare.Count > 0 ? _spare[^1] : new Entry();
        if (_spare.Count > 0)
        {
            _spare.RemoveAt(_spare.Count - 1);
        }

        (entry.Row, entry.Key, entry.Added) = (row, key, _entries.Count);
        _entries.Add(entry);
    }

    /// <summary>Sorts. Equal rows keep the order in which they were added, so that a screen of zeros stands still.</summary>
    public void Sort(SortSpec sort, Unit unit) =>
        _entries.Sort((a, b) => sort.Compare(a.Key, b.Key, unit) is not 0 and var order ? order : a.Added.CompareTo(b.Added));

    // A class: sorting then needs no code of its own for each kind of row.
    private sealed class Entry
    {
        public TRow Row { get; set; } = default!;

        public Figure Key { get; set; }

        public int Added { get; set; }
    }
}
