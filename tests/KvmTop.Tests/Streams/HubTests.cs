using System.Reactive.Concurrency;
using KvmTop.Collectors;
using KvmTop.Streams;
using KvmTop.Tests.Collectors;

namespace KvmTop.Tests.Streams;

public sealed class HubTests : IDisposable
{
    private readonly HistoricalScheduler _collector = new();
    private readonly HistoricalScheduler _worker = new();
    private readonly CollectorServices _services = new();
    private readonly List<Snapshot> _snapshots = [];
    private readonly FakeTopic _base = new("base");
    private readonly FakeTopic _plain;
    private readonly FakeTopic _seldom = new("seldom", pace: 2);
    private readonly FakeTopic _slow = new("slow", slow: true);
    private readonly FakeTopic _other = new("other");
    private readonly Hub _hub;

    public HubTests()
    {
        _plain = new FakeTopic("plain", after: _base);
        _hub = new Hub([_base, _plain, _seldom, _slow, _other], new CollectorContext(new FakeHost(), _services), _collector, _worker, TimeSpan.FromSeconds(1));
    }

    public void Dispose() => _services.Dispose();

    [Fact]
    public void Nobody_subscribed_nothing_is_read()
    {
        Go(5);
        Assert.Equal(0, _base.Reads + _plain.Reads + _other.Reads);
    }

    [Fact]
    public void Observe_reads_what_is_demanded_and_what_it_stands_on()
    {
        using var subscription = Observe(_plain);
        Go(2.5);
        Assert.Equal((3, 3, 0), (_plain.Reads, _base.Reads, _other.Reads));
        Assert.Equal(3, _snapshots[^1].Get(_base).Value!.Number);
        Assert.Equal(ReadingStatus.NoData, _snapshots[^1].Get(_other).Status);
    }

    [Fact]
    public void Observe_one_snapshot_per_tick_with_its_interval()
    {
        using var subscription = Observe(_plain);
        using var second = _hub.Observe([_other]).Subscribe(_ => { });
        Go(2.5);
        Assert.Equal([1L, 2, 3], _snapshots.Select(s => s.Sequence));
        Assert.Equal([0.0, 1, 1], _snapshots.Select(s => s.Interval.TotalSeconds));
        Assert.Equal((3, 3), (_plain.Reads, _other.Reads));
    }

    [Fact]
    public void Topic_with_a_pace_is_read_twice_at_once_and_then_keeps_its_reading_in_between()
    {
        using var subscription = Observe(_seldom);
        Go(4.5);
        Assert.Equal([1, 2, 2, 3, 3], _snapshots.Select(s => s.Get(_seldom).Value!.Number));
    }

    [Fact]
    public void Slow_topic_that_hangs_from_the_start_delays_no_tick_and_says_so()
    {
        using var subscription = Observe(_slow, _other);
        Go(7.5);
        Assert.Equal(8, _other.Reads);
        Assert.Equal(ReadingStatus.NoData, _snapshots[^1].Get(_slow).Status);
        Assert.Equal("no answer for 7 s", _snapshots[^1].Get(_slow).Reason);
    }

    [Fact]
    public void Slow_topic_joins_the_snapshot_after_it_answered()
    {
        using var subscription = Observe(_slow);
        Go(0.5);
        _worker.AdvanceBy(TimeSpan.FromSeconds(1));
        Go(1);
        Assert.Equal([null, 1], _snapshots.Select(s => s.Get(_slow).Value?.Number));
    }

    [Fact]
    public void Slow_topic_that_does_not_come_back_becomes_stale_with_its_last_value()
    {
        using var subscription = Observe(_slow, _other);
        Go(0.5);
        _worker.AdvanceBy(TimeSpan.FromSeconds(1));
        Go(5);
        Assert.Equal(ReadingStatus.Ok, _snapshots[^1].Get(_slow).Status);
        Go(3);
        var stale = _snapshots[^1].Get(_slow);
        Assert.Equal((ReadingStatus.Stale, 1), (stale.Status, stale.Value!.Number));
        Assert.Contains("no answer for 7 s", stale.Reason);
        Assert.Equal(9, _other.Reads);
    }

    [Fact]
    public void Slow_topic_is_read_once_at_a_time()
    {
        using var subscription = Observe(_slow);
        Go(5.5);
        _worker.AdvanceBy(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _slow.Reads);
    }

