using System.Globalization;
using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>A file that is in memory alone (memfd_create(2)), for handing bytes to a program that wants a path. Gone with this object or process.</summary>
public sealed class MemoryFile : IDisposable
{
    private int _fd;

    private MemoryFile(int fd) => _fd = fd;

    /// <summary>A path to it for this user's other processes.</summary>
    public string Path => string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{_fd}");

    /// <summary>Makes one with these bytes.</summary>
    public static unsafe Errno Create(string name, ReadOnlySpan<byte> content, out MemoryFile? file)
    {
        file = null;
        var fd = Libc.memfd_create(name, Libc.MFD_CLOEXEC);
        if (fd < 0)
            return (Errno)Marshal.GetLastPInvokeError();

        for (var at = 0; at < content.Length;)
        {
            nint n;
            fixed (byte* p = content)
                n = Libc.pwrite64(fd, p + at, content.Length - at, at);
            if (n <= 0)
            {
                var errno = (Errno)Marshal.GetLastPInvokeError();
                _ = Libc.close(fd);
                return errno;
            }

            at += (int)n;
        }

        file = new MemoryFile(fd);
        return Errno.None;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_fd >= 0)
        {
            _ = Libc.close(_fd);
            _fd = -1;
        }
    }
}
