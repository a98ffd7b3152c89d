namespace KvmTop.Linux;

/// <summary>Waits until one of several sockets has something, or somebody calls <see cref="Wake"/> (poll(2) with an eventfd). Used by one thread, but for Wake.</summary>
public sealed class SocketPoll : IDisposable
{
    private Libc.PollFd[] _entries = new Libc.PollFd[64];
    private int _count = 1;
    private int _wake = Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);

    /// <summary>Forgets all sockets.</summary>
    public void Clear() => _count = 1;

    /// <summary>Adds a socket; the answer is its number for <see cref="IsReady"/>.</summary>
    public int Add(HostSocket socket, bool toSend)
    {
        if (_count == _entries.Length)
            Array.Resize(ref _entries, _entries.Length * 2);
        _entries[_count] = new Libc.PollFd { Fd = socket.Handle, Events = (short)(Libc.POLLIN | (toSend ? Libc.POLLOUT : 0)) };
        return _count++;
    }

    /// <summary>Waits; a negative time is for ever.</summary>
    public unsafe void Wait(TimeSpan atMost)
    {
        var milliseconds = atMost < TimeSpan.Zero ? -1 : (int)Math.Min(Math.Ceiling(atMost.TotalMilliseconds), int.MaxValue);
        _entries[0] = new Libc.PollFd { Fd = _wake, Events = Libc.POLLIN };
        fixed (Libc.PollFd* p = _entries)
        {
            if (Libc.poll(p, (nuint)_count, milliseconds) <= 0)
            {
                for (var i = 0; i < _count; i++)
                    p[i].Returned = 0;
            }

            if (p[0].Returned != 0)
            {
                ulong count;
                _ = Libc.read(_wake, (byte*)&count, sizeof(ulong));
            }
        }
    }

    /// <summary>True when a socket can be read, can be written to if that was asked, or is broken.</summary>
    public bool IsReady(int number) => _entries[number].Returned != 0;

    /// <summary>Ends the wait that is going on, or the next one. From any thread.</summary>
    public unsafe void Wake()
    {
        ulong one = 1;
        var fd = Volatile.Read(ref _wake);
        if (fd >= 0)
            _ = Libc.write(fd, (byte*)&one, sizeof(ulong));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        var fd = Interlocked.Exchange(ref _wake, -1);
        if (fd >= 0)
            _ = Libc.close(fd);
    }
}
