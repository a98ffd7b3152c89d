using System.Reactive.Concurrency;
using System.Reactive.Disposables;

namespace KvmTop.Streams;

/// <summary>
/// One thread that carries out what is scheduled, in order of time, and itself waits for the next. EventLoopScheduler has a timer, a thread of the pool and a semaphore between the
/// moment and its thread: on a busy host each of them waits for a CPU, and a tick is late by the sum. The thread starts with the first thing to do.
/// </summary>
/// <param name="name">The thread's name.</param>
public sealed class LoopScheduler(string name) : LocalScheduler, IDisposable
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromHours(1);

    private readonly object _gate = new();
    private readonly SchedulerQueue<TimeSpan> _queue = new();
    private IStopwatch? _clock;
    private bool _disposed;

    /// <inheritdoc/>
    public override IDisposable Schedule<TState>(TState state, TimeSpan dueTime, Func<IScheduler, TState, IDisposable> action)
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return Disposable.Empty;
            }

            if (_clock is null)
            {
                _clock = StartStopwatch();
                new Thread(Run) { IsBackground = true, Name = name }.Start();
            }

            var item = new ScheduledItem<TimeSpan, TState>(this, state, action, _clock.Elapsed + (dueTime > TimeSpan.Zero ? dueTime : TimeSpan.Zero));
            _queue.Enqueue(item);
            Monitor.Pulse(_gate);
            return item;
        }
    }

    /// <summary>Ends the thread after what it is doing now; the rest is not done, nor is what is scheduled from now on.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            Monitor.Pulse(_gate);
        }
    }

    private void Run()
    {
        while (Next() is { } item)
        {
            if (!item.IsCanceled)
            {
                item.Invoke();
            }
        }
    }

    /// <summary>Waits for the next thing to do; null when there will be none.</summary>
    private ScheduledItem<TimeSpan>? Next()
    {
        lock (_gate)
        {
            while (!_disposed)
            {
                if (_queue.Count == 0)
                {
                    Monitor.Wait(_gate);
                    continue;
                }

                var wait = _queue.Peek().DueTime - _clock!.Elapsed;
                if (wait <= TimeSpan.Zero)
                {
                    return _queue.Dequeue();
                }

                // To the millisecond, rounded up: woken a little early it would only wait again.
                Monitor.Wait(_gate, (int)Math.Ceiling((wait < s_longestWait ? wait : s_longestWait).TotalMilliseconds));
            }

            return null;
        }
    }
}
