using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>memfd_create(2) and writing to it.</summary>
internal static partial class Libc
{
    internal const uint MFD_CLOEXEC = 1;

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int memfd_create(string name, uint flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial nint pwrite64(int fd, byte* buffer, nint count, long offset);
}
