using System.Buffers.Text;
using System.Globalization;
using System.Text;
using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>
/// The bytes of one connection to a monitor: the socket and whose it is, what is still to be sent, what came in as messages, and whether it is too much. Never
/// waits. Used under the lock of its <see cref="QmpConnection"/>.
/// </summary>
/// <param name="host">Whose sockets.</param>
/// <param name="paths">Where the monitor's may be seen, best first.</param>
/// <param name="pid">The VM: any other process behind the socket is refused before a byte is sent.</param>
internal sealed class QmpWire(HostRoot host, IReadOnlyList<string> paths, int pid)
{
    private const int FloodBytes = 8 << 20;
    private const int FloodEvents = 1000;
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(1);

    private readonly QmpLines _lines = new();
    private byte[] _outgoing = [];
    private int _unsent;
    private TimeSpan _windowStart;
    private int _windowBytes;
    private int _windowEvents;

    /// <summary>True when there is a place to connect to.</summary>
    public bool HasPaths => paths.Count > 0;

    /// <summary>The socket, or null while there is no connection.</summary>
    public HostSocket? Socket { get; private set; }

    /// <summary>Something could not be sent yet.</summary>
    public bool HasUnsent => _unsent > 0;

    /// <summary>When the connection was made.</summary>
    public TimeSpan ConnectedAt { get; private set; }

    /// <summary>What the peer did that a monitor does not do: a line or a flood beyond all measure; null when all is well.</summary>
    public string? Excess =>
        _lines.IsBroken ? $"QMP: a line of more than {QmpLines.Longest >> 20} MiB"
        : _windowBytes > FloodBytes || _windowEvents > FloodEvents ? "QMP: the monitor floods"
        : null;

    /// <summary>Connects. False, with the error, when that failed; <paramref name="stranger"/> is then another process that answered, or 0.</summary>
    public bool Connect(TimeSpan now, out Errno errno, out int stranger)
    {
        (errno, stranger) = (Errno.ENOENT, 0);
        foreach (var path in paths)
        {
            errno = host.Connect(path, out var socket);
            if (errno == Errno.None && socket!.PeerPid != pid)
            {
                stranger = socket.PeerPid;
                socket.Dispose();
                return false;
            }

            if (errno == Errno.None)
            {
                Socket = socket;
                (ConnectedAt, _windowStart, _windowBytes, _windowEvents) = (now, now, 0, 0);
                return true;
            }

            if (!errno.IsDenied() && !errno.IsGone())
                break;
        }

        return false;
    }

    /// <summary>What an error of <see cref="Connect"/> means.</summary>
    public (QmpState State, string Reason) Obstacle(Errno errno) => errno switch
    {
        Errno.EAGAIN => (QmpState.Connecting, "QMP: other clients wait for the monitor already"),
        Errno.EACCES or Errno.EPERM => (QmpState.Refused, "QMP: no right to its socket: needs root"),
        Errno.EOPNOTSUPP => (QmpState.Refused, "QMP: not the running machine: its processes cannot be asked"),
        _ => (QmpState.Failed, $"QMP: {HostileText.Clean(paths[^1], 100)}: {errno.Describe()}"),
    };

    /// <summary>Puts a command behind what is to be sent.</summary>
    public void Write(string command, string? arguments, long id)
    {
        var most = 64 + command.Length + (3 * (arguments?.Length ?? 0));
        if (_outgoing.Length - _unsent < most)
            Array.Resize(ref _outgoing, _unsent + most);
        Append("{\"execute\":\"");
        Append(command);
        Append("\"");
        if (arguments is not null)
        {
            Append(",\"arguments\":");
            Append(arguments);
        }

        Append(",\"id\":");
        Utf8Formatter.TryFormat(id, _outgoing.AsSpan(_unsent), out var digits);
        _unsent += digits;
        Append("}\n");
    }

    /// <summary>Sends what the socket takes now.</summary>
    public void Flush()
    {
        while (_unsent > 0 && Socket is { } socket)
        {
            var n = socket.Send(_outgoing.AsSpan(0, _unsent));
            if (n == -(int)Errno.EAGAIN)
                return;
            if (n < 0)
            {
                // Whoever receives finds out the same, and is the one to close what may be waited for.
                _unsent = 0;
                return;
            }

            _outgoing.AsSpan(n, _unsent - n).CopyTo(_outgoing);
            _unsent -= n;
        }
    }

    /// <summary>Receives what is there; empty when there is nothing now. False when the connection has ended, with why.</summary>
    public bool TryRead(byte[] buffer, TimeSpan now, out ReadOnlySpan<byte> bytes, out string ended)
    {
        bytes = default;
        ended = "";
        var n = Socket!.Receive(buffer);
        if (n == -(int)Errno.EAGAIN)
            return true;
        if (n <= 0)
        {
            ended = n == 0 ? "QMP: the monitor hung up" : string.Create(CultureInfo.InvariantCulture, $"QMP: {((Errno)(-n)).Describe()}");
            return false;
        }

        if (now - _windowStart >= s_window)
            (_windowStart, _windowBytes, _windowEvents) = (now, 0, 0);
        _windowBytes += n;
        bytes = buffer.AsSpan(0, n);
        return true;
    }

    /// <summary>Takes the next message off what was received. False when there is none that is complete.</summary>
    public bool TryTake(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> message) => _lines.TryTake(ref bytes, out message);

    /// <summary>Says that a message was an event.</summary>
    public void CountEvent() => _windowEvents++;

    /// <summary>Hangs up.</summary>
    public void Close()
    {
        Socket?.Dispose();
        Socket = null;
        _lines.Clear();
        _unsent = 0;
    }

    private void Append(string text) => _unsent += Encoding.UTF8.GetBytes(text, _outgoing.AsSpan(_unsent));
}
