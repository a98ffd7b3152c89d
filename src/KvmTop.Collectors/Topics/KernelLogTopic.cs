using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>Lines of the kernel log about KVM, VFIO, the IOMMU, memory that ran out, and hugepages.</summary>
/// <param name="New">Those that came since the reading before; at first all that the log still has.</param>
/// <param name="Overruns">How often lines were overwritten before they were read.</param>
public sealed record KernelLogModel(IReadOnlyList<KernelLogLine> New, long Overruns);

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
        var skipped = Math.Max(now.New.Count - MostEvents, 0);
        if (skipped > 0)
        {
            yield return new(time, Severity.Warning, Id, null, FormattableString.Invariant($"{skipped} more lines about virtual machines in the kernel log"));
        }

        for (var i = skipped; i < now.New.Count; i++)
        {
            var line = now.New[i];
            var severity = line.Subject == KernelLogSubject.OutOfMemory || line.Priority <= 2 ? Severity.Critical : line.Priority <= 4 ? Severity.Warning : Severity.Info;
            yield return new(time, severity, Id, Word(line.Subject), line.Text);
        }

        if (now.Overruns > before.Overruns)
        {
            yield return new(time, Severity.Warning, Id, null, "the kernel log overran: lines were lost before they could be read");
        }
    }

    private static string Word(KernelLogSubject subject) => subject switch
    {
        KernelLogSubject.OutOfMemory => "oom",
        _ => subject.ToString().ToLowerInvariant(),
    };

    private sealed class Collector(HostRoot host) : ICollector<KernelLogModel>
    {
        private KernelLog? _log;

        public Reading<KernelLogModel> Collect()
        {
            if (_log is null && KernelLog.Open(host, out _log) is not Errno.None and var refused)
            {
                return Missing(refused);
            }

            var lines = new List<KernelLogLine>();
            return _log!.ReadNew(lines) is not Errno.None and var errno ? Missing(errno) : Reading<KernelLogModel>.Ok(new KernelLogModel(lines, _log.Overruns));
        }

        public void Dispose() => _log?.Dispose();

        private static Reading<KernelLogModel> Missing(Errno errno) => Reading<KernelLogModel>.Missing(
            errno.IsDenied() ? ReadingStatus.Denied : errno == Errno.ENOENT ? ReadingStatus.Unsupported : ReadingStatus.Failed,
            errno.IsDenied() ? $"{KernelLog.Path}: {errno.Describe()}; needs root or CAP_SYSLOG (kernel.dmesg_restrict)" : $"{KernelLog.Path}: {errno.Describe()}");
    }
}
