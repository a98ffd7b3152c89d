namespace KvmTop.Collectors;

/// <summary>How a reading of a topic went.</summary>
public enum ReadingStatus
{
    /// <summary>Not read yet, or nobody looks at it.</summary>
    NoData,

    /// <summary>Read, and the value is of <see cref="Reading{T}.Time"/>.</summary>
    Ok,

    /// <summary>As <see cref="TopicState.Shown"/> has it: read for the first time, and rates need a second reading.</summary>
    Measuring,

    /// <summary>As <see cref="TopicState.Shown"/> has it: read, but some of those that it is about say nothing, and the reason says who and why.</summary>
    Partial,

    /// <summary>The kernel refuses it to this user.</summary>
    Denied,

    /// <summary>This kernel or this machine does not have it.</summary>
    Unsupported,

    /// <summary>Reading it went wrong; the reason says how.</summary>
    Failed,

    /// <summary>The last value is older than it should be: the reader has not come back within its deadline.</summary>
    Stale,
}

/// <summary>
/// What one topic said, or why it said nothing. Errors are values: a stream of readings never ends because of one.
/// </summary>
/// <typeparam name="T">What the topic delivers.</typeparam>
/// <param name="Status">How it went.</param>
/// <param name="Value">Present when <paramref name="Status"/> is <see cref="ReadingStatus.Ok"/> or <see cref="ReadingStatus.Stale"/>.</param>
/// <param name="Reason">Why there is no (fresh) value, or not of all, in words for the screen; null when all is well.</param>
/// <param name="Time">Wall-clock time of the reading.</param>
/// <param name="Duration">What the reading took.</param>
public readonly record struct Reading<T>(ReadingStatus Status, T? Value, string? Reason, DateTimeOffset Time, TimeSpan Duration)
    where T : class
{
    /// <summary>The state of a topic before anybody asked for it.</summary>
    public static Reading<T> NoData(string reason) => new(ReadingStatus.NoData, null, reason, default, default);

    /// <summary>A good reading; the poller fills in time and duration.</summary>
    public static Reading<T> Ok(T value) => new(ReadingStatus.Ok, value, null, default, default);

    /// <summary>A reading in which some of those that it is about say nothing; all is well when there is no reason.</summary>
    public static Reading<T> Partly(T value, string? reason) => new(ReadingStatus.Ok, value, reason, default, default);

    /// <summary>No value, and why.</summary>
    public static Reading<T> Missing(ReadingStatus status, string reason) => new(status, null, reason, default, default);
}
