namespace KvmTop.Linux;

/// <summary>
/// QEMU's locks on the images that it has open (block/file-posix.c): read locks of open file descriptions on byte 100 + n for a permission that is in use, and on byte
/// 200 + n for one that others may not have. Looked at, never taken. Only the running machine's files.
/// </summary>
public static class ImageLock
{
    private const int WriteInUse = 101;
    private const int WriteUnshared = 201;

    /// <summary>True when somebody has the image open in a way that another user of it, who writes or only reads, would break; null when it cannot be looked at.</summary>
    public static bool? IsHeld(string path, bool toWrite)
    {
        var fd = Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC | Libc.O_NONBLOCK);
        if (fd < 0)
            return null;
        try
        {
            var held = IsLocked(fd, WriteInUse);
            return held == false && toWrite ? IsLocked(fd, WriteUnshared) : held;
        }
        finally
        {
            _ = Libc.close(fd);
        }
    }

    private static unsafe bool? IsLocked(int fd, long at)
    {
        // Whoever would write there: a read lock of somebody else stands in the way.
        var wanted = new Libc.FileLock { Type = Libc.F_WRLCK, Start = at, Length = 1 };
        return Libc.fcntl(fd, Libc.F_OFD_GETLK, &wanted) < 0 ? null : wanted.Type != Libc.F_UNLCK;
    }
}
