using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>Memory that is shared with the kernel (mmap(2)), and requests to what is behind a descriptor (ioctl(2)): KVM and perf use both.</summary>
internal static partial class Libc
{
    internal const int PROT_READ = 1, PROT_WRITE = 2;
    internal const int MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, nint argument);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int ioctl(int fd, nuint request, byte* argument);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint mmap(nint address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int munmap(nint address, nuint length);
}
