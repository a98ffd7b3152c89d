using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>Reading without keeping the error number: hundreds of times a tick it counts, and the rare read that fails is made again to learn why.</summary>
internal static partial class Libc
{
    [LibraryImport(Library, EntryPoint = "pread64")]
    internal static unsafe partial nint pread64_unexplained(int fd, byte* buffer, nint count, long offset);
}
