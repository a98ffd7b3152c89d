using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KvmTop.Linux;

/// <summary>Why a file or folder is not used.</summary>
/// <param name="Reason">In words, with the path that is at fault. May hold what a path holds: clean it before a terminal sees it.</param>
/// <param name="Errno">The error of the call that failed; <see cref="Errno.None"/> when none did, but somebody else could have changed it or it is no file.</param>
/// <param name="IsFolder">The fault is with a folder above it; whether the file itself is there was not looked at.</param>
public sealed record FileRefusal(string Reason, Errno Errno, bool IsFolder)
{
    /// <summary>There is no such file.</summary>
    public bool IsMissing => Errno == Errno.ENOENT;
}

/// <summary>What a <see cref="TrustedFile"/> is opened for.</summary>
public enum FileUse
{
    /// <summary>To read it.</summary>
    Read,

    /// <summary>To write at its end; made, for its owner alone, when there is none.</summary>
    Append,

    /// <summary>To read and write it; made, for its owner alone, when there is none.</summary>
    Update,
}

/// <summary>
/// The one way to files that this program obeys: configuration, themes, definitions, journal, lock, the folders of what it runs. Opened once, and the opened file is what
/// is judged and read: a regular file of root's or ours that nobody else may write, below folders of the same kind (<see cref="TrustedWalk"/>). Never waits for a pipe.
/// </summary>
public static class TrustedFile
{
    private const int OwnerFile = 0x180;
    private const int OwnerFolder = 0x1C0;

    /// <summary>Reads a file. Null, with its bytes; else why not.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">More bytes than these are refused.</param>
    /// <param name="bytes">What it holds; empty when it is refused.</param>
    /// <param name="groupAbove">As of <see cref="Open"/>.</param>
    public static FileRefusal? Read(string path, int most, out byte[] bytes, bool groupAbove = false)
    {
        bytes = [];
        if (Open(path, FileUse.Read, out var file, groupAbove) is { } refusal)
            return refusal;
        using (file)
            return DescriptorText.Read(Number(file!), path, most, deadline: null, out bytes);
    }

    /// <summary>Opens a file. Null, with the file; else why not.</summary>
    /// <param name="path">The file.</param>
    /// <param name="use">What for.</param>
    /// <param name="file">To be disposed.</param>
    /// <param name="groupAbove">Folders further above may be their group's to write, as Ubuntu's /var/log is; the file's own folder never.</param>
    public static FileRefusal? Open(string path, FileUse use, out SafeFileHandle? file, bool groupAbove = false)
    {
        file = null;
        using var walk = new TrustedWalk(groupAbove);
        if (walk.ToFile(path, makesIt: use != FileUse.Read) is { } refusal)
            return refusal;

        // Looked at by now, so that no device and no pipe is opened; looked at again once it is open.
        if (walk.IsThere && TrustedWalk.FileFault(walk.Facts, walk.Shown, walk.IsShared) is { } first)
            return new(first, Errno.None, IsFolder: false);
        var flags = use switch { FileUse.Read => Libc.O_RDONLY, FileUse.Append => Libc.O_WRONLY | Libc.O_APPEND, _ => Libc.O_RDWR } | (use == FileUse.Read ? 0 : Libc.O_CREAT);
        var fd = Libc.openat(walk.Folder, walk.Name, flags | Libc.O_NOFOLLOW | Libc.O_NONBLOCK | Libc.O_CLOEXEC, OwnerFile);
        if (fd < 0)
            return Failed(walk.Shown, (Errno)Marshal.GetLastPInvokeError());
        var opened = new SafeFileHandle(fd, ownsHandle: true);
        var errno = FileFacts.Read(fd, out var facts);
        var fault = errno != Errno.None ? Failed(walk.Shown, errno)
            : TrustedWalk.FileFault(facts, walk.Shown, walk.IsShared) is { } second ? new(second, Errno.None, IsFolder: false)
            : null;
        if (fault is null)
            file = opened;
        else
            opened.Dispose();
        return fault;
    }

    /// <summary>Whether a folder and all above it are root's or ours alone. Null, or why not.</summary>
    public static FileRefusal? CheckFolder(string path, bool groupAbove = false)
    {
        using var walk = new TrustedWalk(groupAbove);
        return walk.ToFolder(path, makes: false);
    }

    /// <summary>Makes a folder that its owner, we, alone may enter, or makes sure that it is one. Null, or why it is none.</summary>
    public static FileRefusal? PrivateFolder(string path)
    {
        using var walk = new TrustedWalk(groupAbove: true);
        if (walk.ToFolder(path, makes: true) is { } refusal)
            return refusal;
        if (walk.Facts.Uid != Libc.geteuid())
            return new($"{path} belongs to uid {walk.Facts.Uid}, not to us", Errno.None, IsFolder: true);
        if (walk.Facts.Mode == OwnerFolder)
            return null;

        // What is opened by O_PATH alone takes no mode.
        var fd = Libc.openat(walk.Folder, ".", Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0);
        if (fd < 0)
            return Failed(path, (Errno)Marshal.GetLastPInvokeError());
        var isSet = Libc.fchmod(fd, OwnerFolder) == 0;
        var errno = (Errno)Marshal.GetLastPInvokeError();
        _ = Libc.close(fd);
        return isSet ? null : Failed(path, errno);
    }

    internal static FileRefusal Failed(string path, Errno errno, bool isFolder = false) => new($"{path}: {errno.Describe()}", errno, isFolder);

    private static int Number(SafeFileHandle file) => (int)file.DangerousGetHandle();
}
