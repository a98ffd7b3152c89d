namespace KvmTop.Linux;

/// <summary>A connection to a unix socket of a host's process. Nothing here waits.</summary>
public abstract class HostSocket : IDisposable
{
    /// <summary>The descriptor to poll, or -1 for a peer that has answered by the time <see cref="Send"/> returns (a simulated one).</summary>
    public abstract int Handle { get; }

    /// <summary>The process that listens there, by SO_PEERCRED: who made the socket, whatever its path says. 0 when the kernel does not tell.</summary>
    public abstract int PeerPid { get; }

    /// <summary>Sends what fits; the number of bytes, or the negated error number (-EAGAIN when nothing fits now).</summary>
    public abstract int Send(ReadOnlySpan<byte> bytes);

    /// <summary>Takes what is there; 0 when the peer has hung up, else the number of bytes, or the negated error number (-EAGAIN when nothing is there).</summary>
    public abstract int Receive(Span<byte> buffer);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Hangs up.</summary>
    protected abstract void Dispose(bool disposing);
}
