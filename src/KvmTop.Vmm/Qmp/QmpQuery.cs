namespace KvmTop.Vmm;

/// <summary>How a command ended.</summary>
public enum QmpReplyStatus
{
    /// <summary>It returned a value.</summary>
    Ok,

    /// <summary>The monitor refused it, or does not know it.</summary>
    Error,

    /// <summary>No answer within the deadline. It may still come, and is then dropped.</summary>
    TimedOut,

    /// <summary>There is no connection, or it broke before the answer came.</summary>
    NotConnected,
}

/// <summary>The answer to a command.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Json">The value of "return"; valid until anything is posted to or taken from the same connection.</param>
/// <param name="Reason">Why there is no value, for the screen; null when there is one.</param>
/// <param name="SentAt">When the command went out, on the host's monotonic clock.</param>
/// <param name="ArrivedAt">When the answer had arrived.</param>
public readonly record struct QmpReply(QmpReplyStatus Status, ReadOnlyMemory<byte> Json, string? Reason, TimeSpan SentAt, TimeSpan ArrivedAt)
{
    /// <summary>True when there is a value.</summary>
    public bool IsOk => Status == QmpReplyStatus.Ok;
}

/// <summary>
/// One command that is asked again and again: posted at one tick, its answer taken at a later one, so that nobody waits. One is under way at a time. For one caller's thread.
/// </summary>
public sealed class QmpQuery
{
    private readonly QmpConnection _connection;
    private byte[] _answer = [];
    private int _length;
    private QmpReply _reply;
    private TimeSpan _deadline;

    internal QmpQuery(QmpConnection connection, string command, string? arguments, QmpAnswerSize size) =>
        (_connection, Command, Arguments, Size) = (connection, command, arguments, size);

    internal enum Phase
    {
        Idle,

        /// <summary>Sent, no answer yet.</summary>
        UnderWay,

        /// <summary>The answer is there for the taking.</summary>
        Answered,

        /// <summary>Given up by the caller, but the monitor has not answered: its answer must be recognised when it comes.</summary>
        Overdue,
    }

    /// <summary>What is asked ("query-blockstats").</summary>
    public string Command { get; }

    /// <summary>Its arguments as a JSON object, or null.</summary>
    public string? Arguments { get; }

    internal Phase State { get; private set; }

    internal long Id { get; private set; }

    internal TimeSpan SentAt { get; private set; }

    /// <summary>How long its answer may be.</summary>
    internal QmpAnswerSize Size { get; }

    /// <summary>When the answer came that is there for the taking.</summary>
    internal TimeSpan AnsweredAt => _reply.ArrivedAt;

    /// <summary>Bytes of the answer that is there for the taking.</summary>
    internal int Held => _answer.Length;

    /// <summary>Sends the command. False when that is not possible now (see <see cref="QmpConnection.Reason"/>) or when the one before is still under way.</summary>
    public bool Post(TimeSpan deadline) => _connection.Post(this, deadline, keep: true);

    /// <summary>The same for what is not worth a connection: makes none, and does not keep one that nobody else uses.</summary>
    public bool PostIfConnected(TimeSpan deadline) => _connection.State == QmpState.Ready && _connection.Post(this, deadline, keep: false);

    /// <summary>Takes the answer to the latest <see cref="Post"/>, once. False while there is none.</summary>
    public bool TryTake(out QmpReply reply) => _connection.TryTake(this, out reply);

    internal void Sent(long id, TimeSpan now, TimeSpan deadline) => (State, Id, SentAt, _deadline) = (Phase.UnderWay, id, now, now + deadline);

    /// <summary>Hands over the answer; false when nobody waits for it any more, and the buffer is the caller's.</summary>
    internal bool Answer(byte[] buffer, int length, TimeSpan now)
    {
        if (State != Phase.UnderWay)
        {
            State = Phase.Idle;
            return false;
        }

        (_answer, _length, State) = (buffer, length, Phase.Answered);
        _reply = new QmpReply(QmpReplyStatus.Ok, default, null, SentAt, now);
        return true;
    }

    internal void Fail(QmpReplyStatus status, string reason, TimeSpan now)
    {
        _reply = new QmpReply(status, default, reason, SentAt, now);
        State = State == Phase.UnderWay ? Phase.Answered : Phase.Idle;
    }

    /// <summary>Drops an answer that nobody has taken yet; whoever comes for it is told why it is gone. The buffer is the caller's.</summary>
    internal byte[] Drop(string reason, TimeSpan now)
    {
        var buffer = _answer;
        _answer = [];
        _reply = new QmpReply(QmpReplyStatus.NotConnected, default, reason, SentAt, now);
        return buffer;
    }

    /// <summary>Takes the answer; the buffer that it points into is the caller's from then on.</summary>
    internal bool Take(TimeSpan now, out QmpReply reply, out byte[] buffer)
    {
        (reply, buffer) = (default, []);
        if (State == Phase.UnderWay && now >= _deadline)
        {
            State = Phase.Overdue;
            reply = new QmpReply(QmpReplyStatus.TimedOut, default, $"QMP: no answer to {Command} within {(_deadline - SentAt).TotalSeconds:0.#} s", SentAt, now);
            return true;
        }

        if (State != Phase.Answered)
            return false;

        reply = _reply with { Json = _answer.AsMemory(0, _answer.Length == 0 ? 0 : _length) };
        (buffer, _answer, State) = (_answer, [], Phase.Idle);
        return true;
    }
}
