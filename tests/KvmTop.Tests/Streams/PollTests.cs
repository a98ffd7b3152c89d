using System.Reactive.Concurrency;
using KvmTop.Streams;

namespace KvmTop.Tests.Streams;

public sealed class PollTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly HistoricalScheduler _scheduler = new();
    private readonly List<double> _ticks = [];
    private readonly DateTimeOffset _start;

    public PollTests() => _start = _scheduler.Now;

    [Fact]
    public void Every_ticks_now_and_then_at_the_exact_pace()
    {
        using var subscription = Poll.Every(s_second, _scheduler).Subscribe(_ => Note());
        _scheduler.AdvanceBy(TimeSpan.FromSeconds(4.5));
        Assert.Equal([0, 1, 2, 3, 4], _ticks);
    }

    [Fact]
    public void Every_with_a_first_interval_ticks_a_second_time_sooner()
    {
        using var subscription = Poll.Every(s_second, _scheduler, TimeSpan.FromSeconds(0.25)).Subscribe(_ => Note());
        _scheduler.AdvanceBy(TimeSpan.FromSeconds(2.5));
        Assert.Equal([0, 0.25, 1.25, 2.25], _ticks);
    }

    [Fact]
    public void Every_with_a_first_interval_that_is_longer_keeps_the_pace()
    {
        using var subscription = Poll.Every(s_second, _scheduler, TimeSpan.FromSeconds(3)).Subscribe(_ => Note());
        _scheduler.AdvanceBy(TimeSpan.FromSeconds(2.5));
        Assert.Equal([0, 1, 2], _ticks);
    }

    [Fact]
    public void Every_observer_that_takes_part_of_an_interval_delays_no_tick()
    {
        using var subscription = Poll.Every(s_second, _scheduler).Subscribe(_ =>
        {
            Note();
            _scheduler.Sleep(TimeSpan.FromSeconds(0.4));
        });
        _scheduler.AdvanceBy(TimeSpan.FromSeconds(3.9));
        Assert.Equal([0, 1, 2, 3], _ticks);
    }

    [Fact]
    public void Every_missed_ticks_are_skipped_without_a_burst()
    {
        using var subscription = Poll.Every(s_second, _scheduler).Subscribe(n =>
        {
            Note();
            if (n.Number == 1)
            {
                _scheduler.Sleep(TimeSpan.FromSeconds(3.5));
            }
        });
        _scheduler.AdvanceBy(TimeSpan.FromSeconds(6.5));
        Assert.Equal([0, 1, 5, 6], _ticks);
    }

    [Fact]
    public void Every_numbers_its_ticks()
    {
        var numbers = new List<long>();
        using var subscription = Poll.Every(s_second, _scheduler).Subscribe(n => numbers.Add(n.Number));
        _scheduler.AdvanceBy(TimeSpan.FromSeconds(2.5));
        Assert.Equal([0, 1, 2], numbers);
    }

    [Fact]
    public void Every_disposed_stops()
    {
        var subscription = Poll.Every(s_second, _scheduler).Subscribe(_ => Note());
        _scheduler.AdvanceBy(TimeSpan.FromSeconds(1.5));
        subscription.Dispose();
        _scheduler.AdvanceBy(TimeSpan.FromSeconds(5));
        Assert.Equal([0, 1], _ticks);
    }

    private void Note() => _ticks.Add((_scheduler.Now - _start).TotalSeconds);
}
