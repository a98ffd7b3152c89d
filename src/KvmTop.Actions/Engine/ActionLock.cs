using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>One kvmtop acts at a time: flock(2) on a file beside the journal, let go by the kernel when its holder dies.</summary>
public sealed unsafe partial class ActionLock : IDisposable
{
    private const int O_RDWR = 2, O_CREAT = 0x40, O_CLOEXEC = 0x80000, O_NOFOLLOW = 0x20000;
    private const int LOCK_EX = 2, LOCK_NB = 4;
    private const int OwnerOnly = 0x180;
    private const int LongestPid = 16;
    private static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(100);

    private readonly int _fd;

    private ActionLock(int fd) => _fd = fd;

    /// <summary>Takes the lock, waiting for another run for at most <paramref name="patience"/>. Null with the reason when it cannot be had.</summary>
    public static ActionLock? Take(string path, TimeSpan patience, HostControl host, out string problem)
    {
        problem = "";
        try
        {
            _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = HostileText.Clean($"the lock {path} cannot be taken: {e.Message}", 300);
            return null;
        }

        // Not by a FileStream, which takes a lock of its own at once and then names nobody.
        var fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, OwnerOnly);
        if (fd < 0)
        {
            problem = $"the lock {path} cannot be taken: {((Errno)Marshal.GetLastPInvokeError()).Describe()}";
            return null;
        }

        for (var waited = TimeSpan.Zero; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += s_retry)
        {
            if (waited >= patience)
            {
                problem = $"another kvmtop is acting{Holder(fd)}";
                _ = close(fd);
                return null;
            }

            host.Pause(s_retry);
        }

        var pid = Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        _ = ftruncate(fd, 0);
        fixed (byte* p = pid)
            _ = pwrite64(fd, p, pid.Length, 0);
        return new ActionLock(fd);
    }

    /// <inheritdoc/>
    public void Dispose() => _ = close(_fd);

    private static string Holder(int fd)
    {
        var text = stackalloc byte[LongestPid];
        var n = (int)pread64(fd, text, LongestPid, 0);
        return n > 0 && int.TryParse(new ReadOnlySpan<byte>(text, n), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? FormattableString.Invariant($" (pid {pid})") : "";
    }

    // Variadic in C; the mode is an int there on every architecture that we know, passed like any other.
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc")]
    private static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int fd, int operation);

    [LibraryImport("libc")]
    private static partial int ftruncate(int fd, nint length);

    [LibraryImport("libc")]
    private static partial nint pwrite64(int fd, byte* buffer, nint count, long offset);

    [LibraryImport("libc")]
    private static partial nint pread64(int fd, byte* buffer, nint count, long offset);
}
