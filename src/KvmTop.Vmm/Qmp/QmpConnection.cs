using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Vmm;

/// <summary>
/// The one connection to the QMP monitor of a VM: kept and used again by all who ask. A monitor serves one client at a time, so it is let go when nobody has
/// asked anything for a minute. All members may be called from any thread, none but <see cref="Execute"/> waits.
/// </summary>
public sealed partial class QmpConnection
{
    internal static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan s_greetingDeadline = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_refusedPause = TimeSpan.FromSeconds(30);

    private readonly QmpIo _io;
    private readonly QmpWire _wire;
    private readonly object _gate = new();
    private readonly QmpUnderWay _underWay = new();
    private readonly QmpPeer _peer;
    private readonly QmpQuery _capabilities;
    private int _failures;
    private TimeSpan _retryAt;
    private TimeSpan? _lent;
    private TimeSpan _lastUsed;
    private bool _greeted;
    private bool _wanted;
    private bool _closed;
    private string? _reason;
    private QmpState _state;

    /// <param name="io">Who waits for its answers.</param>
    /// <param name="paths">Where its socket may be seen, best first.</param>
    /// <param name="peer">The VM: any other process behind the socket is refused before a byte is sent.</param>
    internal QmpConnection(QmpIo io, IReadOnlyList<string> paths, QmpPeer peer)
    {
        (_io, _peer, _wire) = (io, peer, new QmpWire(io.Host, paths, peer, io.Buffers));
        _capabilities = Query("qmp_capabilities");
        _reason = "QMP: not asked yet";
    }

    /// <summary>A monitor that is not to be talked to, and why.</summary>
    internal QmpConnection(QmpIo io, string refusal)
        : this(io, [], new QmpPeer(0)) => (_state, _reason) = (QmpState.Refused, refusal);

    /// <summary>How it stands.</summary>
    public QmpState State
    {
        get
        {
            lock (_gate)
                return _state;
        }
    }

    /// <summary>Why it is not ready, or what holds it up though it is; null when all is well.</summary>
    public string? Reason
    {
        get
        {
            lock (_gate)
                return ReasonNow(_io.Now);
        }
    }

    /// <summary>It ought to answer and does not: another client holds it, it hangs, or it broke off. <see cref="Reason"/> says which.</summary>
    public bool IsSilent
    {
        get
        {
            lock (_gate)
            {
                var now = _io.Now;
                return _state == QmpState.Failed || _underWay.Overdue is not null || IsUngreeted(now);
            }
        }
    }

    /// <summary>The monitor's version as it greeted ("10.0.2"), or null.</summary>
    public string? Version { get; private set; }

    /// <summary>How often it has become ready: when it changes, what was asked before may be out of date.</summary>
    public int Generation { get; private set; }

    /// <summary>A command to ask again and again.</summary>
    /// <param name="command">Its name.</param>
    /// <param name="arguments">A JSON object, or null.</param>
    public QmpQuery Query(string command, string? arguments = null) => new(this, command, arguments, QmpAnswerSize.Of(command, _peer.Disks, _peer.Vcpus));

    /// <summary>Connects when it is not, and keeps it from being let go.</summary>
    public void Touch()
    {
        lock (_gate)
            Use(_io.Now);
        _io.Serve(this);
    }

    /// <summary>Sends a command and waits for its answer, for a worker's thread: an action, never a tick. Connects first when need be, all within the deadline.</summary>
    public QmpReply Execute(string command, string? arguments, TimeSpan deadline)
    {
        var until = _io.Now + deadline;
        var query = Query(command, arguments);
        var posted = false;
        while (true)
        {
            Touch();
            lock (_gate)
            {
                var now = _io.Now;
                posted = posted || Send(query, now, until - now);
                if (posted && query.Take(now, out var reply, out var buffer))
                {
                    // Whoever acts keeps it for as long as he likes.
                    reply = reply with { Json = reply.Json.ToArray() };
                    _answered.Remove(query);
                    _io.Buffers.Return(buffer);
                    return reply;
                }

                if (!posted && (now >= until || _closed || _state is QmpState.Refused or QmpState.Failed))
                    return new QmpReply(QmpReplyStatus.NotConnected, default, ReasonNow(now) ?? "QMP: the monitor is busy", now, now);
                System.Threading.Monitor.Wait(_gate, _io.IsInline ? TimeSpan.FromMilliseconds(5) : TimeSpan.FromTicks(Math.Clamp((until - now).Ticks, 0, s_second.Ticks)));
            }
        }
    }

