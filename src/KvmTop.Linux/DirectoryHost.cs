using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace KvmTop.Linux;

/// <summary>The files of a host as they stand below a directory: "/" for the running machine, any other for a captured tree.</summary>
public sealed class DirectoryHost : HostRoot
{
    // Left for everything that is not a kept-open kernel file: sockets, libraries, the terminal, children.
    private const int ReservedDescriptors = 256;

    private readonly string _root;
    private readonly KeyValuePair<string, string>[] _overrides;
    private readonly int _keepAtMost;
    private readonly BorrowedDescriptors _borrowed = new();
    private int _kept;

    /// <param name="root">The directory that stands for "/".</param>
    /// <param name="overrides">Where a tree is mounted elsewhere: "/proc" -> "/host/proc". The longest matching prefix wins.</param>
    /// <param name="time">The clock; the system's when null.</param>
    public DirectoryHost(string root = "/", IReadOnlyDictionary<string, string>? overrides = null, TimeProvider? time = null)
    {
        _root = root.TrimEnd('/');
        _overrides = overrides is null or { Count: 0 } ? [] : [.. overrides.OrderByDescending(o => o.Key.Length)];
        Time = time ?? TimeProvider.System;
        _keepAtMost = DescriptorLimit.Raise() - ReservedDescriptors;
    }

    /// <inheritdoc/>
    public override bool IsLive => _root.Length == 0 && _overrides.Length == 0;

    /// <inheritdoc/>
    public override string? Label => _root.Length == 0 ? null : "captured";

    /// <inheritdoc/>
    public override TimeProvider Time { get; }

    /// <inheritdoc/>
    public override Errno Open(string path, out HostFile? file)
    {
        file = null;
        var full = Map(path);
        var fd = Libc.open(full, Libc.O_RDONLY | Libc.O_CLOEXEC | Libc.O_NONBLOCK);
        if (fd < 0)
        {
            return (Errno)Marshal.GetLastPInvokeError();
        }

        if (Interlocked.Increment(ref _kept) > _keepAtMost)
        {
            // Over the limit the file still works, at the price of opening it for each read.
            Interlocked.Decrement(ref _kept);
            _ = Libc.close(fd);
            file = new ReopenedFile(full);
        }
        else
        {
            file = new KeptFile(this, fd);
        }

        return Errno.None;
    }

    /// <inheritdoc/>
    public override Errno OpenDescriptor(int pid, int fd, out HostFile? file)
    {
        if (!IsLive)
        {
            return base.OpenDescriptor(pid, fd, out file);
        }

        file = null;
        if (Interlocked.Increment(ref _kept) > _keepAtMost)
        {
            Interlocked.Decrement(ref _kept);
            return Errno.EMFILE;
        }

        var errno = _borrowed.Open(pid, fd, () => Interlocked.Decrement(ref _kept), out file);
        if (file is null)
        {
            Interlocked.Decrement(ref _kept);
        }

        return errno;
    }

    /// <inheritdoc/>
    public override unsafe Errno ReadLink(string path, Span<byte> target, out int length)
    {
        fixed (byte* p = target)
        {
            var n = Libc.readlink(Map(path), p, target.Length);
            length = (int)Math.Max(n, 0);
            return n < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None;
        }
    }

    /// <inheritdoc/>
    public override Errno List(string path, List<string> names) =>
        Enumerate(path, names, static (name, _, names) =>
        {
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
            {
                names.Add(Encoding.UTF8.GetString(name));
            }
        });

    /// <inheritdoc/>
    public override Errno ListNumbers(string path, List<NumberedEntry> entries) =>
        Enumerate(path, entries, static (name, inode, entries) =>
        {
            if (System.Buffers.Text.Utf8Parser.TryParse(name, out int number, out var used) && used == name.Length)
            {
                entries.Add(new NumberedEntry(number, inode));
            }
        });

    /// <inheritdoc/>
    public override bool Exists(string path) => Libc.access(Map(path), 0) == 0;

    /// <inheritdoc/>
    public override Errno Stat(string path, out FileFacts facts) => FileFacts.Read(Map(path), out facts);

    /// <inheritdoc/>
    public override Errno Connect(string path, out HostSocket? socket) => IsLive ? UnixSocket.Connect(path, out socket) : base.Connect(path, out socket);

