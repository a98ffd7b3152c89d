using System.Reactive.Concurrency;
using KvmTop.Actions;
using KvmTop.Screen;
using KvmTop.Tests.Actions;

namespace KvmTop.Tests.App;

/// <summary>A plan that has begun ends before the screen does. Broke when: q left the actions thread behind, and it was cut off in the middle of a plan without a word.</summary>
public sealed class LeavingTests : IDisposable
{
    private readonly FakeControl _host = new();
    private readonly HistoricalScheduler _worker = new();
    private readonly ActionBoard _board;

    public LeavingTests()
    {
        _ = _host.With("/sys/first", "a\n");
        _board = new ActionBoard(new ActionDesk(_host, new Journal(_host.Map("/log/audit.jsonl"), _host)), _worker, static () => { });
    }

    private static ActionPlan Plan => new() { Action = "test", Title = "Set first to b", Words = ["test", "b"], Effects = [new WriteFileEffect("/sys/first", "a", "b")] };

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Plan_is_under_way_from_the_key_until_it_has_ended()
    {
        Assert.Null(_board.UnderWay);
        Assert.True(_board.WaitForEnd(TimeSpan.Zero));

        _board.Execute(Plan, null, _ => { }, _ => { });

        Assert.Equal("Set first to b", _board.UnderWay);
        Assert.False(_board.WaitForEnd(TimeSpan.Zero));
        _worker.AdvanceBy(TimeSpan.FromTicks(1));
        Assert.Null(_board.UnderWay);
        Assert.True(_board.WaitForEnd(TimeSpan.Zero));
        Assert.True(_board.Outcome!.IsDone);
    }

    [Fact]
    public void Way_out_waits_for_what_has_begun_and_says_what_it_waits_for_when_asked_again()
    {
        _board.Execute(Plan, null, _ => { }, _ => { });
        var asked = 0;

        // Each look at the signals is a turn of the wait: the plan is carried out at the third.
        LastAction.Await(_board, () =>
        {
            if (++asked == 3)
                _worker.AdvanceBy(TimeSpan.FromTicks(1));
            return asked < 3;
        });

        Assert.Equal(3, asked);
        Assert.Null(_board.UnderWay);
        Assert.True(_host.IsAskedToEnd);
    }
}
