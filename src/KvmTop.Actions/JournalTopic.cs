using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Where the journal of actions lies. Shared through <see cref="CollectorServices"/>.</summary>
/// <param name="Journal">The journal; null where there is none (a demo, no home directory).</param>
public sealed record JournalSettings(Journal? Journal = null);

/// <summary>The actions in the journal.</summary>
/// <param name="Entries">Oldest first.</param>
/// <param name="Since">When this run began to look: what ended well before is history, not news.</param>
public sealed record JournalModel(IReadOnlyList<JournalEntry> Entries, DateTimeOffset Since);

/// <summary>The journal of actions as events: what this and other runs did, and what one that died has left half-way.</summary>
public sealed class JournalTopic : Topic<JournalModel, JournalModel>
{
    private JournalTopic()
        : base("journal", "Actions", TimeSpan.FromSeconds(1))
    {
    }

    /// <summary>The topic.</summary>
    public static JournalTopic Instance { get; } = new();

    /// <summary>It reads up to some megabytes when the journal has grown.</summary>
    public override bool IsSlow => true;

    /// <inheritdoc/>
    public override ICollector<JournalModel> CreateCollector(CollectorContext context) => new Collector(context.Services.Get(() => new JournalSettings()).Journal, context.Host.Time);

    /// <inheritdoc/>
    public override JournalModel Derive(JournalModel? before, JournalModel now) => now;

    /// <inheritdoc/>
    public override IEnumerable<HostEvent> Compare(JournalModel before, JournalModel now, DateTimeOffset time)
    {
        if (ReferenceEquals(before, now))
            yield break;
        var known = before.Entries.ToDictionary(e => e.Id);
        foreach (var entry in now.Entries)
        {
            var isNews = entry.Changed >= now.Since || entry.State == JournalState.Unfinished;
            if (!isNews || entry.State == JournalState.Running || (known.TryGetValue(entry.Id, out var was) && was.State == entry.State))
                continue;
            var left = entry.State == JournalState.Unfinished && entry.CanUndo ? $"; kvmtop undo {entry.Id} takes back what was begun" : "";
            yield return new(time, SeverityOf(entry.State), Id, entry.User, entry.Describe() + left);
        }
    }

    private static Severity SeverityOf(JournalState state) => state switch
    {
        JournalState.Broken or JournalState.Unfinished => Severity.Critical,
        JournalState.RolledBack => Severity.Warning,
        _ => Severity.Info,
    };

    private sealed class Collector(Journal? journal, TimeProvider time) : ICollector<JournalModel>
    {
        private readonly DateTimeOffset _started = time.GetUtcNow();
        private JournalModel? _latest;
        private (DateTime Written, long Length) _seen;

        public Reading<JournalModel> Collect()
        {
            // Before the first look nothing is known, so that what was left half-way is news at the second. Where no action can be taken there is never any.
            if (_latest is null || journal is null)
                return Reading<JournalModel>.Ok(_latest = new JournalModel([], _started));

            var file = new FileInfo(journal.Path);
            var now = file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
            if (now == _seen && _latest.Entries.All(e => e.State != JournalState.Running))
                return Reading<JournalModel>.Ok(_latest);
            var entries = journal.Read(out var errno);
            if (errno is not (Errno.None or Errno.ENOENT))
                return Reading<JournalModel>.Missing(errno.IsDenied() ? ReadingStatus.Denied : ReadingStatus.Failed, journal.Distrust ?? $"{journal.Path}: {errno.Describe()}");
            _seen = now;
            return Reading<JournalModel>.Ok(_latest = new JournalModel(entries, _started));
        }

        public void Dispose()
        {
        }
    }
}
