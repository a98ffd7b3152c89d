namespace KvmTop.Linux;

/// <summary>How a KVM counter moves (KVM_STATS_TYPE_*).</summary>
public enum KvmCounterType : byte
{
    /// <summary>Only grows.</summary>
    Cumulative,

    /// <summary>What is so now; goes up and down.</summary>
    Instant,

    /// <summary>The highest value so far.</summary>
    Peak,

    /// <summary>Counts by value, in steps of the bucket size.</summary>
    LinearHistogram,

    /// <summary>Counts by value, each bucket twice as wide as the one before.</summary>
    LogHistogram,

    /// <summary>One that this program does not know.</summary>
    Unknown,
}

/// <summary>What a KVM counter counts (KVM_STATS_UNIT_*).</summary>
public enum KvmCounterUnit : byte
{
    /// <summary>Things.</summary>
    None,

    /// <summary>Bytes.</summary>
    Bytes,

    /// <summary>Seconds, by way of the exponent: nanoseconds in practice.</summary>
    Seconds,

    /// <summary>CPU cycles.</summary>
    Cycles,

    /// <summary>0 or 1.</summary>
    Boolean,

    /// <summary>One that this program does not know.</summary>
    Unknown,
}

/// <summary>One counter of KVM, as the kernel or the VMM describes it.</summary>
/// <param name="Name">The kernel's name for it: "exits", "halt_poll_fail_ns". Cleaned and bounded.</param>
/// <param name="Type">How it moves.</param>
/// <param name="Unit">What it counts.</param>
/// <param name="Scale">What one step is worth in the unit: 1e-9 for nanoseconds.</param>
/// <param name="Index">Its place among the values, in 64-bit words.</param>
/// <param name="Size">How many words it takes: 1, or the buckets of a histogram.</param>
/// <param name="BucketSize">Width of a bucket of a linear histogram.</param>
public sealed record KvmCounter(string Name, KvmCounterType Type, KvmCounterUnit Unit, double Scale, int Index, int Size, uint BucketSize)
{
    /// <summary>True for a histogram.</summary>
    public bool IsHistogram => Type is KvmCounterType.LinearHistogram or KvmCounterType.LogHistogram || Size > 1;

    /// <summary>True for one that only grows, so that it has a rate.</summary>
    public bool HasRate => Type == KvmCounterType.Cumulative && Size == 1;
}

/// <summary>
/// The counters that some source delivers, and where each stands among the values. One object for all vCPUs that have the same, so that a place is looked up once
/// and two sets can be compared by reference.
/// </summary>
public sealed class KvmCounterSet
{
    private readonly Dictionary<string, KvmCounter> _byName;

    /// <param name="counters">The counters, with places within <paramref name="words"/>.</param>
    /// <param name="words">How many 64-bit values there are.</param>
    public KvmCounterSet(IReadOnlyList<KvmCounter> counters, int words)
    {
        (Counters, Words) = (counters, words);
        _byName = new Dictionary<string, KvmCounter>(counters.Count);
        foreach (var counter in counters)
        {
            _byName.TryAdd(counter.Name, counter);
        }

        Exits = Find("exits");
        HaltPollSuccess = Find("halt_poll_success_ns");
        HaltPollFail = Find("halt_poll_fail_ns");
        (Pages4K, Pages2M, Pages1G) = (Find("pages_4k"), Find("pages_2m"), Find("pages_1g"));
    }

    /// <summary>In the order of the source.</summary>
    public IReadOnlyList<KvmCounter> Counters { get; }

    /// <summary>How many 64-bit values there are.</summary>
    public int Words { get; }

    /// <summary>Exits from the guest, all kinds; null where this kernel does not count them.</summary>
    public KvmCounter? Exits { get; }

    /// <summary>Time spent polling for a wake-up that came.</summary>
    public KvmCounter? HaltPollSuccess { get; }

    /// <summary>Time spent polling for one that did not.</summary>
    public KvmCounter? HaltPollFail { get; }

    /// <summary>Guest memory that KVM maps with pages of 4 KiB, of 2 MiB, of 1 GiB: how many. Among the VM's own counters, of x86.</summary>
    public KvmCounter? Pages4K { get; }
    public KvmCounter? Pages2M { get; }
    public KvmCounter? Pages1G { get; }

    /// <summary>The counter of a name, or null.</summary>
    public KvmCounter? Find(string name) => _byName.GetValueOrDefault(name);
}
