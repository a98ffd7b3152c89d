namespace KvmTop.Linux;

/// <summary>Who has locked a file (fcntl(2)): a lock ends with its holder, while a pid that somebody wrote down stays. Looked at, never taken. Only the running machine's files.</summary>
public static class FileLock
{
    /// <summary>Somebody holds it whose pid the kernel does not tell: the lock is an open file description's.</summary>
    public const int Unnamed = -1;

    /// <summary>The pid of the process that has locked a file as a whole, 0 for nobody, <see cref="Unnamed"/>; null when it cannot be looked at.</summary>
    public static unsafe int? HolderOf(string path)
    {
        var fd = Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC | Libc.O_NONBLOCK);
        if (fd < 0)
            return null;
        var wanted = new Libc.FileLock { Type = Libc.F_WRLCK };
        var result = Libc.fcntl(fd, Libc.F_OFD_GETLK, &wanted);
        _ = Libc.close(fd);
        return result < 0 ? null : wanted.Type == Libc.F_UNLCK ? 0 : wanted.Pid > 0 ? wanted.Pid : Unnamed;
    }
}
