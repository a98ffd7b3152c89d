using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>Unix sockets and waiting for several of them. .NET's own sockets bring an event engine with threads of its own, which a handful of monitors does not need.</summary>
internal static partial class Libc
{
    internal const int AF_UNIX = 1;
    internal const int SOCK_STREAM = 1;
    internal const int SOL_SOCKET = 1;
    internal const int SO_PEERCRED = 17;
    internal const int MSG_DONTWAIT = 0x40;
    internal const int MSG_NOSIGNAL = 0x4000;
    internal const int O_PATH = 0x200000;
    internal const int EFD_NONBLOCK = 0x800;
    internal const int EFD_CLOEXEC = 0x80000;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int connect(int fd, byte* address, int length);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int getsockopt(int fd, int level, int option, int* value, int* length);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial nint send(int fd, byte* buffer, nint count, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial nint recv(int fd, byte* buffer, nint count, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int eventfd(uint initial, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial nint read(int fd, byte* buffer, nint count);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial nint write(int fd, byte* buffer, nint count);
}
