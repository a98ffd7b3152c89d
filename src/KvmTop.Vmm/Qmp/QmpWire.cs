using System.Buffers.Text;
using System.Globalization;
using System.Text;
using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>
/// The bytes of one connection to a monitor: the socket and whose it is, what is still to be sent, what came in as messages, and whether it is too much. Never
/// waits. What is sent is written under the lock of its <see cref="QmpConnection"/>; receiving belongs to the one thread that pumps, and needs no lock.
/// </summary>
/// <param name="host">Whose sockets.</param>
/// <param name="paths">Where the monitor's may be seen, best first.</param>
/// <param name="peer">The VM: any other process behind the socket is refused before a byte is sent.</param>
/// <param name="buffers">Where the room comes from for messages that arrive in pieces.</param>
internal sealed class QmpWire(HostRoot host, IReadOnlyList<string> paths, QmpPeer peer, QmpBuffers buffers)
{
    /// <summary>What may come before the greeting is complete, and the longest event: QEMU's take a few hundred bytes.</summary>
    public const int LongestUnasked = 16 << 10;

    // A few ticks a second ask a dozen questions each, and a guest with failing disks has some events; QEMU never sends as many.
    private const int FloodMessages = 120;

    // Readings of a few bytes that bring no answer: who sends a byte at a time gets no more of our time.
    private const int FewBytes = 4096;
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(1);

    private readonly QmpLines _lines = new(buffers);
    private byte[] _outgoing = [];
    private int _unsent;
    private TimeSpan _windowStart;
    private int _windowMessages;
    private readonly QmpPace _idleReads = new(burst: 8, perSecond: 1);
    private int _emptyLines;

    /// <summary>True when there is a place to connect to.</summary>
    public bool HasPaths => paths.Count > 0;

    /// <summary>The socket, or null while there is no connection.</summary>
    public HostSocket? Socket { get; private set; }

    /// <summary>Something could not be sent yet.</summary>
    public bool HasUnsent => _unsent > 0;

    /// <summary>When the connection was made.</summary>
    public TimeSpan ConnectedAt { get; private set; }

    /// <summary>When the first byte came; null for none yet.</summary>
    public TimeSpan? HeardAt { get; private set; }

    /// <summary>Until when nothing more is read: it has had its share of our time.</summary>
    public TimeSpan PausedUntil { get; private set; }

    /// <summary>Bytes received that no window of <see cref="QmpIo"/> has counted off yet.</summary>
    public int Received { get; set; }

    /// <summary>Bytes that are kept for a message that is not complete.</summary>
    public int Held => _lines.Held;

    /// <summary>The longest message that there is a reason for: see <see cref="QmpAnswerSize"/>.</summary>
    public int Limit
    {
        get => _lines.Limit;
        set => _lines.Limit = Math.Clamp(value, LongestUnasked, QmpLines.Longest);
    }

    /// <summary>What the peer did that a monitor does not do: a line or a flood beyond all measure; null when all is well.</summary>
    public string? Excess =>
        _lines.IsBroken ? string.Create(CultureInfo.InvariantCulture, $"QMP: a line of more than {_lines.Limit >> 10} KiB")
        : _emptyLines > 1 ? "QMP: the monitor sends empty lines"
        : _windowMessages > FloodMessages ? "QMP: the monitor floods"
        : null;

    /// <summary>Connects. False, with the error, when that failed; <paramref name="stranger"/> is then another process that answered, or 0.</summary>
    public bool Connect(TimeSpan now, out Errno errno, out int stranger)
    {
        (errno, stranger) = (Errno.ENOENT, 0);
        foreach (var path in paths)
        {
            errno = host.Connect(path, out var socket);
            if (errno == Errno.None && (socket!.PeerPid != peer.Pid || !peer.IsAlive(host)))
            {
                stranger = socket.PeerPid;
                socket.Dispose();
                return false;
            }

            if (errno == Errno.None)
            {
                Socket = socket;
                (ConnectedAt, HeardAt, PausedUntil) = (now, null, TimeSpan.Zero);
                (_windowStart, _windowMessages, _emptyLines) = (now, 0, 0);
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

        HeardAt ??= now;
        Received += n;
        if (now - _windowStart >= s_window)
            (_windowStart, _windowMessages) = (now, 0);
        if (n < FewBytes && !_idleReads.Allows(now))
            PausedUntil = now + s_window;
        bytes = buffer.AsSpan(0, n);
        return true;
    }

    /// <summary>Takes the next message off what was received. False when there is none that is complete. An empty line is none, and more than one in a row is an <see cref="Excess"/>.</summary>
    public bool TryTake(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> message)
    {
        while (_lines.TryTake(ref bytes, out message))
        {
            if (!message.TrimStart(" \t\r"u8).IsEmpty)
            {
                _emptyLines = 0;
                _windowMessages++;
                return true;
            }

            if (++_emptyLines > 1)
                return false;
        }

        return false;
    }

    /// <summary>Says that what was read last brought an answer.</summary>
    public void WasWorthwhile()
    {
        PausedUntil = TimeSpan.Zero;
        _idleReads.GiveBack();
    }

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
