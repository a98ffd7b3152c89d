using System.Diagnostics.CodeAnalysis;

namespace KvmTop.Vmm;

/// <content>What comes in: read and made sense of without the lock, handed over under it.</content>
public sealed partial class QmpConnection
{
    // Taken at every tick by whoever is interested; nobody keeps more than that between two.
    private const int MostEvents = 64;

    // An event takes as many bytes as this without being charged for.
    private const int UsualEvent = 256;

    // Simulated peers have all of their answer there at once, and nobody says when there is more.
    private const int InlineRounds = 64;

    // An answer that nobody has taken by then is nobody's.
    private static readonly TimeSpan s_unclaimed = TimeSpan.FromSeconds(30);

    private readonly Queue<QmpEvent> _events = [];
    private readonly List<QmpQuery> _answered = [];
    private readonly QmpCredit _credit = new();
    private readonly QmpPace _pace = new(burst: 32, perSecond: 4);
    private byte[] _taken = [];

    /// <summary>Events that were dropped because they came too fast, or nobody took them in time.</summary>
    public long EventsLost { get; private set; }

    /// <summary>Bytes that were received and are not counted yet by <see cref="QmpIo"/>; for its thread.</summary>
    internal int Received
    {
        get => _wire.Received;
        set => _wire.Received = value;
    }

    /// <summary>Bytes kept of what it sent, beyond what a VM of its size makes us keep.</summary>
    internal long Greed
    {
        get
        {
            lock (_gate)
            {
                long held = _wire.Held + _taken.Length;
                foreach (var query in _answered)
                    held += query.Held;
                return held - (long)(16 + (4 * Math.Clamp(_peer.Disks + _peer.Vcpus, 0, 512))) * 1024;
            }
        }
    }

    /// <summary>Takes the oldest event that has come in.</summary>
    public bool TryTakeEvent([NotNullWhen(true)] out QmpEvent? e)
    {
        lock (_gate)
            return _events.TryDequeue(out e);
    }

    /// <summary>Hangs up on one that makes us keep more than any other, because all together do beyond measure. For the thread that pumps.</summary>
    internal void Relieve(TimeSpan now)
    {
        lock (_gate)
            Break("QMP: all monitors together send more than may be kept, and this one most", now, s_refusedPause);
    }

    private void Receive(byte[] buffer)
    {
        for (var rounds = _io.IsInline ? InlineRounds : 1; rounds > 0 && _wire.Socket is not null; rounds--)
        {
            var now = _io.Now;
            lock (_gate)
                _wire.Limit = _underWay.LongestAnswer + QmpWire.LongestUnasked;
            if (!_wire.TryRead(buffer, now, out var bytes, out var ended))
                BreakOff(ended, now);
            if (bytes.IsEmpty)
                return;
            string? wrong = null;
            while (wrong is null && _wire.Excess is null && _wire.TryTake(ref bytes, out var line))
                wrong = Accept(line, now);
            if ((wrong ?? _wire.Excess) is { } why)
                BreakOff(why, now, s_refusedPause);
        }
    }

    /// <summary>Takes a message; null, or why the connection cannot go on.</summary>
    private string? Accept(ReadOnlySpan<byte> line, TimeSpan now)
    {
        var message = QmpMessage.Parse(line);
        switch (message.Kind)
        {
            case QmpMessageKind.Greeting when !_greeted && line.Length <= QmpWire.LongestUnasked:
                return Greeted(message, now);
            case QmpMessageKind.Return when _greeted:
                // Copied before the lock is taken, for it can be long.
                var copy = _io.Buffers.Rent(message.Payload.Length);
                message.Payload.CopyTo(copy);
                return Answered(message, line.Length, copy, now);
            case QmpMessageKind.Error when _greeted:
                return Answered(message, line.Length, [], now);
            case QmpMessageKind.Event when _greeted:
                return Happened(message, line.Length, now);
            default:
                return _greeted ? "QMP: it does not keep to the protocol" : "QMP: what listens there does not speak QMP";
        }
    }

    private string? Greeted(in QmpMessage message, TimeSpan now)
    {
        Version = QmpAnswers.GreetedVersion(message.Payload);
        lock (_gate)
        {
            _greeted = true;
            _reason = "QMP: negotiating";
            Enqueue(_capabilities, now, s_greetingDeadline);
        }

        return null;
    }

    private string? Answered(in QmpMessage message, int length, byte[] copy, TimeSpan now)
    {
        lock (_gate)
        {
            var query = _underWay.Remove(message.Id);
            if (query is null || length > query.Size.Most)
            {
                var reason = query is null ? "QMP: an answer that nobody asked for" : $"QMP: an answer to {query.Command} of more than {query.Size.Most >> 10} KiB";
                query?.Fail(QmpReplyStatus.NotConnected, reason, now);
                _io.Buffers.Return(copy);
                return reason;
            }

            _wire.WasWorthwhile();
            if (length > query.Size.Usual)
                _credit.Charge(length - query.Size.Usual, now);
            if (message.Kind == QmpMessageKind.Error)
                query.Fail(QmpReplyStatus.Error, $"QMP: {query.Command}: {HostileText.Clean(message.Description, 200)}", now);
            else if (query.Answer(copy, message.Payload.Length, now))
                _answered.Add(query);
            else
                _io.Buffers.Return(copy);
            var failed = query == _capabilities ? Negotiated(now) : null;
            System.Threading.Monitor.PulseAll(_gate);
            return failed;
        }
    }

    private string? Happened(in QmpMessage message, int length, TimeSpan now)
    {
        // Making a text of it is the dear part: not for those that come too fast to be read.
        var e = _pace.Allows(now) ? QmpEvent.Of(_io.Host.Time.GetUtcNow(), message) : null;
        lock (_gate)
        {
            if (e is not null)
                _events.Enqueue(e);
            if (e is null || _events.Count > MostEvents)
            {
                EventsLost++;
                if (e is not null)
                    _events.Dequeue();
            }

            return _credit.ChargeUnasked(Math.Max(length - UsualEvent, 0), now) ? null : "QMP: the monitor floods";
        }
    }

    private string? Negotiated(TimeSpan now)
    {
        if (!_capabilities.Take(now, out var reply, out var buffer) || !reply.IsOk)
            return reply.Reason ?? "QMP: no capabilities";
        _answered.Remove(_capabilities);
        _io.Buffers.Return(buffer);
        (_state, _reason) = (QmpState.Ready, null);
        Generation++;
        return null;
    }

    private void BreakOff(string reason, TimeSpan now, TimeSpan atLeast = default)
    {
        lock (_gate)
            Break(reason, now, atLeast);
    }

    /// <summary>Whoever took the last answer has read it by now.</summary>
    private void GiveBack()
    {
        _io.Buffers.Return(_taken);
        _taken = [];
    }

    /// <summary>The end of a connection: nobody is to take what came over it.</summary>
    private void DropAnswers(string reason, TimeSpan now)
    {
        foreach (var query in _answered)
            _io.Buffers.Return(query.Drop(reason, now));
        _answered.Clear();

        // Somebody may be reading this one.
        _io.Buffers.Forget(_taken);
        _taken = [];
    }
}
