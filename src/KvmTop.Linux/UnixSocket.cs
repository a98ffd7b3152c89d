using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace KvmTop.Linux;

/// <summary>A non-blocking connection to a unix stream socket of the running machine.</summary>
internal sealed class UnixSocket : HostSocket
{
    // struct sockaddr_un { u16 family; char path[108]; }
    private const int AddressSize = 110;
    private const int LongestPath = 107;

    private int _fd;

    private UnixSocket(int fd, int peer) => (_fd, PeerPid) = (fd, peer);

    public override int Handle => _fd;

    public override int PeerPid { get; }

    /// <summary>
    /// Connects at once or not at all: for a unix socket the kernel queues the connection with the listener, or says EAGAIN when its queue is full.
    /// There is nothing in between that one could give up half-way.
    /// </summary>
    /// <param name="path">The socket's file, or "@name" for one in the abstract namespace.</param>
    /// <param name="socket">The connection, or null.</param>
    public static Errno Connect(string path, out HostSocket? socket)
    {
        socket = null;
        if (path.StartsWith('@'))
        {
            var name = Encoding.UTF8.GetBytes(path);
            name[0] = 0;
            return Connect(name, out socket);
        }

        var bytes = Encoding.UTF8.GetBytes(path);
        if (bytes.Length <= LongestPath)
            return Connect(bytes, out socket);

        // An address holds no more; the folder's descriptor makes any path short.
        var slash = path.LastIndexOf('/');
        var folder = Libc.open(path[..Math.Max(slash, 1)], Libc.O_PATH | Libc.O_DIRECTORY | Libc.O_CLOEXEC);
        if (folder < 0)
            return (Errno)Marshal.GetLastPInvokeError();
        try
        {
            bytes = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{folder}/{path[(slash + 1)..]}"));
            return bytes.Length <= LongestPath ? Connect(bytes, out socket) : Errno.ENAMETOOLONG;
        }
        finally
        {
            _ = Libc.close(folder);
        }
    }

    public override unsafe int Send(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* p = bytes)
        {
            while (true)
            {
                var n = (int)Libc.send(_fd, p, bytes.Length, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL);
                if (n >= 0)
                    return n;
                var errno = Marshal.GetLastPInvokeError();
                if (errno != (int)Errno.EINTR)
                    return -errno;
            }
        }
    }

    public override unsafe int Receive(Span<byte> buffer)
    {
        fixed (byte* p = buffer)
        {
            while (true)
            {
                var n = (int)Libc.recv(_fd, p, buffer.Length, Libc.MSG_DONTWAIT);
                if (n >= 0)
                    return n;
                var errno = Marshal.GetLastPInvokeError();
                if (errno != (int)Errno.EINTR)
                    return -errno;
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        var fd = Interlocked.Exchange(ref _fd, -1);
        if (fd >= 0)
            _ = Libc.close(fd);
    }

    private static unsafe Errno Connect(ReadOnlySpan<byte> name, out HostSocket? socket)
    {
        socket = null;
        if (name.Length > LongestPath)
            return Errno.ENAMETOOLONG;

        var fd = Libc.socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
        if (fd < 0)
            return (Errno)Marshal.GetLastPInvokeError();

        var address = stackalloc byte[AddressSize];
        new Span<byte>(address, AddressSize).Clear();
        address[0] = Libc.AF_UNIX;
        name.CopyTo(new Span<byte>(address + 2, LongestPath));
        // An abstract name is as long as it says; a path ends with a zero.
        var length = 2 + name.Length + (name.Length > 0 && name[0] == 0 ? 0 : 1);
        if (Libc.connect(fd, address, length) != 0)
        {
            var errno = (Errno)Marshal.GetLastPInvokeError();
            _ = Libc.close(fd);
            return errno;
        }

        // struct ucred { pid, uid, gid } of who called listen(2).
        var credentials = stackalloc int[3];
        var size = 3 * sizeof(int);
        var peer = Libc.getsockopt(fd, Libc.SOL_SOCKET, Libc.SO_PEERCRED, credentials, &size) == 0 ? credentials[0] : 0;
        socket = new UnixSocket(fd, peer);
        return Errno.None;
    }
}
