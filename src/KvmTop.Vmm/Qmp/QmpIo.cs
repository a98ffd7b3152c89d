using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>
/// Serves the QMP connections of a run: one thread that waits for all of their sockets at once. It starts with the first connection that is wanted and ends
/// with the last. On a host that is not the running machine there is no thread: connections are served by whoever asks, so that a simulation stays exact.
/// </summary>
public sealed class QmpIo : IDisposable
{
    private const int BufferSize = 64 << 10;
    private const int StackSize = 256 << 10;

    // What all monitors may send in a second before those are passed over until the next that have sent more than their small share.
    private const int MostBytes = 4 << 20;

    // Peers decide when there is something to read: turns do not follow each other faster than this.
    private static readonly TimeSpan s_rest = TimeSpan.FromMilliseconds(20);

    private readonly List<QmpConnection> _connections = [];
    private readonly object _gate = new();
    private readonly SocketPoll _poll = new();
    private byte[]? _inlineBuffer;
    private bool _running;
    private bool _disposed;

    /// <param name="host">Whose sockets they are, and the clock.</param>
    /// <param name="mostBytes">What all monitors together may make us keep; beyond it the greediest are hung up on.</param>
    public QmpIo(HostRoot host, int mostBytes = 16 << 20) => (Host, Buffers) = (host, new QmpBuffers(mostBytes));

    internal HostRoot Host { get; }

    /// <summary>Where the room for answers comes from.</summary>
    internal QmpBuffers Buffers { get; }

    /// <summary>What a monitor may send in a window even when all together have sent too much.</summary>
    internal static int SmallShare => 16 << 10;

    /// <summary>The time over which bytes are counted.</summary>
    internal static TimeSpan Window { get; } = TimeSpan.FromSeconds(1);

    internal bool IsInline => !Host.IsLive;

    /// <summary>The host's monotonic clock.</summary>
    internal TimeSpan Now => TimeSpan.FromTicks((long)(Host.Time.GetTimestamp() * (10_000_000.0 / Host.Time.TimestampFrequency)));

    /// <summary>The connection to a monitor. Nothing is connected before somebody asks something of it.</summary>
    /// <param name="target">Where it is, or why it is not to be talked to.</param>
    /// <param name="peer">The VM.</param>
    public QmpConnection Open(QmpTarget target, QmpPeer peer) => target.Refusal is { } refusal ? new QmpConnection(this, refusal) : new QmpConnection(this, target.Paths, peer);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach (var connection in _connections)
                connection.Close(quietly: true);
            if (!_running)
            {
                foreach (var connection in _connections)
                    connection.Pump(Now, []);
                _connections.Clear();
                _poll.Dispose();
                return;
            }
        }

        _poll.Wake();
    }

    /// <summary>Takes a connection into service. True when it was served on the spot.</summary>
    internal bool Serve(QmpConnection connection)
    {
        if (IsInline)
        {
            lock (_gate)
            {
                if (!_disposed)
                    connection.Pump(Now, _inlineBuffer ??= new byte[BufferSize]);
            }

            return true;
        }

        if (connection.IsServed)
            return false;

        lock (_gate)
        {
            if (_disposed || connection.IsServed || connection.Interest(Now, false) is (null, _, null))
                return false;

            connection.IsServed = true;
            _connections.Add(connection);
            if (!_running)
            {
                _running = true;
                new Thread(Run, StackSize) { IsBackground = true, Name = "qmp" }.Start();
            }
        }

        _poll.Wake();
        return false;
    }

    /// <summary>Looks at a connection that was closed.</summary>
    internal void Forget(QmpConnection connection)
    {
        if (IsInline || !connection.IsServed)
            connection.Pump(Now, []);
        else
            _poll.Wake();
    }

    internal void Wake() => _poll.Wake();

    private void Run()
    {
        var buffer = new byte[BufferSize];
        var served = new List<Served>();
        var due = new List<QmpConnection>();
        var (windowStart, windowBytes, turn) = (Now, 0L, TimeSpan.MinValue);
        while (true)
        {
            _poll.Clear();
            if (turn > TimeSpan.MinValue && turn + s_rest - Now is { Ticks: > 0 } rest)
                _poll.Wait(rest);
            served.Clear();
            due.Clear();
            var now = Now;
            var wait = TimeSpan.FromTicks(-1);
            lock (_gate)
            {
                if (now - windowStart >= Window)
                {
                    (windowStart, windowBytes) = (now, 0);
                    foreach (var connection in _connections)
                        connection.Received = 0;
                }

                for (var i = _connections.Count - 1; i >= 0; i--)
                {
                    var connection = _connections[i];
                    var (socket, toSend, when) = connection.Interest(now, windowBytes > MostBytes);
                    if (when is { } at && at <= now)
                    {
                        due.Add(connection);
                    }
                    else if (socket is null && when is null)
                    {
                        // Nobody wants it any more.
                        connection.IsServed = false;
                        _connections.RemoveAt(i);
                        continue;
                    }
                    else if (when is { } later && (wait < TimeSpan.Zero || later - now < wait))
                    {
                        wait = later - now;
                    }

                    if (socket is not null)
                        served.Add(new Served(connection, _poll.Add(socket, toSend)));
                }

                if (_connections.Count == 0)
                {
                    _running = false;
                    if (_disposed)
                        _poll.Dispose();
                    return;
                }
            }

            // What is due comes first; then each that has something is read from once, whatever else it has.
            if (due.Count == 0)
                _poll.Wait(wait);
            turn = Now;
            foreach (var connection in due)
                windowBytes += Turn(connection, buffer);
            if (due.Count > 0)
                continue;
            foreach (var (connection, number) in served)
            {
                if (_poll.IsReady(number))
                    windowBytes += Turn(connection, buffer);
            }
        }
    }

    private int Turn(QmpConnection connection, byte[] buffer)
    {
        var before = connection.Received;
        connection.Pump(Now, buffer);
        while (Buffers.IsOver && Greediest() is { } greedy)
            greedy.Relieve(Now);
        return connection.Received - before;
    }

    /// <summary>The connection that makes us keep the most beyond what its VM is reason for; null when none does.</summary>
    private QmpConnection? Greediest()
    {
        QmpConnection? greediest = null;
        long most = 0;
        lock (_gate)
        {
            foreach (var connection in _connections)
            {
                if (connection.Greed is var greed && greed > most)
                    (greediest, most) = (connection, greed);
            }
        }

        return greediest;
    }

    /// <param name="Connection">Who waits.</param>
    /// <param name="Number">Its place in the poll.</param>
    private sealed record Served(QmpConnection Connection, int Number);
}
