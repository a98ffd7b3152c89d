using System.Globalization;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>What starting a VM wants of the running machine.</summary>
public sealed partial class LiveControl
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(20);

    /// <inheritdoc/>
    public override string? PrivateDirectory(string path) => TrustedFile.PrivateFolder(path) is { } refusal ? HostileText.Clean(refusal.Reason, 300) : null;

    /// <inheritdoc/>
    public override byte[]? ReadObeyed(string path, int most, out string problem)
    {
        var refusal = TrustedFile.Read(path, most, out var bytes);
        problem = refusal is null ? "" : HostileText.Clean(refusal.Reason, 300);
        return refusal is null ? bytes : null;
    }

    /// <inheritdoc/>
    public override string? FolderFault(string path) => TrustedFile.CheckFolder(path) is { IsMissing: false } refusal ? HostileText.Clean(refusal.Reason, 300) : null;

    /// <inheritdoc/>
    public override Errno Protect(string path)
    {
        try
        {
            File.SetUnixFileMode(path, OwnerFile);
            return Errno.None;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e is FileNotFoundException ? Errno.ENOENT : Errno.EACCES;
        }
    }

    /// <inheritdoc/>
    public override string? AwaitMonitor(string socket, int pid, TimeSpan deadline)
    {
        var until = files.Time.GetTimestamp();
        var said = "it does not answer";
        Span<byte> greeting = stackalloc byte[1024];
        while (files.Time.GetElapsedTime(until) < deadline)
        {
            var errno = files.Connect(socket, out var connection);
            if (connection is null)
            {
                said = errno.Describe();
                Pause(s_moment);
                continue;
            }

            using (connection)
            {
                if (connection.PeerPid != pid)
                    return string.Create(CultureInfo.InvariantCulture, $"its socket belongs to process {connection.PeerPid}");
                while (files.Time.GetElapsedTime(until) < deadline)
                {
                    var n = connection.Receive(greeting);
                    if (n > 0)
                        return greeting[..n].IndexOf("\"QMP\""u8) >= 0 ? null : "it answers with something else than QMP";
                    if (n != -(int)Errno.EAGAIN)
                        return n == 0 ? "it hung up" : ((Errno)(-n)).Describe();
                    Pause(s_moment);
                }
            }
        }

        return $"{said} within {deadline.TotalSeconds:0} s";
    }

    /// <inheritdoc/>
    public override int? LockHolder(string path) => files.IsLive ? FileLock.HolderOf(path) : null;

    /// <inheritdoc/>
    public override bool? IsImageHeld(string path, bool toWrite) => files.IsLive ? ImageLock.IsHeld(path, toWrite) : null;
}
