namespace KvmTop.Collectors;

/// <summary>Objects that several collectors of one run share: made on first use, disposed with the run. Used from the collector thread only.</summary>
public sealed class CollectorServices : IDisposable
{
    private readonly Dictionary<Type, object> _services = [];

    /// <summary>The one <typeparamref name="T"/> of this run.</summary>
    public T Get<T>(Func<T> create)
        where T : class
    {
        if (!_services.TryGetValue(typeof(T), out var service))
        {
            _services.Add(typeof(T), service = create());
        }

        return (T)service;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var service in _services.Values.OfType<IDisposable>())
        {
            service.Dispose();
        }

        _services.Clear();
    }
}
