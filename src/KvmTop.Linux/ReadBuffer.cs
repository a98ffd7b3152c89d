namespace KvmTop.Linux;

/// <summary>
/// A buffer that is reused for reading kernel files, whose sizes stat(2) does not know. It grows to what a file needs and stays there.
/// Not thread-safe: a collector has its own.
/// </summary>
public sealed class ReadBuffer(int capacity = 8192, int limit = ReadBuffer.DefaultLimit)
{
    /// <summary>Files beyond this are cut there: nothing that we read is longer, except by somebody's intent.</summary>
    public const int DefaultLimit = 8 << 20;

    private byte[] _bytes = new byte[capacity];

    /// <summary>
    /// Reads a file that the kernel produces in one piece (stat, schedstat, io, cgroup, a sysfs attribute): a read that does not fill the buffer has
    /// brought all of it. The span is valid until the next read with this buffer, and empty on an error.
    /// </summary>
    public ReadOnlySpan<byte> ReadRecord(HostFile file, out Errno errno)
    {
        var n = file.ReadAt(0, _bytes);
        if (n == _bytes.Length)
        {
            return ReadAll(file, out errno);
        }

        errno = n < 0 ? (Errno)(-n) : Errno.None;
        return n <= 0 ? default : _bytes.AsSpan(0, n);
    }

    /// <summary>Reads a file to its end, in as many reads as it takes, up to the limit. The span is valid until the next read, and empty on an error.</summary>
    public ReadOnlySpan<byte> ReadAll(HostFile file, out Errno errno)
    {
        var used = 0;
        while (true)
        {
            if (used == _bytes.Length)
            {
                if (used >= limit)
                {
                    errno = Errno.None;
                    return _bytes.AsSpan(0, used);
                }

                Array.Resize(ref _bytes, Math.Min(_bytes.Length * 2, limit));
            }

            var n = file.ReadAt(used, _bytes.AsSpan(used));
            if (n < 0)
            {
                errno = (Errno)(-n);
                return default;
            }

            if (n == 0)
            {
                errno = Errno.None;
                return _bytes.AsSpan(0, used);
            }

            used += n;
        }
    }

    /// <summary>Opens, reads what the kernel produces in one piece, and closes.</summary>
    public ReadOnlySpan<byte> ReadRecord(HostRoot host, string path, out Errno errno)
    {
        errno = host.Open(path, out var file);
        if (file is null)
        {
            return default;
        }

        using (file)
        {
            return ReadRecord(file, out errno);
        }
    }

    /// <summary>Opens, reads to the end and closes: for files that are read once or rarely.</summary>
    public ReadOnlySpan<byte> ReadAll(HostRoot host, string path, out Errno errno)
    {
        errno = host.Open(path, out var file);
        if (file is null)
        {
            return default;
        }

        using (file)
        {
            return ReadAll(file, out errno);
        }
    }
}
