using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>fcntl(2): who has locked a part of a file.</summary>
internal static partial class Libc
{
    internal const int F_OFD_GETLK = 36;
    internal const short F_WRLCK = 1, F_UNLCK = 2;

    /// <summary>struct flock of a 64-bit machine.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct FileLock
    {
        internal short Type;
        internal short Whence;
        internal long Start;
        internal long Length;
        internal int Pid;
    }

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int fcntl(int fd, int command, FileLock* argument);
}
