using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace KvmTop.Linux;

/// <summary>What a file has besides its bytes: owner, group, mode, extended attributes (xattr(7): ACLs, SELinux labels), and room that is its own on the disk.</summary>
public static unsafe partial class FileTraits
{
    private const string Library = "libc";
    private const int KeepSize = 1;
    private const int MostNames = 64 << 10, LargestValue = 64 << 10;

    /// <summary>Gives one open file all that another has, and takes nothing for granted: an error when anything of it could not be given.</summary>
    public static Errno Copy(SafeFileHandle from, SafeFileHandle to)
    {
        var (source, target) = ((int)from.DangerousGetHandle(), (int)to.DangerousGetHandle());
        var raw = stackalloc byte[Libc.StatxSize];
        var mine = stackalloc byte[Libc.StatxSize];
        const int emptyPath = 0x1000;
        if (Libc.statx(source, "", emptyPath, Libc.STATX_BASIC_STATS, raw) != 0 || Libc.statx(target, "", emptyPath, Libc.STATX_BASIC_STATS, mine) != 0)
            return (Errno)Marshal.GetLastPInvokeError();
        var (uid, gid) = (*(uint*)(raw + Libc.StatxUid), *(uint*)(raw + Libc.StatxGid));

        // The owner first: a change of it takes bits of the mode away.
        if ((uid != *(uint*)(mine + Libc.StatxUid) || gid != *(uint*)(mine + Libc.StatxGid)) && fchown(target, uid, gid) != 0)
            return (Errno)Marshal.GetLastPInvokeError();
        if (fchmod(target, (uint)(*(ushort*)(raw + Libc.StatxMode) & 0xFFF)) != 0)
            return (Errno)Marshal.GetLastPInvokeError();
        return CopyAttributes(source, target);
    }

    /// <summary>Reserves room behind the end of a file, without making it longer: what is appended later finds it even when the disk is full by then. ENOSPC when there is none; none of it on file systems that cannot.</summary>
    public static Errno Reserve(SafeFileHandle file, long length, long room)
    {
        if (fallocate((int)file.DangerousGetHandle(), KeepSize, length, room) == 0)
            return Errno.None;
        var errno = (Errno)Marshal.GetLastPInvokeError();
        return errno is Errno.ENOSPC or Errno.EDQUOT ? errno : Errno.None;
    }

    /// <summary>Brings to the disk which names a folder has: a file that was put there by renaming is there after a loss of power too.</summary>
    public static void FlushFolder(string path)
    {
        var fd = Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC | Libc.O_NONBLOCK);
        if (fd < 0)
            return;
        _ = fsync(fd);
        _ = Libc.close(fd);
    }

    private static Errno CopyAttributes(int source, int target)
    {
        var names = new byte[MostNames];
        var length = 0;
        fixed (byte* p = names)
            length = (int)flistxattr(source, p, names.Length);
        if (length < 0)
            return (Errno)Marshal.GetLastPInvokeError() is Errno.EOPNOTSUPP ? Errno.None : (Errno)Marshal.GetLastPInvokeError();

        var (value, own) = (new byte[LargestValue], new byte[LargestValue]);
        foreach (var name in Encoding.UTF8.GetString(names, 0, length).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            // Seals on the old bytes; the kernel makes them anew.
            if (name is "security.ima" or "security.evm")
                continue;
            fixed (byte* v = value, o = own)
            {
                var size = fgetxattr(source, name, v, value.Length);
                if (size < 0)
                    return (Errno)Marshal.GetLastPInvokeError();
                var had = fgetxattr(target, name, o, own.Length);
                if (had != size || !value.AsSpan(0, (int)size).SequenceEqual(own.AsSpan(0, (int)size)))
                {
                    if (fsetxattr(target, name, v, size, 0) != 0)
                        return (Errno)Marshal.GetLastPInvokeError();
                }
            }
        }

        return Errno.None;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fchown(int fd, uint uid, uint gid);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fchmod(int fd, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fallocate(int fd, int mode, long offset, long length);

    [LibraryImport(Library)]
    private static partial int fsync(int fd);

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint flistxattr(int fd, byte* list, nint size);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint fgetxattr(int fd, string name, byte* value, nint size);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int fsetxattr(int fd, string name, byte* value, nint size, int flags);
}
