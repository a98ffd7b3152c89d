using System.Reactive.Concurrency;
using KvmTop.Collectors;
using KvmTop.Streams;
using KvmTop.Tests.Collectors;

namespace KvmTop.Tests.Streams;

/// <summary>What the hub tells while it reads, of ticks that come late, and of topics that are read at leisure.</summary>
public sealed class HubProgressTests : IDisposable
{
    private readonly HistoricalScheduler _collector = new();
    private readonly CollectorServices _services = new();
    private readonly List<Snapshot> _snapshots = [];
    private readonly FakeTopic _first = new("first");
    private readonly FakeTopic _second = new("second");
    private readonly Hub _hub;

    public HubProgressTests() =>
        _hub = new Hub([_first, _second], new CollectorContext(new FakeHost(), _services), _collector, new HistoricalScheduler(), TimeSpan.FromSeconds(1));

    public void Dispose()
    {
        _hub.Dispose();
        _services.Dispose();
    }

    [Fact]
    public void Topic_that_is_being_read_is_known_with_how_long_it_takes()
    {
        using var subscription = _hub.Observe([_first, _second]).Subscribe(_snapshots.Add);
        Go(2.5);
        Assert.Null(_hub.Progress.Reading);
        (Topic?, double, double) seen = default;
        _second.Answer = n =>
        {
            _collector.Sleep(TimeSpan.FromSeconds(20));
            seen = (_hub.Progress.Reading, _hub.Progress.ReadingFor.TotalSeconds, _hub.Progress.Age.TotalSeconds);
            return Reading<Count>.Ok(new Count(n));
        };
        Go(1);
        Assert.Equal((_second, 20.0, 21.0), seen);
        Assert.Null(_hub.Progress.Reading);
    }

    [Fact]
    public void Tick_that_comes_late_says_by_how_much()
    {
        using var subscription = _hub.Observe([_first]).Subscribe(_snapshots.Add);
        Go(2.5);
        Assert.All(_snapshots, s => Assert.Equal(TimeSpan.Zero, s.Late));
        _first.Answer = n =>
        {
            _collector.Sleep(TimeSpan.FromSeconds(6));
            return Reading<Count>.Ok(new Count(n));
        };
        Go(0.6);
        _first.Answer = static n => Reading<Count>.Ok(new Count(n));
        Go(10);
        Assert.Contains(_snapshots, s => s.Late >= TimeSpan.FromSeconds(5));
        Assert.Equal(TimeSpan.Zero, _snapshots[^1].Late);
    }

    [Fact]
    public void Source_that_has_not_been_read_yet_says_so()
    {
        var slow = new FakeTopic("slow", slow: true);
        var hub = new Hub([slow], new CollectorContext(new FakeHost(), _services), _collector, new HistoricalScheduler(), TimeSpan.FromSeconds(1));
        using var subscription = hub.Observe([slow]).Subscribe(_snapshots.Add);
        Go(0.5);
        Assert.Equal((ReadingStatus.NoData, "not read yet"), (_snapshots[^1].Sources.Single().Shown, _snapshots[^1].Sources.Single().Reason));
    }

    [Fact]
    public void Topic_at_leisure_is_read_seldom_until_somebody_looks()
    {
        using var always = _hub.Observe([_first], [_second]).Subscribe(_snapshots.Add);
        Go(30.5);
        Assert.Equal(31, _first.Reads);
        // Two for its rates, then every ten seconds.
        Assert.InRange(_second.Reads, 4, 5);
        Assert.Equal(ReadingStatus.Ok, _snapshots[^1].Get(_second).Status);
        var before = _second.Reads;
        using (_hub.Observe([_second]).Subscribe())
        {
            Go(10);
            Assert.Equal(before + 10, _second.Reads);
        }

        Go(20);
        Assert.InRange(_second.Reads, before + 11, before + 13);
    }

    private void Go(double seconds) => _collector.AdvanceBy(TimeSpan.FromSeconds(seconds));
}
