using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>One counter over an interval, added up over whatever the table holds.</summary>
public sealed class KvmCounterRow(KvmCounter counter)
{
    private double[] _buckets = [];

    /// <summary>Which counter. Of several sets, the first that had it.</summary>
    public KvmCounter Counter => counter;

    /// <summary>Growth per second in steps of the counter (nanoseconds, for times); NaN when unknown or when it is none that grows.</summary>
    public double PerSecond { get; private set; } = double.NaN;

    /// <summary>The counter itself: since the vCPUs began, for one that grows; what is so now for the others (peaks: the highest).</summary>
    public double Total { get; private set; }

    /// <summary>For a histogram: how many fell into each bucket in the interval; empty when unknown.</summary>
    public ReadOnlySpan<double> Buckets => HasBuckets ? _buckets : [];

    /// <summary>True when the interval's buckets are known.</summary>
    public bool HasBuckets { get; private set; }

    /// <summary>True when something added had this counter.</summary>
    public bool IsPresent { get; private set; }

    /// <summary>Nothing moved, or nothing is known to have.</summary>
    public bool IsIdle => counter.IsHistogram ? !HasBuckets || _buckets.AsSpan().IndexOfAnyExcept(0) < 0 : counter.HasRate ? !(PerSecond > 0) : Total == 0;

    internal void Clear() => (PerSecond, Total, HasBuckets, IsPresent) = (double.NaN, 0, false, false);

    internal void Add(KvmCounter own, ReadOnlySpan<ulong> now, ReadOnlySpan<ulong> before, double seconds)
    {
        IsPresent = true;
        if (own.IsHistogram)
        {
            AddBuckets(now.Slice(own.Index, own.Size), before.IsEmpty ? before : before.Slice(own.Index, own.Size));
            return;
        }

        var value = now[own.Index];
        Total = own.Type == KvmCounterType.Peak ? Math.Max(Total, value) : Total + value;
        if (own.HasRate && !before.IsEmpty && Rates.PerSecond(before[own.Index], value, seconds) is var rate && !double.IsNaN(rate))
        {
            PerSecond = double.IsNaN(PerSecond) ? rate : PerSecond + rate;
        }
    }

    private void AddBuckets(ReadOnlySpan<ulong> now, ReadOnlySpan<ulong> before)
    {
        if (before.IsEmpty)
        {
            return;
        }

        if (!HasBuckets)
        {
            Array.Resize(ref _buckets, now.Length);
            Array.Clear(_buckets);
            HasBuckets = true;
        }

        for (var i = 0; i < Math.Min(now.Length, _buckets.Length); i++)
        {
            _buckets[i] += now[i] >= before[i] ? now[i] - before[i] : 0;
        }
    }
}

/// <summary>Counters by name, added up over vCPUs and VMs. Used again from tick to tick: filled by a <see cref="KvmStatsView"/>.</summary>
/// <param name="histograms">Whether histograms are wanted, which are most of the adding up.</param>
public sealed class KvmCounterTable(bool histograms = true)
{
    private readonly List<KvmCounterRow> _rows = [];
    private readonly Dictionary<string, KvmCounterRow> _byName = [];
    private readonly Dictionary<KvmCounterSet, KvmCounterRow[]> _bySet = [];

    /// <summary>In the order in which they were met.</summary>
    public IReadOnlyList<KvmCounterRow> Rows => _rows;

    /// <summary>The counter of a name, or null.</summary>
    public KvmCounterRow? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Begins anew.</summary>
    /// <param name="forget">Forgets which counters there were, too.</param>
    public void Clear(bool forget = true)
    {
        if (forget)
        {
            _rows.Clear();
            _byName.Clear();
            _bySet.Clear();
            return;
        }

        foreach (var row in _rows)
        {
            row.Clear();
        }
    }

    internal void Add(KvmCounterSet set, ReadOnlySpan<ulong> now, ReadOnlySpan<ulong> before, double seconds)
    {
        if (!_bySet.TryGetValue(set, out var rows))
        {
            _bySet.Add(set, rows = [.. set.Counters.Select(RowOf)]);
        }

        for (var i = 0; i < rows.Length; i++)
        {
            var counter = set.Counters[i];
            if (histograms || !counter.IsHistogram)
            {
                rows[i].Add(counter, now, before, seconds);
            }
        }
    }

    private KvmCounterRow RowOf(KvmCounter counter)
    {
        if (!_byName.TryGetValue(counter.Name, out var row))
        {
            _byName.Add(counter.Name, row = new KvmCounterRow(counter));
            _rows.Add(row);
        }

        return row;
    }
}
