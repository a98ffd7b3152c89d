using KvmTop.Actions;
using KvmTop.Collectors;

namespace KvmTop.Tests.Actions;

public sealed class JournalTopicTests : IDisposable
{
    private readonly FakeControl _host = new();
    private readonly Journal _journal;
    private readonly CollectorServices _services = new();

    public JournalTopicTests()
    {
        _journal = new Journal(_host.Map("/var/log/kvmtop/audit.jsonl"), _host);
        _ = _services.Get(() => new JournalSettings(_journal));
        _ = _host.With("/sys/first", "a\n");
    }

    public void Dispose()
    {
        _services.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void Events_what_is_done_while_it_looks_is_told_once()
    {
        using var collector = JournalTopic.Instance.CreateCollector(new CollectorContext(_host.Files, _services));
        var before = collector.Collect().Value!;
        _ = new PlanExecutor(_host, _journal).Execute(Plan(), null, _ => { });

        var now = collector.Collect().Value!;
        var told = Assert.Single(JournalTopic.Instance.Compare(before, now, default));

        Assert.Equal(("root", "Test: done", Severity.Info), (told.Subject, told.Text, told.Severity));
        Assert.Empty(JournalTopic.Instance.Compare(now, collector.Collect().Value!, default));
    }

    [Fact]
    public void Events_what_a_run_that_died_left_half_way_is_told_with_the_way_back()
    {
        _host.Started[Environment.ProcessId] = 7;
        var id = _journal.Begin(Plan(), null);
        _journal.Starting(id, 0);
        _host.Started[Environment.ProcessId] = 8;
        using var collector = JournalTopic.Instance.CreateCollector(new CollectorContext(_host.Files, _services));

        var told = Assert.Single(JournalTopic.Instance.Compare(collector.Collect().Value!, collector.Collect().Value!, default));

        Assert.Equal((Severity.Critical, $"Test: left half-way; kvmtop undo {id} takes back what was begun"), (told.Severity, told.Text));
    }

    [Fact]
    public void Events_what_ended_before_is_history()
    {
        _ = new PlanExecutor(_host, _journal).Execute(Plan(), null, _ => { });
        using var collector = JournalTopic.Instance.CreateCollector(new CollectorContext(_host.Files, _services));

        Assert.Empty(JournalTopic.Instance.Compare(collector.Collect().Value!, collector.Collect().Value!, default));
    }

    private static ActionPlan Plan() => new() { Action = "test", Title = "Test", Words = ["test"], Effects = [new WriteFileEffect("/sys/first", "a", "b")] };
}
