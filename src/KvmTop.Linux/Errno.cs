namespace KvmTop.Linux;

/// <summary>The kernel's error numbers that a reader of /proc and /sys meets (asm-generic values; the same on x86, ARM and s390).</summary>
public enum Errno
{
    None = 0,
    EPERM = 1,
    ENOENT = 2,
    ESRCH = 3,
    EINTR = 4,
    EIO = 5,
    EBADF = 9,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EBUSY = 16,
    EEXIST = 17,
    ENODEV = 19,
    ENOTDIR = 20,
    EISDIR = 21,
    EINVAL = 22,
    ENFILE = 23,
    EMFILE = 24,
    ENOTTY = 25,
    EFBIG = 27,
    ENOSPC = 28,
    ESPIPE = 29,
    EROFS = 30,
    EPIPE = 32,
    ENAMETOOLONG = 36,
    ENOSYS = 38,
    ELOOP = 40,
    ENODATA = 61,
    EOVERFLOW = 75,
    EOPNOTSUPP = 95,
    ECONNRESET = 104,
    ECONNREFUSED = 111,
    EDQUOT = 122,
}

/// <summary>What an <see cref="Errno"/> means to somebody who looks at a missing figure.</summary>
public static class ErrnoText
{
    /// <summary>The process or the file went away while it was being read: not a failure, the thing has ended.</summary>
    public static bool IsGone(this Errno errno) => errno is Errno.ENOENT or Errno.ESRCH;

    /// <summary>More privilege would help.</summary>
    public static bool IsDenied(this Errno errno) => errno is Errno.EPERM or Errno.EACCES;

    /// <summary>A short English phrase for the screen.</summary>
    public static string Describe(this Errno errno) => errno switch
    {
        Errno.None => "no error",
        Errno.EPERM => "not permitted",
        Errno.EACCES => "permission denied",
        Errno.ENOENT => "no such file",
        Errno.ESRCH => "process gone",
        Errno.EIO => "input/output error",
        Errno.EAGAIN => "not ready",
        Errno.EOPNOTSUPP => "not supported by this kernel",
        Errno.ECONNREFUSED => "nobody listens",
        Errno.EMFILE or Errno.ENFILE => "too many open files",
        Errno.EFBIG => "larger than expected",
        Errno.ENOSPC or Errno.EDQUOT => "no space left",
        Errno.EISDIR => "it is a folder",
        Errno.ENOTDIR => "not a folder",
        Errno.ELOOP => "too many links",
        Errno.EROFS => "read-only file system",
        _ => errno.ToString(),
    };
}
