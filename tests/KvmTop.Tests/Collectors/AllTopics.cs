using System.Text;
using System.Text.Json;
using KvmTop.Batch;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tests.Simulator;

namespace KvmTop.Tests.Collectors;

/// <summary>Reads every topic of the catalog tick by tick on a clock of the test's own, as the hub would.</summary>
internal sealed class AllTopics : IDisposable
{
    private readonly CollectorServices _services = new();
    private readonly List<ITopicReader> _readers;
    private readonly Action<double> _advance;

    public AllTopics(FakeHost host, QmpUse qmp = QmpUse.Auto)
        : this(host, host.Advance) => _ = _services.Get(() => new QmpSettings(qmp));

    public AllTopics(HostRoot host, SteppedTime time)
        : this(host, seconds => time.Advance(TimeSpan.FromSeconds(seconds)))
    {
    }

    private AllTopics(HostRoot host, Action<double> advance)
    {
        _advance = advance;
        _readers = [.. Catalog.Topics.Select(t => t.CreateReader(new CollectorContext(host, _services)))];
    }

    public Snapshot Snapshot { get; private set; } = Snapshot.Empty;

    public void Tick(double seconds = 1)
    {
        _advance(seconds);
        var states = _readers.ToDictionary(r => r.Topic, r => r.Read());
        var events = Snapshot.Events;
        foreach (var e in states.Values.SelectMany(s => s.Events))
            events = events.Add(e);
        var interval = Snapshot.Sequence == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(seconds);
        Snapshot = new Snapshot(Snapshot.Sequence + 1, DateTimeOffset.UnixEpoch.AddSeconds(Snapshot.Sequence), interval, states, events);
    }

    /// <summary>The moment as batch mode prints it.</summary>
    public string Json()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            RecordJson.Write(writer, Snapshot);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    public void Dispose()
    {
        foreach (var reader in _readers)
            reader.Dispose();
        _services.Dispose();
    }
}
