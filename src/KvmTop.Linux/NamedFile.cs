using System.Globalization;
using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>
/// A file that the caller named himself: as a <see cref="TrustedFile"/>, or a pipe that he holds (<c>&lt;(command)</c>) or made, which is read until a deadline. A descriptor that he
/// handed over (/dev/fd/N, /dev/stdin) needs no folders, only an owner.
/// </summary>
public static class NamedFile
{
    /// <summary>Reads it. Null, with its bytes; else why not.</summary>
    /// <param name="path">What he named.</param>
    /// <param name="most">More bytes than these are refused.</param>
    /// <param name="deadline">For a pipe: how long until whoever writes it must have ended.</param>
    /// <param name="bytes">What it holds.</param>
    public static FileRefusal? Read(string path, int most, TimeSpan deadline, out byte[] bytes)
    {
        if (HandedOver(path) is { } number)
            return ReadHandedOver(number, path, most, deadline, out bytes);
        using var walk = new TrustedWalk(groupAbove: false);
        if (walk.ToFile(path, makesIt: false) is not null || walk.Facts.Kind != FileKind.Pipe)
            return TrustedFile.Read(path, most, out bytes);

        bytes = [];
        var fd = Libc.openat(walk.Folder, walk.Name, Libc.O_RDONLY | Libc.O_NOFOLLOW | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
        if (fd < 0)
            return TrustedFile.Failed(path, (Errno)Marshal.GetLastPInvokeError());
        try
        {
            return FileFacts.Read(fd, out var facts) is not Errno.None and var errno ? TrustedFile.Failed(path, errno)
                : facts.Kind != FileKind.Pipe || TrustedWalk.ChangerFault(facts, path) is not null
                    ? new(TrustedWalk.ChangerFault(facts, path) ?? $"{path} is no pipe any more", Errno.None, IsFolder: false)
                : DescriptorText.Read(fd, path, most, deadline, out bytes);
        }
        finally
        {
            _ = Libc.close(fd);
        }
    }

    private static FileRefusal? ReadHandedOver(int fd, string path, int most, TimeSpan deadline, out byte[] bytes)
    {
        bytes = [];
        if (FileFacts.Read(fd, out var facts) is not Errno.None and var errno)
            return TrustedFile.Failed(path, errno == Errno.EBADF ? Errno.ENOENT : errno);
        return facts.Kind switch
        {
            FileKind.Pipe => DescriptorText.Read(fd, path, most, deadline, out bytes),
            _ when TrustedWalk.FileFault(facts, path, isShared: false) is { } fault => new(fault, Errno.None, IsFolder: false),
            _ => DescriptorText.Read(fd, path, most, deadline: null, out bytes),
        };
    }

    /// <summary>The descriptor that a path stands for; null when it is an ordinary path.</summary>
    private static int? HandedOver(string path)
    {
        if (path == "/dev/stdin")
            return 0;
        foreach (var folder in new[] { "/dev/fd/", "/proc/self/fd/" })
        {
            if (path.StartsWith(folder, StringComparison.Ordinal) && int.TryParse(path.AsSpan(folder.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return number;
        }

        return null;
    }
}
