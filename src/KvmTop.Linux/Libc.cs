using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>The handful of C library calls that .NET has no face for. Everything above works with <see cref="HostRoot"/>.</summary>
internal static partial class Libc
{
    private const string Library = "libc";

    internal const int O_RDONLY = 0;
    internal const int O_RDWR = 2;
    internal const int O_NONBLOCK = 0x800;
    internal const int O_CLOEXEC = 0x80000;
    internal const int RLIMIT_NOFILE = 7;
    internal const int _SC_CLK_TCK = 2;
    internal const int _SC_PAGESIZE = 30;

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    [LibraryImport(Library)]
    internal static partial int close(int fd);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial nint pread64(int fd, byte* buffer, nint count, long offset);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial nint readlink(string path, byte* buffer, nint size);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int access(string path, int mode);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial nint getdents64(int fd, byte* buffer, nint size);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int getrlimit(int resource, ulong* limits);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int setrlimit(int resource, ulong* limits);

    [LibraryImport(Library)]
    internal static partial long sysconf(int name);

    [LibraryImport(Library)]
    internal static partial uint geteuid();
}
