using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>System calls on processes by descriptor (pidfd_open(2), pidfd_getfd(2)) and waiting for their end (epoll(7)). The C library before 2.36 has no names for the first two.</summary>
internal static partial class Libc
{
    // The same numbers on every architecture: they came after the tables were unified.
    internal const int SYS_pidfd_open = 434;
    internal const int SYS_pidfd_getfd = 438;
    internal const short POLLIN = 1;
    internal const int EPOLL_CLOEXEC = O_CLOEXEC;
    internal const int EPOLL_CTL_ADD = 1;
    internal const uint EPOLLIN = 1;

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint syscall(nint number, nint first, nint second, nint third);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int poll(PollFd* fds, nuint count, int milliseconds);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int epoll_create1(int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int epoll_ctl(int epoll, int operation, int fd, byte* epollEvent);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int epoll_wait(int epoll, byte* events, int count, int milliseconds);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollFd
    {
        public int Fd;
        public short Events;
        public short Returned;
    }
}
