using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reactive.Concurrency;
using System.Reactive.Linq;
using KvmTop.Streams;

namespace KvmTop.Tests.Streams;

public sealed class LoopSchedulerTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly LoopScheduler _loop = new("loop under test");

    public void Dispose() => _loop.Dispose();

    [Fact]
    public void Schedule_everything_runs_on_the_one_thread_by_time_and_then_by_order()
    {
        using var done = new ManualResetEventSlim();
        var seen = new ConcurrentQueue<string>();
        void See(string name) => seen.Enqueue(name + " on " + Thread.CurrentThread.Name);
        _loop.Schedule(() =>
        {
            // Scheduled from within, so that nothing runs before all are in the queue.
            _loop.Schedule(TimeSpan.FromMilliseconds(60), () => { See("last"); done.Set(); });
            _loop.Schedule(TimeSpan.FromMilliseconds(20), () => See("third"));
            _loop.Schedule(() => See("first"));
            _loop.Schedule(() => See("second"));
        });
        Assert.True(done.Wait(s_patience, TestContext.Current.CancellationToken));
        Assert.Equal(["first on loop under test", "second on loop under test", "third on loop under test", "last on loop under test"], seen);
    }

    [Fact]
    public void Schedule_never_runs_early_and_a_sooner_one_wakes_the_wait()
    {
        using var done = new CountdownEvent(2);
        var clock = Stopwatch.StartNew();
        var (late, soon) = (TimeSpan.Zero, TimeSpan.Zero);
        _loop.Schedule(TimeSpan.FromSeconds(20), () => late = clock.Elapsed);
        _loop.Schedule(TimeSpan.FromMilliseconds(30), () => { soon = clock.Elapsed; done.Signal(); });
        _loop.Schedule(() => done.Signal());
        Assert.True(done.Wait(TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken));
        Assert.True(soon >= TimeSpan.FromMilliseconds(30), $"{soon}");
        Assert.Equal(TimeSpan.Zero, late);
    }

    [Fact]
    public void Cancelled_item_is_not_run()
    {
        using var done = new ManualResetEventSlim();
        var ran = false;
        _loop.Schedule(TimeSpan.FromMilliseconds(20), () => ran = true).Dispose();
        _loop.Schedule(TimeSpan.FromMilliseconds(60), done.Set);
        Assert.True(done.Wait(s_patience, TestContext.Current.CancellationToken));
        Assert.False(ran);
    }

    [Fact]
    public void Dispose_ends_the_thread_and_what_is_scheduled_later_is_not_done()
    {
        using var begun = new ManualResetEventSlim();
        Thread? thread = null;
        _loop.Schedule(() => { thread = Thread.CurrentThread; begun.Set(); });
        Assert.True(begun.Wait(s_patience, TestContext.Current.CancellationToken));
        _loop.Dispose();
        Assert.True(thread!.Join(s_patience));
        var ran = false;
        _loop.Schedule(() => ran = true).Dispose();
        Thread.Sleep(50);
        Assert.False(ran);
    }

    [Fact]
    public void Ticks_go_on_however_soon_the_first_one_is()
    {
        // The first tick and the subscription race: with an interval of nothing much, both orders come up.
        for (var i = 0; i < 2000; i++)
        {
            using var second = new ManualResetEventSlim();
            using var ticks = Poll.Every(TimeSpan.FromMilliseconds(1), _loop).Subscribe(t =>
            {
                if (t.Number == 1)
                {
                    second.Set();
                }
            });
            Assert.True(second.Wait(s_patience, TestContext.Current.CancellationToken), $"no second tick at attempt {i}");
        }
    }

    [Fact]
    public void Ticks_on_it_never_come_before_their_place_on_the_grid()
    {
        // Not awaited: what follows would run on the thread under test. How late they may come is for the machine to say: the benchmarks measure it.
        using var done = new ManualResetEventSlim();
        var ticks = new List<(long Number, TimeSpan At)>();
        var clock = Stopwatch.StartNew();
        using var running = Poll.Every(TimeSpan.FromMilliseconds(20), _loop).Take(40).Subscribe(t => ticks.Add((t.Number, clock.Elapsed)), done.Set);
        Assert.True(done.Wait(s_patience, TestContext.Current.CancellationToken));
        Assert.All(ticks, t => Assert.True(t.At >= TimeSpan.FromMilliseconds(20) * (t.Number - ticks[0].Number), $"{t}"));
        Assert.True(ticks.Zip(ticks.Skip(1), (a, b) => a.Number < b.Number).All(rises => rises), "a tick twice");
    }
}
