namespace KvmTop.Linux;

/// <summary>An eventfd with which one thread wakes another that waits for descriptors.</summary>
public sealed class WakeUp : IDisposable
{
    private readonly object _gate = new();
    private int _descriptor = Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);

    /// <summary>What the other thread waits for; -1 once this is disposed.</summary>
    public int Descriptor => _descriptor;

    /// <summary>Makes the descriptor readable. From any thread.</summary>
    public unsafe void Wake()
    {
        lock (_gate)
        {
            ulong one = 1;
            if (_descriptor >= 0)
                _ = Libc.write(_descriptor, (byte*)&one, sizeof(ulong));
        }
    }

    /// <summary>Takes what woke, so that the descriptor can be waited for again.</summary>
    public unsafe void Drain()
    {
        ulong count;
        _ = Libc.read(_descriptor, (byte*)&count, sizeof(ulong));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_descriptor >= 0)
                _ = Libc.close(_descriptor);
            _descriptor = -1;
        }
    }
}
