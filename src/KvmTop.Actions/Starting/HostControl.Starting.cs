using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>What starting a VM wants of a host.</summary>
public abstract partial class HostControl
{
    /// <summary>A variable of the environment, or null.</summary>
    public virtual string? Variable(string name) => Environment.GetEnvironmentVariable(name);

    /// <summary>The first bytes of a file, fewer when it is shorter; null with the reason.</summary>
    public byte[]? ReadHead(string path, int bytes, out Errno errno)
    {
        errno = Files.Open(path, out var file);
        if (file is null)
            return null;
        using (file)
        {
            var head = new byte[bytes];
            var n = file.ReadAt(0, head);
            errno = n < 0 ? (Errno)(-n) : Errno.None;
            return n < 0 ? null : head[..n];
        }
    }

    /// <summary>A file that is obeyed: one that root or this user alone may write, below folders of which that is true. Null with the reason; it is opened once.</summary>
    public abstract byte[]? ReadObeyed(string path, int most, out string problem);

    /// <summary>Why what lies in a directory is not to be obeyed; null when it may be, or when there is none.</summary>
    public abstract string? FolderFault(string path);

    /// <summary>Makes a directory that its owner alone may enter, or makes sure that it is one. Null, or what went wrong.</summary>
    public abstract string? PrivateDirectory(string path);

    /// <summary>Takes a file from everybody but its owner (mode 0600).</summary>
    public abstract Errno Protect(string path);

    /// <summary>Waits until the monitor of a process greets. Null, or why it does not.</summary>
    public abstract string? AwaitMonitor(string socket, int pid, TimeSpan deadline);

    /// <summary>The process that has locked a file, 0 for nobody, <see cref="FileLock.Unnamed"/>; null when it cannot be looked at.</summary>
    public abstract int? LockHolder(string path);

    /// <summary>Whether another QEMU has an image open in a way that another user of it would break; null when that cannot be seen.</summary>
    public abstract bool? IsImageHeld(string path, bool toWrite);
}
