using System.Runtime.InteropServices;

namespace KvmTop.Linux;

/// <summary>
/// A process held by a descriptor (pidfd_open(2), Linux 5.3): unlike a pid it never comes to mean another process. It does not keep the process from ending.
/// </summary>
public sealed class PidFd : IDisposable
{
    private int _fd;

    private PidFd(int fd) => _fd = fd;

    /// <summary>True once the process has ended, a zombie included.</summary>
    public unsafe bool HasExited
    {
        get
        {
            var poll = new Libc.PollFd { Fd = _fd, Events = Libc.POLLIN };
            return _fd < 0 || Libc.poll(&poll, 1, 0) > 0;
        }
    }

    internal int Number => _fd;

    /// <summary>Opens a process of the running machine. ESRCH: there is none; ENOSYS: the kernel is older than 5.3; EINVAL: the pid is that of a thread.</summary>
    public static Errno Open(int pid, out PidFd? process)
    {
        var fd = (int)Libc.syscall(Libc.SYS_pidfd_open, pid, 0, 0);
        process = fd < 0 ? null : new PidFd(fd);
        return fd < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None;
    }

    /// <summary>
    /// Duplicates one of its descriptors into this process (pidfd_getfd(2), Linux 5.6). EPERM: needs the right to trace it (the same user without
    /// hardening, or CAP_SYS_PTRACE); EBADF: it has no such descriptor. File offsets are shared with the owner: only ever read by position.
    /// </summary>
    internal Errno Duplicate(int fd, out int own)
    {
        own = (int)Libc.syscall(Libc.SYS_pidfd_getfd, _fd, fd, 0);
        return own < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None;
    }

    /// <summary>Sends a signal (pidfd_send_signal(2), Linux 5.1). ESRCH: it has ended; EPERM: another user's.</summary>
    public Errno Send(int signal) => Libc.syscall(Libc.SYS_pidfd_send_signal, _fd, signal, 0, 0) < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None;

    /// <inheritdoc/>
    public void Dispose()
    {
        var fd = Interlocked.Exchange(ref _fd, -1);
        if (fd >= 0)
        {
            _ = Libc.close(fd);
        }
    }
}
