using System.Reactive.Concurrency;
using System.Reactive.Disposables;
using System.Reactive.Linq;

namespace KvmTop.Streams;

/// <summary>One tick. A class, like all that flows through operators here: over value types the runtime would have to compile them anew at each start.</summary>
/// <param name="Number">Counts from 0.</param>
public sealed record Tick(long Number);

/// <summary>Sources of ticks.</summary>
public static class Poll
{
    /// <summary>
    /// Ticks now and then once per <paramref name="interval"/>, counted from the first tick, on <paramref name="scheduler"/>. Ticks that were missed
    /// because the observer took longer, or the machine slept, are skipped: there is never a burst of zero-length intervals, which is what
    /// Observable.Interval makes of them.
    /// </summary>
    /// <param name="interval">From tick to tick.</param>
    /// <param name="scheduler">Its stopwatch is the clock: a wall clock that jumps changes nothing.</param>
    /// <param name="first">When the second tick comes, if sooner: rates need two readings, and nobody wants to wait for the second.</param>
    public static IObservable<Tick> Every(TimeSpan interval, IScheduler scheduler, TimeSpan? first = null) =>
        Observable.Create<Tick>(observer =>
        {
            var clock = scheduler.StartStopwatch();
            var due = TimeSpan.Zero;
            var number = 0L;
            var next = new SerialDisposable();
            // Apart from the others: its tick may have scheduled the next before this thread gets to keep what it was given, and would take that for the one to be replaced.
            var started = scheduler.Schedule(Tick);
            return StableCompositeDisposable.Create(started, next);

            void Tick()
            {
                observer.OnNext(new Tick(number));
                due += number++ == 0 && first is { } soon && soon < interval ? soon : interval;
                var now = clock.Elapsed;
                if (due <= now)
                {
                    due += interval * (Math.Floor((now - due) / interval) + 1);
                }

                next.Disposable = scheduler.Schedule(due - now, Tick);
            }
        });
}
