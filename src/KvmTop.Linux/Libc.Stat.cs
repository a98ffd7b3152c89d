using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>statx(2): whose a file is and who may use it.</summary>
internal static partial class Libc
{
    internal const int AT_FDCWD = -100;
    internal const uint STATX_BASIC_STATS = 0x7ff;

    /// <summary>Size of struct statx, and where its fields are; the same on every architecture.</summary>
    internal const int StatxSize = 256, StatxLinks = 16, StatxUid = 20, StatxGid = 24, StatxMode = 28, StatxDeviceMajor = 128, StatxDeviceMinor = 132;

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int statx(int directory, string path, int flags, uint mask, byte* result);
}
