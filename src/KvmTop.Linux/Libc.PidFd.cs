using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>System calls on processes by descriptor (pidfd_open(2), pidfd_getfd(2)); the C library before 2.36 has no names for them.</summary>
internal static partial class Libc
{
    // The same numbers on every architecture: they came after the tables were unified.
    internal const int SYS_pidfd_send_signal = 424;
    internal const int SYS_pidfd_open = 434;
    internal const int SYS_pidfd_getfd = 438;

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint syscall(nint number, nint first, nint second, nint third);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint syscall(nint number, nint first, nint second, nint third, nint fourth);
}
