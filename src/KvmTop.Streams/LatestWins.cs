namespace KvmTop.Streams;

/// <summary>
/// Hands values from one thread to another and keeps only the newest: a screen that falls behind shows the present, not a queue of the past.
/// </summary>
/// <param name="wake">Called on the writer's thread after each value; it must be safe to call from there.</param>
public sealed class LatestWins<T>(Action wake) : IObserver<T>
    where T : class
{
    private T? _latest;
    private Exception? _error;

    /// <summary>Takes the newest value out, or null when there has been none since the last take.</summary>
    /// <exception cref="InvalidOperationException">The stream ended with an error, which none of ours may.</exception>
    public T? Take() =>
        Volatile.Read(ref _error) is { } error
            ? throw new InvalidOperationException("The stream of snapshots ended.", error)
            : Interlocked.Exchange(ref _latest, null);

    /// <inheritdoc/>
    public void OnNext(T value)
    {
        Interlocked.Exchange(ref _latest, value);
        wake();
    }

    /// <inheritdoc/>
    public void OnError(Exception error)
    {
        Volatile.Write(ref _error, error);
        wake();
    }

    /// <inheritdoc/>
    public void OnCompleted() => wake();
}
