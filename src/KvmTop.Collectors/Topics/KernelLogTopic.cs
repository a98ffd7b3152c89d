using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>Messages of the kernel that concern virtual machines.</summary>
/// <param name="New">Those that came since the reading before; at first all that the log still has.</param>
/// <param name="Overruns">How often lines were overwritten before they were read.</param>
/// <param name="Now">What the log's clock said at the reading; null when not known.</param>
public sealed record KernelLogModel(KernelMessageSet New, long Overruns, TimeSpan? Now = null);

/// <summary>The kernel log, <c>/dev/kmsg</c>, as events.</summary>
public sealed class KernelLogTopic : PlainTopic<KernelLogModel>
{
    // A storm in the log must not push everything else out of the events.
    private const int MostEvents = 50;

    private KernelLogTopic()
        : base("kernel_log", "Kernel log", TimeSpan.FromSeconds(2))
    {
    }

    /// <summary>The topic.</summary>
    public static KernelLogTopic Instance { get; } = new();

    /// <summary>The first reading goes through all of the log.</summary>
    public override bool IsSlow => true;

    /// <inheritdoc/>
    public override ICollector<KernelLogModel> CreateCollector(CollectorContext context) => new Collector(context.Host);

    /// <inheritdoc/>
    public override IEnumerable<HostEvent> Compare(KernelLogModel before, KernelLogModel now, DateTimeOffset time)
    {
        var messages = now.New.Messages;
        var shown = Shown(messages);
        var skipped = messages.Count - shown.Count + now.New.Dropped;
        if (skipped > 0)
        {
            yield return new(time, Severity.Warning, Id, null, FormattableString.Invariant($"{skipped} more messages about virtual machines in the kernel log"));
        }

        if (now.New is { Noise: > 0, LatestNoise: { } latest } set)
        {
            var more = set.Noise > 1 ? FormattableString.Invariant($" ({set.Noise} such lines)") : "";
            yield return new(time, Severity.Info, Id, KernelSaying.Word(latest.Subject), $"harmless: {latest.Text}{more}");
        }

        foreach (var message in shown)
        {
            var severity = message.Subject is KernelSubject.OutOfMemory or KernelSubject.Crash || message is { IsTrouble: true, Priority: <= 2 } ? Severity.Critical
                : message.IsTrouble ? Severity.Warning
                : Severity.Info;
            var what = KernelSaying.What(message) is { } said ? said + ": " : "";
            var ago = KernelSaying.Ago(message, now.Now) is { Length: > 0 } age ? age + ": " : "";
            yield return new(time, severity, Id, KernelSaying.Word(message.Subject), ago + what + message.Text);
        }

        if (now.Overruns > before.Overruns)
        {
            yield return new(time, Severity.Warning, Id, null, "the kernel log overran: lines were lost before they could be read");
        }
    }

    // Of many: what is wrong before what is not, and of each the latest.
    private static List<KernelMessage> Shown(IReadOnlyList<KernelMessage> messages)
    {
        var shown = new List<KernelMessage>();
        foreach (var trouble in (ReadOnlySpan<bool>)[true, false])
        {
            for (var i = messages.Count - 1; i >= 0 && shown.Count < MostEvents; i--)
            {
                if (messages[i].IsTrouble == trouble)
                    shown.Add(messages[i]);
            }
        }

        shown.Sort(static (a, b) => a.Sequence.CompareTo(b.Sequence));
        return shown;
    }

    private sealed class Collector(HostRoot host) : ICollector<KernelLogModel>
    {
        private readonly KernelMessages _messages = new();
        private KernelLog? _log;

        public Reading<KernelLogModel> Collect()
        {
            if (_log is null && KernelLog.Open(host, out _log) is not Errno.None and var refused)
            {
                return Missing(refused);
            }

            return _log!.ReadNew(_messages.Add) is not Errno.None and var errno
                ? Missing(errno)
                : Reading<KernelLogModel>.Ok(new KernelLogModel(_messages.Take(), _log.Overruns, KernelSaying.Now(host)));
        }

        public void Dispose() => _log?.Dispose();

        private static Reading<KernelLogModel> Missing(Errno errno) => Reading<KernelLogModel>.Missing(
            errno.IsDenied() ? ReadingStatus.Denied : errno == Errno.ENOENT ? ReadingStatus.Unsupported : ReadingStatus.Failed,
            errno.IsDenied() ? $"{KernelLog.Path}: {errno.Describe()}; needs root or CAP_SYSLOG (kernel.dmesg_restrict)" : $"{KernelLog.Path}: {errno.Describe()}");
    }
}
