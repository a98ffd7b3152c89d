using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>What was found in the kernel log.</summary>
/// <param name="Messages">Those that mean something, oldest first.</param>
/// <param name="Noise">How many harmless ones there were beside them.</param>
/// <param name="LatestNoise">The latest of these, or null.</param>
/// <param name="Dropped">How many were left out because there were too many of their kind.</param>
public sealed record KernelMessageSet(IReadOnlyList<KernelMessage> Messages, int Noise, KernelMessage? LatestNoise, int Dropped)
{
    /// <summary>None.</summary>
    public static KernelMessageSet Empty { get; } = new([], 0, null, 0);
}

/// <summary>
/// Sorts records of the kernel log by what they mean (<see cref="KernelRules"/>). Programs that write to the log are passed over: only the kernel's own word counts. Guests and
/// processes can cause lines at will, so each kind, and of the kills each owner, has room of its own: who makes much noise hides nobody else's message.
/// </summary>
public sealed class KernelMessages
{
    private const int LongestText = 400;
    private const int LongestLine = 1024;
    private const int MostOfSubject = 100;
    private const int MostOfOwner = 20;
    private const int MostKills = 400;

    private readonly byte[] _lower = new byte[LongestLine];
    private readonly KillLines _kills = new();
    private List<KernelMessage> _messages = [];
    private int _noise;
    private int _dropped;
    private KernelMessage? _latestNoise;

    /// <summary>All that is in the log of a host now.</summary>
    public static KernelMessageSet ReadAll(HostRoot host, out Errno errno)
    {
        errno = KernelLog.Open(host, out var log);
        using (log)
        {
            var messages = new KernelMessages();
            errno = log?.ReadNew(messages.Add) ?? errno;
            return messages.Take();
        }
    }

    /// <summary>Looks at a record.</summary>
    public void Add(in KernelRecord record, ReadOnlySpan<byte> text)
    {
        if (record.Facility != 0)
            return;

        var line = new KernelLine(text, _lower);
        if (_kills.Read(line, out var kill))
        {
            if (kill is { } done)
                Keep(Message(record, text, KernelSubject.OutOfMemory, KernelWeight.Trouble, done.Task) with { Scope = done.Scope, Cgroup = done.Cgroup, Uid = done.Uid });
            return;
        }

        if (KernelRules.Of(line) is not { } meaning)
            return;
        if (meaning.Weight != KernelWeight.Noise)
        {
            Keep(Message(record, text, meaning.Subject, meaning.Weight, meaning.Task));
            return;
        }

        _noise++;
        _latestNoise = Message(record, text, meaning.Subject, KernelWeight.Noise, null);
    }

    /// <summary>What has come since the last call.</summary>
    public KernelMessageSet Take()
    {
        var set = new KernelMessageSet(_messages, _noise, _latestNoise, _dropped);
        (_messages, _noise, _latestNoise, _dropped) = ([], 0, null, 0);
        return set;
    }

    private static KernelMessage Message(in KernelRecord record, ReadOnlySpan<byte> text, KernelSubject subject, KernelWeight weight, KernelTask? task) => new()
    {
        Sequence = record.Sequence, Priority = record.Priority, SinceBoot = record.SinceBoot, Subject = subject, Weight = weight, Task = task,
        Text = HostileText.Clean(text[..Math.Min(text.Length, LongestLine)], LongestText),
    };

    private void Keep(KernelMessage message)
    {
        var kill = message.Subject == KernelSubject.OutOfMemory;
        var (same, all, oldestSame, oldest) = (0, 0, -1, -1);
        for (var i = 0; i < _messages.Count; i++)
        {
            if (_messages[i].Subject != message.Subject)
                continue;
            all++;
            oldest = oldest < 0 ? i : oldest;
            if (kill && _messages[i].Uid == message.Uid)
            {
                same++;
                oldestSame = oldestSame < 0 ? i : oldestSame;
            }
        }

        var victim = kill ? (same >= MostOfOwner ? oldestSame : all >= MostKills ? oldest : -1) : all >= MostOfSubject ? oldest : -1;
        if (victim >= 0)
        {
            _messages.RemoveAt(victim);
            _dropped++;
        }

        _messages.Add(message);
    }
}
