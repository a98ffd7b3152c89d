using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace KvmTop.Collectors;

/// <summary>
/// Runs reads that can block for as long as somebody else pleases (a command line behind its process's memory lock) on a thread of their own
/// and gives up waiting at a deadline. A thread that is stuck in the kernel cannot be freed; it is left behind, and no more than a few may be.
/// </summary>
internal sealed class DeadlineWorker(TimeSpan deadline, int abandonAtMost = 8) : IDisposable
{
    private BlockingCollection<Action?>? _queue;
    private int _abandoned;

    /// <summary>
    /// Runs <paramref name="read"/> and waits for it until the deadline. The task may still be running then: look at it again later instead of
    /// starting another. Null when too many reads already hang.
    /// </summary>
    [SuppressMessage("Reliability", "CA2000", Justification = "The queue is disposed by its worker thread when it ends.")]
    public Task<T>? Run<T>(Func<T> read)
    {
        if (Volatile.Read(ref _abandoned) >= abandonAtMost)
        {
            return null;
        }

        if (_queue is null)
        {
            var queue = _queue = new BlockingCollection<Action?>(2);
            new Thread(() => Work(queue)) { IsBackground = true, Name = "slow reads" }.Start();
        }

        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var late = 0;
        _queue.Add(() =>
        {
            try
            {
                completion.TrySetResult(read());
            }
            catch (Exception e)
            {
                completion.TrySetException(e);
            }

            if (Interlocked.Exchange(ref late, 1) == 1)
            {
                Interlocked.Decrement(ref _abandoned);
            }
        });

        // Not Task.Wait, which throws what the read threw.
        if (Task.WaitAny([completion.Task], deadline) == 0)
        {
            return completion.Task;
        }

        if (Interlocked.Exchange(ref late, 1) == 0)
        {
            // It hangs: its thread serves nobody else, and ends when the kernel lets it go.
            Interlocked.Increment(ref _abandoned);
        }

        _queue.Add(null);
        _queue = null;
        return completion.Task;
    }

    /// <inheritdoc/>
    public void Dispose() => _queue?.Add(null);

    /// <summary>Until it gets a null: completing the collection instead would end the wait with an exception, and the first one of a process takes milliseconds.</summary>
    private static void Work(BlockingCollection<Action?> queue)
    {
        using (queue)
        {
            while (queue.Take() is { } action)
            {
                action();
            }
        }
    }
}
