namespace KvmTop.Linux;

/// <summary>
/// The files of one host: the running machine, a captured tree, or a simulation. Every path of the program goes through it and is
/// written the way the running kernel spells it ("/proc/stat", "/sys/module/kvm"); an implementation maps it to where the file is.
/// </summary>
/// <remarks>Nothing here throws for a file that is missing, denied or gone: the error number is the answer. All members may be called from any thread.</remarks>
public abstract class HostRoot
{
    // 0: not looked for yet; -1: nothing tells.
    private volatile int _pageSize;

    /// <summary>True when the files are those of the machine we run on, so that system calls (process clocks, affinity, pidfds) speak of the same processes.</summary>
    public abstract bool IsLive { get; }

    /// <summary>What the header calls a host that is not the running machine ("demo", "captured"), or null.</summary>
    public abstract string? Label { get; }

    /// <summary>The size of the pages in which its kernel counts, in bytes; null when nothing tells.</summary>
    public int? PageSize
    {
        get
        {
            if (_pageSize == 0)
                _pageSize = HostPages.Read(this) ?? -1;
            return _pageSize > 0 ? _pageSize : null;
        }
    }

    /// <summary>The clock by which samples are stamped. Intervals come from its monotonic timestamp, never from the wall clock.</summary>
    public abstract TimeProvider Time { get; }

    /// <summary>Opens a file for reading it again and again. Dispose the file when what it describes has ended.</summary>
    public abstract Errno Open(string path, out HostFile? file);

    /// <summary>
    /// Opens descriptor <paramref name="fd"/> of another process, whatever it is open on, for reading by position: on the running machine a duplicate
    /// (pidfd_getfd(2); EPERM without the right to trace the process), elsewhere what was kept of it below <c>/proc/PID/fd-content</c>. Once the
    /// process has ended, reading answers ESRCH.
    /// </summary>
    public virtual Errno OpenDescriptor(int pid, int fd, out HostFile? file) => Open($"/proc/{pid}/fd-content/{fd}", out file);

    /// <summary>Reads a symbolic link into <paramref name="target"/>; <paramref name="length"/> is what was written (cut at the size of the buffer).</summary>
    public abstract Errno ReadLink(string path, Span<byte> target, out int length);

    /// <summary>Names in a directory, without "." and "..", in no particular order, appended to <paramref name="names"/>.</summary>
    public abstract Errno List(string path, List<string> names);

    /// <summary>
    /// The entries of a directory whose names are decimal numbers (/proc, /proc/PID/task, /proc/PID/fd), without making a string for each;
    /// appended to <paramref name="entries"/>.
    /// </summary>
    public abstract Errno ListNumbers(string path, List<NumberedEntry> entries);

    /// <summary>True when the path exists as seen by this user.</summary>
    public abstract bool Exists(string path);

    /// <summary>Owner, group, mode and kind of a file; ENOSYS where the host does not keep them.</summary>
    public virtual Errno Stat(string path, out FileFacts facts)
    {
        facts = default;
        return Errno.ENOSYS;
    }

    /// <summary>
    /// Connects to a unix socket ("@name" for an abstract one) without waiting: EAGAIN when its listener's queue is full, ECONNREFUSED when nobody listens,
    /// EOPNOTSUPP for a host whose processes cannot be talked to.
    /// </summary>
    public virtual Errno Connect(string path, out HostSocket? socket)
    {
        socket = null;
        return Errno.EOPNOTSUPP;
    }
}

/// <summary>An entry of a directory of numbers.</summary>
/// <param name="Number">The name.</param>
/// <param name="Inode">
/// Its inode number. In /proc an inode belongs to one process for as long as that process lives, so an unchanged (number, inode) pair is the
/// same process, and a changed one is worth a second look. Zero when unknown.
/// </param>
public readonly record struct NumberedEntry(int Number, ulong Inode);

/// <summary>One file that is read many times. Reads are positional: no state is shared between readers, and nothing is buffered.</summary>
public abstract class HostFile : IDisposable
{
    /// <summary>
    /// Reads at <paramref name="offset"/> into <paramref name="buffer"/>. Returns the number of bytes (0 at the end of the file), or the
    /// negated error number. A process that has ended answers -ESRCH.
    /// </summary>
    public abstract int ReadAt(long offset, Span<byte> buffer);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the descriptor.</summary>
    protected abstract void Dispose(bool disposing);
}
