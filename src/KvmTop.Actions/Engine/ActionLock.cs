using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using KvmTop.Linux;
using KvmTop.Vmm;
using Microsoft.Win32.SafeHandles;

namespace KvmTop.Actions;

/// <summary>One kvmtop acts at a time: flock(2) on a file beside the journal, let go by the kernel when its holder dies.</summary>
public sealed unsafe partial class ActionLock : IDisposable
{
    private const int LOCK_EX = 2, LOCK_NB = 4;
    private const int LongestPid = 16;
    private static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(100);

    private readonly SafeFileHandle _file;

    private ActionLock(SafeFileHandle file) => _file = file;

    /// <summary>Takes the lock, waiting for another run for at most <paramref name="patience"/>. Null with the reason when it cannot be had.</summary>
    public static ActionLock? Take(string path, TimeSpan patience, HostControl host, out string problem)
    {
        problem = "";
        // Not by a FileStream, which takes a lock of its own at once and then names nobody.
        var refusal = TrustedFile.PrivateFolder(Path.GetDirectoryName(path)!);
        SafeFileHandle? file = null;
        refusal ??= TrustedFile.Open(path, FileUse.Update, out file, groupAbove: true);
        if (refusal is not null)
        {
            problem = HostileText.Clean($"the lock {path} cannot be taken: {refusal.Reason}", 300);
            return null;
        }

        var fd = (int)file!.DangerousGetHandle();
        for (var waited = TimeSpan.Zero; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += s_retry)
        {
            if (waited >= patience)
            {
                problem = $"another kvmtop is acting{Holder(fd)}";
                file.Dispose();
                return null;
            }

            host.Pause(s_retry);
        }

        var pid = Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        _ = ftruncate(fd, 0);
        fixed (byte* p = pid)
            _ = pwrite64(fd, p, pid.Length, 0);
        return new ActionLock(file);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static string Holder(int fd)
    {
        var text = stackalloc byte[LongestPid];
        var n = (int)pread64(fd, text, LongestPid, 0);
        return n > 0 && int.TryParse(new ReadOnlySpan<byte>(text, n), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? FormattableString.Invariant($" (pid {pid})") : "";
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int fd, int operation);

    [LibraryImport("libc")]
    private static partial int ftruncate(int fd, nint length);

    [LibraryImport("libc")]
    private static partial nint pwrite64(int fd, byte* buffer, nint count, long offset);

    [LibraryImport("libc")]
    private static partial nint pread64(int fd, byte* buffer, nint count, long offset);
}
