using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>
/// Which process runs a domain, by libvirt's own word: the pid file that its daemon keeps in its state directory, where nobody else writes. What a process says of itself on
/// its command line, where everybody may copy a UUID, is not asked. Never waits; only the running machine.
/// </summary>
/// <param name="host">Its files.</param>
/// <param name="uri">Which libvirt.</param>
/// <param name="user">Who asks: beside root the only one whose pid files are believed (a session's).</param>
/// <param name="runtimeDirectory">XDG_RUNTIME_DIR, where a session keeps its state; null where it is not set.</param>
/// <param name="home">The home directory, where a session keeps it otherwise.</param>
public sealed class LibvirtPidFiles(HostRoot host, string uri, uint user, string? runtimeDirectory, string? home)
{
    private const string Socket = "socket=";

    /// <summary>Null when the domain of that name runs as that process; else what is so instead, or why it cannot be told.</summary>
    public string? Dispute(string name, int pid)
    {
        var shown = HostileText.Clean(name, 100);
        if (name.Length == 0 || name.Contains('/', StringComparison.Ordinal) || Folder is not { } folder)
            return $"which process runs its domain {shown} cannot be told";

        // A daemon that was named by its socket may have a file system of its own: its files are seen through it.
        var (file, errno) = ("", Errno.ENOENT);
        FileFacts facts = default;
        foreach (var root in Peer is { } peer ? [string.Create(CultureInfo.InvariantCulture, $"/proc/{peer}/root"), ""] : new[] { "" })
        {
            file = $"{root}{folder}/{name}.pid";
            errno = host.Stat(file, out facts);
            if (!errno.IsDenied())
                break;
        }

        if (errno != Errno.None)
            return errno == Errno.ENOENT ? $"its domain {shown} runs as no process that it knows" : $"which process runs its domain {shown} cannot be told: {errno.Describe()}";
        if (facts.Kind != FileKind.Regular || (facts.Uid != 0 && facts.Uid != user))
            return $"which process runs its domain {shown} cannot be told: the pid file is not its own";
        var text = new ReadBuffer(64, 256).ReadAll(host, file, out errno);
        if (!int.TryParse(text.TrimEnd((byte)'\n'), NumberStyles.None, CultureInfo.InvariantCulture, out var its))
            return $"which process runs its domain {shown} cannot be told";

        // QEMU keeps it locked (libvirt 5.5 and later): a file that was left behind is not.
        if (host.IsLive && FileLock.HolderOf(file) is > 0 and var holder && its == pid)
            its = holder;
        return its == pid ? null : string.Create(CultureInfo.InvariantCulture, $"it runs domain {shown} as process {its}, not as process {pid}");
    }

    private bool IsSession => uri.Contains(":///session", StringComparison.Ordinal);

    // Where the daemon keeps pid files; null for a driver that has none.
    private string? Folder
    {
        get
        {
            var driver = uri.AsSpan(0, Math.Max(uri.AsSpan().IndexOfAny('+', ':'), 0)).ToString();
            if (driver is not ("qemu" or "ch"))
                return null;
            return !IsSession ? "/run/libvirt/" + driver
                : runtimeDirectory is { Length: > 0 } runtime && runtime.StartsWith('/') ? $"{runtime.TrimEnd('/')}/libvirt/{driver}/run"
                : home is { Length: > 0 } && home.StartsWith('/') ? $"{home.TrimEnd('/')}/.cache/libvirt/{driver}/run"
                : null;
        }
    }

    // Who listens at the socket that the URI names; null where it names none, or nobody is told.
    private int? Peer
    {
        get
        {
            var at = uri.IndexOf('?', StringComparison.Ordinal) is >= 0 and var query ? uri.IndexOf(Socket, query, StringComparison.Ordinal) : -1;
            if (at < 0)
                return null;
            var path = uri[(at + Socket.Length)..];
            path = path.IndexOf('&', StringComparison.Ordinal) is >= 0 and var end ? path[..end] : path;
            _ = host.Connect(path, out var connection);
            using (connection)
                return connection?.PeerPid is > 0 and var pid ? pid : null;
        }
    }
}
