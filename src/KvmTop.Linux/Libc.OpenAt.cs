using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>Calls that start from an opened folder (openat(2) and its like), so that what was looked at is what is opened.</summary>
internal static partial class Libc
{
    internal const int O_WRONLY = 1;
    internal const int O_CREAT = 0x40;
    internal const int O_APPEND = 0x400;
    internal const int AT_EMPTY_PATH = 0x1000;

    // These two differ between the architectures.
    internal static readonly int O_DIRECTORY = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 : 0x10000;
    internal static readonly int O_NOFOLLOW = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    // Variadic in C; the mode is an int there on every architecture that we know, passed like any other.
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int openat(int folder, string name, int flags, int mode);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mkdirat(int folder, string name, int mode);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial nint readlinkat(int folder, string name, byte* buffer, nint size);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fchmod(int fd, int mode);
}
