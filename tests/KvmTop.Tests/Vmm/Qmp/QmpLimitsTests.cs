using System.Collections.Concurrent;
using System.Text;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm.Qmp;

/// <summary>
/// Work before a limit is limited too, and all monitors together have one: a monitor in foreign hands that sent empty lines stopped all sampling (each line an exception, under the
/// lock that ticks wait for), and unfinished greetings and long answers of a few dozen took half a gigabyte.
/// </summary>
public sealed class QmpLimitsTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly QmpIo _io = new(new DirectoryHost(), 1 << 20);
    private readonly List<FakeMonitor> _monitors = [];

    public void Dispose()
    {
        _io.Dispose();
        _monitors.ForEach(m => m.Dispose());
    }

    public static TheoryData<string, string> Nonsense => new()
    {
        { "\n\n\n\n", "empty lines" },
        { "\r\n \t\r\n", "empty lines" },
        { "\u0001\u0002\n", "protocol" },
        { new string('[', 5000) + "\n", "protocol" },
        { "{\"return\": {\"a\": \"\\ud800\"}, \"id\": 2}\n", "protocol" },
        { "{\"return\": {\"a\": 01}, \"id\": 2}\n", "protocol" },
        { "{\"return\": {}, \"id\": 2\n", "protocol" },
        { "{\"event\": 7}\n", "protocol" },
        { "{\"return\": \"" + new string('x', 20_000) + "\", \"id\": 2}\n", "an answer to query-status of more than 8 KiB" },
        { "{\"return\": \"" + new string('x', 200_000), "a line of more than 24 KiB" },
        { new string(' ', 200_000), "a line of more than 24 KiB" },
    };

    [Theory]
    [MemberData(nameof(Nonsense))]
    public void Nonsense_ends_the_connection_and_throws_nothing(string text, string reason)
    {
        var thrown = new ConcurrentBag<Exception>();
        void Note(object? sender, System.Runtime.ExceptionServices.FirstChanceExceptionEventArgs e)
        {
            if (Thread.CurrentThread.Name == "qmp")
                thrown.Add(e.Exception);
        }

        AppDomain.CurrentDomain.FirstChanceException += Note;
        try
        {
            var connection = Open(client =>
            {
                client.Open();
                _ = client.Command();
                for (var i = 0; i < 100; i++)
                    client.Raw(text);
                client.StandStill();
            });
            var reply = connection.Execute("query-status", null, Patience);
            Assert.Equal((QmpReplyStatus.NotConnected, QmpState.Failed), (reply.Status, connection.State));
            Assert.Contains(reason, reply.Reason);
        }
        finally
        {
            AppDomain.CurrentDomain.FirstChanceException -= Note;
        }

        // Other tests have threads of that name too: theirs have nothing to do with JSON.
        Assert.DoesNotContain(thrown, e => e is System.Text.Json.JsonException or InvalidOperationException);
    }

    [Theory]
    [InlineData(200_000, "a line of more than 16 KiB")]
    [InlineData(10, "a greeting that does not end")]
    public void Greeting_that_does_not_end_is_hung_up_on(int length, string reason)
    {
        var connection = Open(client =>
        {
            client.Raw("{\"QMP\": \"" + new string('x', length));
            client.StandStill();
        });
        connection.Touch();
        Until(() => connection.State == QmpState.Failed);
        Assert.Contains(reason, connection.Reason);
    }

    [Fact]
    public void Answers_longer_than_need_be_are_asked_for_more_rarely()
    {
        var connection = Ready((name, id) => $$"""{"return": "{{new string('x', 70_000)}}", "id": {{id}}}""");
        var query = connection.Query("query-blockstats");
        var answers = 0;
        while (query.Post(Patience))
        {
            Until(() => query.TryTake(out _));
            Assert.True(++answers < 10, "asked without end");
        }

        Assert.Equal((QmpState.Ready, "QMP: its answers are longer than they need be, so it is asked more rarely"), (connection.State, connection.Reason));
        Assert.InRange(answers, 2, 5);
    }

    [Fact]
    public void All_monitors_together_make_us_keep_so_much_and_the_greediest_go_first()
    {
        var small = Ready((_, id) => $$"""{"return": {"status": "running"}, "id": {{id}}}""");
        var greedy = new List<(QmpConnection Connection, QmpQuery Query)>();
        for (var i = 0; i < 8; i++)
        {
            var connection = Ready((name, id) => $$"""{"return": "{{(name == "query-status" ? "" : new string('x', 200_000))}}", "id": {{id}}}""");
            greedy.Add((connection, connection.Query("something-long")));
        }

        // Nobody takes the answers: they stay where they are.
        foreach (var (connection, query) in greedy)
        {
            Assert.True(query.Post(Patience));
            // It answers in order: behind this one the long one is there.
            Assert.NotEqual(QmpReplyStatus.TimedOut, connection.Execute("query-status", null, Patience).Status);
        }

        Assert.True(small.Execute("query-status", null, Patience).IsOk);
        Assert.Equal(QmpState.Ready, small.State);
        var dropped = greedy.Where(g => g.Connection.State == QmpState.Failed).ToList();
        Assert.True(greedy.Count - dropped.Count <= 4, $"{greedy.Count - dropped.Count} quarters are kept of one");
        Assert.All(dropped, d => Assert.Equal("QMP: all monitors together send more than may be kept, and this one most", d.Connection.Reason));
    }

    [Fact]
    public void Monitors_that_flood_and_drip_leave_the_others_their_turn()
    {
        var noise = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("""{"event": "X", "timestamp": {}}""" + "\n", 200)));
        for (var i = 0; i < 10; i++)
        {
            var drips = i % 2 == 0;
            Open(client =>
            {
                client.Open();
                while (!client.Stopped.IsCancellationRequested)
                    client.Raw(drips ? [(byte)'x'] : noise);
            }).Touch();
        }

        var good = Ready((_, id) => $$"""{"return": 1, "id": {{id}}}""");
        for (var i = 0; i < 20; i++)
            Assert.True(good.Execute("query-status", null, Patience).IsOk);
    }

    [Fact]
    public void Process_that_has_the_pid_now_is_not_the_one_that_was_meant()
    {
        var monitor = FakeMonitor.Answering((_, id) => $$"""{"return": 1, "id": {{id}}}""");
        _monitors.Add(monitor);
        var connection = _io.Open(new QmpTarget([monitor.Path], null), new QmpPeer(Environment.ProcessId, StartTicks: 1));
        Assert.Equal((QmpReplyStatus.NotConnected, QmpState.Refused), (connection.Execute("query-status", null, Patience).Status, connection.State));
        lock (monitor.Received)
            Assert.Equal("", monitor.Received.ToString());
    }

    private QmpConnection Open(Action<FakeMonitor.Client> behaviour)
    {
        _monitors.Add(new FakeMonitor(behaviour));
        return _io.Open(new QmpTarget([_monitors[^1].Path], null), new QmpPeer(Environment.ProcessId));
    }

    private QmpConnection Ready(Func<string, long, string?> answer)
    {
        _monitors.Add(FakeMonitor.Answering(answer));
        var connection = _io.Open(new QmpTarget([_monitors[^1].Path], null), new QmpPeer(Environment.ProcessId));
        connection.Touch();
        Until(() => connection.State == QmpState.Ready);
        return connection;
    }

    private static void Until(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, Patience));
}