    private unsafe Errno Enumerate<TState>(string path, TState state, DirectoryEntryAction<TState> action)
    {
        var fd = Libc.open(Map(path), Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_CLOEXEC);
        if (fd < 0)
        {
            return (Errno)Marshal.GetLastPInvokeError();
        }

        const int size = 16384;
        var buffer = stackalloc byte[size];
        try
        {
            while (true)
            {
                var n = (int)Libc.getdents64(fd, buffer, size);
                if (n <= 0)
                {
                    return n == 0 ? Errno.None : (Errno)Marshal.GetLastPInvokeError();
                }

                // struct linux_dirent64 { u64 ino; s64 off; u16 reclen; u8 type; char name[]; }
                for (var at = 0; at < n;)
                {
                    var entry = new ReadOnlySpan<byte>(buffer + at, n - at);
                    var inode = BinaryPrimitives.ReadUInt64LittleEndian(entry);
                    var recordLength = BinaryPrimitives.ReadUInt16LittleEndian(entry[16..]);
                    var name = entry[19..recordLength];
                    action(name[..name.IndexOf((byte)0)], inode, state);
                    at += recordLength;
                }
            }
        }
        finally
        {
            _ = Libc.close(fd);
        }
    }

    private string Map(string path)
    {
        foreach (var (prefix, place) in _overrides)
        {
            if (path.StartsWith(prefix, StringComparison.Ordinal) && (path.Length == prefix.Length || path[prefix.Length] == '/'))
            {
                return string.Concat(place, path.AsSpan(prefix.Length));
            }
        }

        return _root.Length == 0 ? path : _root + path;
    }

    private delegate void DirectoryEntryAction<in TState>(ReadOnlySpan<byte> name, ulong inode, TState state);

    internal static unsafe int ReadDescriptor(int fd, long offset, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
        {
            while (true)
            {
                var n = (int)Libc.pread64(fd, p, buffer.Length, offset);
                if (n >= 0)
                {
                    return n;
                }

                var errno = Marshal.GetLastPInvokeError();
                if (errno != (int)Errno.EINTR)
                {
                    return -errno;
                }
            }
        }
    }

    /// <summary>
    /// The same for a file that has no positions, such as a number in debugfs (its pread answers ESPIPE): forwards only, so it can be read once for each time that it is opened.
    /// </summary>
    private static unsafe int ReadStream(int fd, ref long position, long offset, Span<byte> buffer)
    {
        if (offset < position || buffer.IsEmpty)
        {
            return -(int)Errno.ESPIPE;
        }

        fixed (byte* p = buffer)
        {
            while (true)
            {
                var wanted = offset > position ? Math.Min(offset - position, buffer.Length) : buffer.Length;
                var n = (int)Libc.read(fd, p, (nint)wanted);
                if (n < 0)
                {
                    var errno = Marshal.GetLastPInvokeError();
                    if (errno != (int)Errno.EINTR)
                    {
                        return -errno;
                    }
                }
                else if (n == 0 || position == offset)
                {
                    position += n;
                    return n;
                }
                else
                {
                    position += n;
                }
            }
        }
    }

    private sealed class KeptFile(DirectoryHost host, int fd) : HostFile
    {
        private int _fd = fd;
        private long _position;

        public override int ReadAt(long offset, Span<byte> buffer)
        {
            if (_fd < 0)
            {
                return -(int)Errno.EBADF;
            }

            var n = ReadDescriptor(_fd, offset, buffer);
            return n == -(int)Errno.ESPIPE ? ReadStream(_fd, ref _position, offset, buffer) : n;
        }

        protected override void Dispose(bool disposing)
        {
            var fd = Interlocked.Exchange(ref _fd, -1);
            if (fd >= 0)
            {
                _ = Libc.close(fd);
                Interlocked.Decrement(ref host._kept);
            }
        }
    }

    private sealed class ReopenedFile(string path) : HostFile
    {
        public override int ReadAt(long offset, Span<byte> buffer)
        {
            var fd = Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC | Libc.O_NONBLOCK);
            if (fd < 0)
            {
                return -Marshal.GetLastPInvokeError();
            }

            var n = ReadDescriptor(fd, offset, buffer);
            if (n == -(int)Errno.ESPIPE)
            {
                long position = 0;
                n = ReadStream(fd, ref position, offset, buffer);
            }

            _ = Libc.close(fd);
            return n;
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
