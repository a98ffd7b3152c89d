using System.Reactive.Concurrency;
using KvmTop.Collectors;
using KvmTop.Collectors.Checks;
using KvmTop.Linux;

namespace KvmTop.Screen;

/// <summary>
/// The latest findings of the checks. They run on a thread of their own, some seconds after the start and every few minutes, and more often while somebody
/// looks at them.
/// </summary>
/// <param name="host">The files.</param>
/// <param name="scheduler">Where checks run: a program that they ask may take its time.</param>
/// <param name="changed">Called from there when there is a new report.</param>
internal sealed class CheckBoard(HostRoot host, IScheduler scheduler, Action changed)
{
    // The first screens belong to what people came for, and rates of the first seconds are rough.
    private const long FirstAt = 4;

    private static readonly TimeSpan s_pace = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_watchedPace = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    private CheckReport? _report;
    private long _startedAt;
    private bool _started;
    private int _running;

    /// <summary>What the checks found last; null before the first time.</summary>
    public CheckReport? Report => Volatile.Read(ref _report);

    /// <summary>For how long the checks have been running, when that is longer than they should take: what is shown is the report before. Null when all is well.</summary>
    public TimeSpan? Overdue => Volatile.Read(ref _running) != 0 && host.Time.GetElapsedTime(_startedAt) is var time && time > s_deadline ? time : null;

    /// <summary>Checks when it is time to.</summary>
    /// <param name="snapshot">The moment.</param>
    /// <param name="watched">Somebody looks at the findings.</param>
    public void Consider(Snapshot snapshot, bool watched)
    {
        var due = !_started ? watched ? snapshot.Sequence >= 2 : snapshot.Sequence >= FirstAt : host.Time.GetElapsedTime(_startedAt) >= (watched ? s_watchedPace : s_pace);
        if (!due || Interlocked.CompareExchange(ref _running, 1, 0) != 0)
        {
            return;
        }

        (_started, _startedAt) = (true, host.Time.GetTimestamp());
        scheduler.Schedule(() =>
        {
            Volatile.Write(ref _report, CheckReport.Run(CheckCatalog.All, new CheckContext(host, snapshot, host.IsLive ? CheckUser.OfProcess(host) : null)));
            Volatile.Write(ref _running, 0);
            changed();
        });
    }
}