    /// <summary>Hangs up for a while, for another client that waits: a monitor serves one at a time.</summary>
    public void Lend(TimeSpan time)
    {
        lock (_gate)
            _lent = time;
        _io.Wake();
    }

    /// <summary>Hangs up for good: the VM has gone.</summary>
    public void Close() => Close(quietly: false);

    /// <summary>True while the thread of <see cref="QmpIo"/> looks after it; under that one's lock.</summary>
    internal bool IsServed { get; set; }

    internal void Close(bool quietly)
    {
        lock (_gate)
        {
            _closed = true;
            System.Threading.Monitor.PulseAll(_gate);
        }

        if (!quietly)
            _io.Forget(this);
    }

    internal bool Post(QmpQuery query, TimeSpan deadline, bool keep)
    {
        bool sent;
        lock (_gate)
        {
            var now = _io.Now;
            if (keep)
                Use(now);
            GiveBack();
            if (_credit.IsSpent(now))
                return false;
            sent = Send(query, now, deadline);
        }

        // Inline, a connection that was made just now can take the command at once.
        if (_io.Serve(this) && !sent)
        {
            lock (_gate)
                sent = Send(query, _io.Now, deadline);
            if (sent)
                _io.Serve(this);
        }

        return sent;
    }

    internal bool TryTake(QmpQuery query, out QmpReply reply)
    {
        if (_io.IsInline)
            _io.Serve(this);
        lock (_gate)
        {
            GiveBack();
            if (!query.Take(_io.Now, out reply, out _taken))
                return false;
            _answered.Remove(query);
            return true;
        }
    }

    /// <summary>Does what can be done without waiting: connects when it is time to, sends, receives. Called by whoever serves the sockets, by one at a time.</summary>
    internal void Pump(TimeSpan now, byte[] buffer)
    {
        bool connects;
        lock (_gate)
        {
            KeepHouse(now);
            connects = !_closed && _wire.Socket is null && _wanted && now >= _retryAt;
        }

        // Neither looking for a path nor making sense of what came is done under the lock: ticks wait for it.
        if (connects)
            Connect(now);
        if (_wire.Socket is null)
            return;

        lock (_gate)
            _wire.Flush();
        Receive(buffer);
    }

    /// <summary>The socket to wait for, or null; and when to look again in any case.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isFull">What all monitors may send in this second has been sent: only those that send little are listened to.</param>
    internal (HostSocket? Socket, bool ToSend, TimeSpan? Due) Interest(TimeSpan now, bool isFull)
    {
        lock (_gate)
        {
            if (_closed || (_lent is not null && _wire.Socket is not null))
                return (null, false, _wire.Socket is null ? null : TimeSpan.Zero);
            if (_wire.Socket is not { } socket)
                return (null, false, _wanted && _wire.HasPaths ? _retryAt : null);
            var due = _lastUsed + IdleLimit;
            if (!_greeted && _wire.HeardAt is { } heard && heard + s_greetingDeadline < due)
                due = heard + s_greetingDeadline;
            if (_wire.PausedUntil <= now && !(isFull && _wire.Received > QmpIo.SmallShare))
                return (socket, _wire.HasUnsent, due);
            var next = _wire.PausedUntil > now ? _wire.PausedUntil : now + QmpIo.Window;
            return (null, false, next < due ? next : due);
        }
    }

    private void KeepHouse(TimeSpan now)
    {
        if (_closed)
        {
            HangUp(QmpState.NotConnected, "QMP: the VM is gone", now);
            return;
        }

        if (_lent is { } absence)
        {
            HangUp(QmpState.Connecting, "QMP: lent to another kvmtop that acts", now);
            (_lent, _retryAt) = (null, now + absence);
        }

        if (_wanted && now - _lastUsed >= IdleLimit)
        {
            HangUp(QmpState.NotConnected, "QMP: not in use", now);
            _wanted = false;
        }

        // One that says nothing at all waits for its turn: a monitor serves one client at a time, and an end of ours would stay in its queue. It costs nothing.
        if (!_greeted && _wire.Socket is not null && _wire.HeardAt is { } heard && now - heard >= s_greetingDeadline)
            Break("QMP: a greeting that does not end", now, s_refusedPause);
        if (_answered.Count > 0 && now - _answered[0].AnsweredAt > s_unclaimed)
        {
            _io.Buffers.Return(_answered[0].Drop("QMP: nobody took the answer", now));
            _answered.RemoveAt(0);
        }
    }