    [Fact]
    public void Collector_that_throws_is_failed_with_the_reason_and_the_stream_goes_on()
    {
        _other.Answer = n => n == 2 ? throw new FormatException("odd digits") : Reading<Count>.Ok(new Count(n));
        using var subscription = Observe(_other, _plain);
        Go(2.5);
        Assert.Equal([ReadingStatus.Ok, ReadingStatus.Failed, ReadingStatus.Ok], _snapshots.Select(s => s.Get(_other).Status));
        Assert.Contains("odd digits", _snapshots[1].Get(_other).Reason);
        Assert.Null(_snapshots[1].Get(_other).Value);
        Assert.Equal(3, _plain.Reads);
    }

    [Fact]
    public void Status_change_is_one_event_and_its_end_another()
    {
        _other.Answer = n => n is 2 or 3 or 4 ? Reading<Count>.Missing(ReadingStatus.Denied, "needs root") : Reading<Count>.Ok(new Count(n));
        using var subscription = Observe(_other);
        Go(6.5);
        var events = _snapshots[^1].Events.Items.ToList();
        Assert.Equal([Severity.Warning, Severity.Info], events.Select(e => e.Severity));
        Assert.Equal(["Denied: needs root", "readable again"], events.Select(e => e.Text));
        Assert.All(events, e => Assert.Equal("other", e.Source));
    }

    [Fact]
    public void RefreshNow_reads_what_is_new_and_leaves_the_sequence()
    {
        using var subscription = Observe(_plain);
        Go(1.5);
        using var second = _hub.Observe([_other]).Subscribe(_ => { });
        _hub.RefreshNow();
        Go(0.1);
        Assert.Equal((2, 1), (_plain.Reads, _other.Reads));
        Assert.Equal([1L, 2, 2], _snapshots.Select(s => s.Sequence));
        Assert.Equal(1, _snapshots[^1].Get(_other).Value!.Number);
        Assert.Equal(2, _snapshots[^1].Get(_plain).Value!.Number);
    }

    [Fact]
    public void Interval_set_ticks_at_once_and_then_at_the_new_pace()
    {
        using var subscription = Observe(_plain);
        Go(1.5);
        _hub.Interval = TimeSpan.FromSeconds(5);
        Go(0.1);
        Assert.Equal(3, _snapshots.Count);
        Go(4);
        Assert.Equal(3, _snapshots.Count);
        Go(1);
        Assert.Equal(4, _snapshots.Count);
        Assert.Equal(5, _snapshots[^1].Interval.TotalSeconds, 6);
    }

    [Fact]
    public void Topic_nobody_looks_at_is_not_read_but_lingers_before_it_is_disposed()
    {
        using var subscription = Observe(_plain);
        var second = _hub.Observe([_other]).Subscribe(_ => { });
        Go(1.5);
        second.Dispose();
        Go(30);
        Assert.Equal((2, 0), (_other.Reads, _other.Disposed));
        Assert.Equal(ReadingStatus.NoData, _snapshots[^1].Get(_other).Status);
        Go(60);
        Assert.Equal((2, 1), (_other.Reads, _other.Disposed));
    }

    [Fact]
    public void Unsubscribed_hub_stops_reading_and_goes_on_counting_later()
    {
        var subscription = Observe(_plain);
        Go(1.5);
        subscription.Dispose();
        Go(10);
        Assert.Equal(2, _plain.Reads);
        using var again = Observe(_plain);
        Go(0.1);
        Assert.Equal(3, _snapshots[^1].Sequence);
    }

    [Fact]
    public void Dispose_disposes_the_readers()
    {
        using (Observe(_plain))
        {
            Go(0.5);
        }

        _hub.Dispose();
        Assert.Equal((1, 1, 0), (_plain.Disposed, _base.Disposed, _other.Disposed));
    }

    [Fact]
    public void Dispose_while_a_slow_reading_hangs_disposes_it_when_it_comes_back()
    {
        using (Observe(_slow))
        {
            Go(0.5);
        }

        _hub.Dispose();
        Assert.Equal(0, _slow.Disposed);
        _worker.AdvanceBy(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _slow.Disposed);
    }

    private IDisposable Observe(params Topic[] topics) => _hub.Observe(topics).Subscribe(_snapshots.Add);

    private void Go(double seconds) => _collector.AdvanceBy(TimeSpan.FromSeconds(seconds));
}
