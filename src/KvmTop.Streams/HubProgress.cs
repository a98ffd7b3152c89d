using System.Reactive.Concurrency;
using KvmTop.Collectors;

namespace KvmTop.Streams;

/// <summary>
/// How the reading goes at this moment. The collector thread writes it, any other may look: a reading that hangs brings no snapshot that could say so.
/// </summary>
/// <param name="clock">The hub's clock.</param>
public sealed class HubProgress(IStopwatch clock)
{
    private Topic? _reading;
    private long _since;
    private long _published;
    private bool _hasPublished;

    /// <summary>Since the tick whose snapshot is the newest began; before the first, since the hub was made.</summary>
    public TimeSpan Age => clock.Elapsed - TimeSpan.FromTicks(Volatile.Read(ref _published));

    /// <summary>What is being read now within a tick; null between readings.</summary>
    public Topic? Reading => Volatile.Read(ref _reading);

    /// <summary>For how long that has been read; zero between readings.</summary>
    public TimeSpan ReadingFor => Reading is null ? TimeSpan.Zero : clock.Elapsed - TimeSpan.FromTicks(Volatile.Read(ref _since));

    /// <summary>There has been a snapshot.</summary>
    public bool HasPublished => Volatile.Read(ref _hasPublished);

    internal void Begin(Topic topic)
    {
        Volatile.Write(ref _since, clock.Elapsed.Ticks);
        Volatile.Write(ref _reading, topic);
    }

    internal void End() => Volatile.Write(ref _reading, null);

    internal void Published(TimeSpan at)
    {
        Volatile.Write(ref _published, at.Ticks);
        Volatile.Write(ref _hasPublished, true);
    }
}