    private bool IsUngreeted(TimeSpan now) => _state == QmpState.Connecting && _wire.Socket is not null && now - _wire.ConnectedAt >= s_greetingDeadline;

    private string? ReasonNow(TimeSpan now)
    {
        if (IsUngreeted(now))
            return _greeted ? "QMP: the monitor greeted, and says nothing since" : "QMP: no greeting: another client holds the monitor, or it hangs";
        if (_underWay.Overdue is { } query)
            return string.Create(CultureInfo.InvariantCulture, $"QMP: no answer to {query.Command} for {(now - query.SentAt).TotalSeconds:0} s");
        if (_state == QmpState.Ready && _credit.IsSpent(now))
            return "QMP: its answers are longer than they need be, so it is asked more rarely";
        return _state == QmpState.Ready ? null : _reason;
    }

    private void Use(TimeSpan now)
    {
        _lastUsed = now;
        if (!_wanted && _wire.HasPaths && !_closed)
        {
            _wanted = true;
            if (_state == QmpState.NotConnected)
                (_state, _reason) = (QmpState.Connecting, "QMP: connecting");
        }
    }

    private bool Send(QmpQuery query, TimeSpan now, TimeSpan deadline)
    {
        // A monitor that does not answer would only collect what it is sent, until nothing more fits.
        if (_state != QmpState.Ready || query.State is not (QmpQuery.Phase.Idle or QmpQuery.Phase.Answered) || _underWay.Overdue is not null)
            return false;
        Enqueue(query, now, deadline);
        if (_wire.HasUnsent)
            _io.Wake();
        return true;
    }

    private void Enqueue(QmpQuery query, TimeSpan now, TimeSpan deadline)
    {
        _underWay.Add(query, now, deadline);
        _wire.Write(query.Command, query.Arguments, query.Id);
        _wire.Flush();
    }

    private void Connect(TimeSpan now)
    {
        var connected = _wire.Connect(now, out var errno, out var stranger);
        lock (_gate)
        {
            if (connected)
            {
                (_state, _reason, _greeted) = (QmpState.Connecting, "QMP: waiting for the greeting", false);
            }
            else if (stranger != 0)
            {
                var reason = string.Create(CultureInfo.InvariantCulture, $"QMP: its socket belongs to process {stranger}, not to this VM");
                (_state, _reason, _retryAt) = (QmpState.Refused, reason, now + s_refusedPause);
            }
            else
            {
                var (state, why) = _wire.Obstacle(errno);
                Pause(state, why, now);
            }
        }
    }

    /// <param name="reason">Why.</param>
    /// <param name="now">The time.</param>
    /// <param name="atLeast">When it is looked at again at the earliest: what no honest monitor does is not worth a second try soon.</param>
    private void Break(string reason, TimeSpan now, TimeSpan atLeast = default)
    {
        // One that works for a minute and then breaks is tried again soon; one that breaks each time is not.
        if (_state == QmpState.Ready && now - _wire.ConnectedAt > s_longestPause)
            _failures = 0;
        HangUp(QmpState.Failed, reason, now);
        Pause(QmpState.Failed, reason, now);
        _retryAt = _retryAt < now + atLeast ? now + atLeast : _retryAt;
    }

    private void Pause(QmpState state, string reason, TimeSpan now)
    {
        (_state, _reason) = (state, reason);
        _retryAt = now + TimeSpan.FromTicks(Math.Min(s_longestPause.Ticks, s_second.Ticks << Math.Min(_failures, 6)));
        _failures++;
        System.Threading.Monitor.PulseAll(_gate);
    }

    private void HangUp(QmpState state, string reason, TimeSpan now)
    {
        _wire.Close();
        (_state, _reason, _retryAt) = (state, reason, now);
        _underWay.FailAll(reason, now);
        DropAnswers(reason, now);
        System.Threading.Monitor.PulseAll(_gate);
    }
}
