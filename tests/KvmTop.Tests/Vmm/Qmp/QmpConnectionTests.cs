using System.Diagnostics;
using System.Text;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm.Qmp;

public sealed class QmpConnectionTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    private readonly QmpIo _io = new(new DirectoryHost());

    public void Dispose() => _io.Dispose();

    [Fact]
    public void Execute_returns_the_value_and_knows_the_version()
    {
        using var monitor = FakeMonitor.Answering((_, id) => $$"""{"return": {"status": "running"}, "id": {{id}}}""");
        var connection = Open(monitor);
        var reply = connection.Execute("query-status", null, Patience);
        Assert.Equal((QmpReplyStatus.Ok, """{"status": "running"}""", null), (reply.Status, Text(reply), reply.Reason));
        Assert.Equal((QmpState.Ready, "10.0.2", null), (connection.State, connection.Version, connection.Reason));
        Assert.True(reply.ArrivedAt >= reply.SentAt);
    }

    [Fact]
    public void Execute_sends_the_arguments()
    {
        using var monitor = FakeMonitor.Answering((_, id) => $$"""{"return": {}, "id": {{id}}}""");
        Assert.True(Open(monitor).Execute("query-stats", """{"target":"vcpu"}""", Patience).IsOk);
        lock (monitor.Received)
            Assert.Contains("""{"execute":"query-stats","arguments":{"target":"vcpu"},"id":2}""", monitor.Received.ToString());
    }

    [Fact]
    public void Post_is_answered_later_over_one_connection_for_all_queries()
    {
        using var monitor = FakeMonitor.Answering((name, id) => $$"""{"id": {{id}}, "return": "{{name}}"}""");
        var connection = Ready(monitor);
        var (first, second) = (connection.Query("query-status"), connection.Query("query-block"));
        for (var i = 0; i < 3; i++)
        {
            Assert.True(first.Post(Patience));
            Assert.True(second.Post(Patience));
            Assert.Equal("\"query-block\"", Text(Take(second)));
            Assert.Equal("\"query-status\"", Text(Take(first)));
        }

        Assert.Equal(1, monitor.Connections);
    }

    [Fact]
    public void Post_before_the_answer_has_come_is_refused()
    {
        using var monitor = FakeMonitor.Answering((_, _) => null);
        var query = Ready(monitor).Query("query-status");
        Assert.True(query.Post(Patience));
        Assert.False(query.Post(Patience));
        Assert.False(query.TryTake(out _));
    }

    [Fact]
    public void Error_is_a_status_with_what_the_monitor_says()
    {
        using var monitor = FakeMonitor.Answering((_, id) => $$$"""{"id": {{{id}}}, "error": {"class": "CommandNotFound", "desc": "no \u001b[31m such command"}}""");
        var connection = Open(monitor);
        var reply = connection.Execute("query-nothing", null, Patience);
        Assert.Equal(QmpReplyStatus.Error, reply.Status);
        Assert.StartsWith("QMP: query-nothing: no ", reply.Reason);
        Assert.Equal(QmpState.Ready, connection.State);
    }

    [Fact]
    public void Events_between_answers_are_kept_in_order()
    {
        using var monitor = FakeMonitor.Answering((_, id) =>
            """{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "STOP"}""" + "\r\n"
            + """{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "BLOCK_IO_ERROR", "data": {"device": "d0", "nospace": true, "__x": {"deep": 7}}}""" + "\r\n"
            + $$"""{"return": 5, "id": {{id}}}""");
        var connection = Open(monitor);
        Assert.Equal("5", Text(connection.Execute("query-status", null, Patience)));
        Assert.True(connection.TryTakeEvent(out var first));
        Assert.True(connection.TryTakeEvent(out var second));
        Assert.False(connection.TryTakeEvent(out _));
        Assert.Equal(("STOP", ""), (first.Name, first.Text));
        Assert.Equal(("BLOCK_IO_ERROR", "device d0, nospace true, deep 7"), (second.Name, second.Text));
    }

    [Fact]
    public void Events_that_nobody_takes_are_bounded()
    {
        using var monitor = FakeMonitor.Answering((_, id) =>
            string.Concat(Enumerable.Range(0, 100).Select(i => $$$"""{"event": "E{{{i}}}", "timestamp": {}}""" + "\n")) + $$"""{"return": 5, "id": {{id}}}""");
        var connection = Open(monitor);
        Assert.True(connection.Execute("x", null, Patience).IsOk);
        Assert.InRange(connection.EventsLost, 36, 68);
        Assert.True(connection.TryTakeEvent(out _));
    }

    [Fact]
    public void Pretty_monitor_is_understood()
    {
        using var monitor = new FakeMonitor(client =>
        {
            client.Raw("{\n    \"QMP\": {\n        \"version\": {\n        }\n    }\n}\r\n");
            while (client.Command() is var (_, id))
                client.Raw($"{{\r\n    \"return\": {{\r\n        \"a\": 1\r\n    }},\r\n    \"id\": {id}\r\n}}\r\n");
        });
        Assert.True(Open(monitor).Execute("query-status", null, Patience).IsOk);
    }

    [Fact]
    public void Silent_peer_is_connecting_with_a_reason_and_never_dropped()
    {
        using var monitor = new FakeMonitor(c => c.StandStill());
        var connection = Open(monitor);
        var query = connection.Query("query-status");
        var clock = Stopwatch.StartNew();
        Assert.False(query.Post(Patience));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2));
        Until(() => connection.Reason == "QMP: no greeting: another client holds the monitor, or it hangs");
        Assert.Equal(QmpState.Connecting, connection.State);
        Assert.False(query.Post(Patience));
        Assert.Equal(1, monitor.Connections);
    }

    [Fact]
    public void Command_without_answer_times_out_and_holds_back_others_until_it_comes()
    {
        using var answer = new ManualResetEventSlim();
        using var monitor = new FakeMonitor(client =>
        {
            client.Open();
            while (client.Command() is var (_, id))
            {
                answer.Wait(client.Stopped);
                client.Send($$"""{"return": {{id}}, "id": {{id}}}""");
            }
        });
        var connection = Ready(monitor);
        var (slow, other) = (connection.Query("query-slow"), connection.Query("query-status"));
        Assert.True(slow.Post(Short));
        Assert.Equal(QmpReplyStatus.TimedOut, Take(slow).Status);
        Assert.False(slow.Post(Short));
        Assert.False(other.Post(Short));
        Assert.Contains("no answer to query-slow", connection.Reason);

        answer.Set();
        Until(() => other.Post(Patience));
        Assert.Equal("3", Text(Take(other)));
        Assert.False(slow.TryTake(out _));
        Assert.Null(connection.Reason);
        Assert.Equal(1, monitor.Connections);
    }

    [Fact]
    public void Half_a_line_is_waited_for_within_the_deadline_only()
    {
        using var monitor = FakeMonitor.Answering((_, id) => null);
        using var half = new FakeMonitor(client =>
        {
            client.Open();
            _ = client.Command();
            client.Raw("""{"return": {"a": """);
            client.StandStill();
        });
        Assert.Equal(QmpReplyStatus.TimedOut, Open(half).Execute("query-status", null, TimeSpan.FromSeconds(1)).Status);
    }

    [Theory]
    [InlineData("{nonsense}\n", "protocol")]
    [InlineData("[1,2]\n", "protocol")]
    [InlineData("\u0001\u0002\n", "protocol")]
    [InlineData("{\"return\": {}, \"id\": 4711}\n", "nobody asked")]
    [InlineData("{\"return\": {}}\n", "nobody asked")]
    [InlineData("{\"return\": {}, \"id\": \"2\"}\n", "nobody asked")]
    [InlineData("{\"error\": {\"class\": \"GenericError\", \"desc\": \"x\"}}\n", "nobody asked")]
    [InlineData("{\"return\": {}, \"id\": 2} trailing\n", "protocol")]
    [InlineData("{\"QMP\": {}}\n", "protocol")]
    [InlineData("", "hung up")]
    [InlineData("{\"return\": {\"half\": ", "hung up")]
    public void Broken_answer_fails_the_command_with_a_reason(string answer, string reason)
    {
        using var monitor = new FakeMonitor(client =>
        {
            client.Open();
            _ = client.Command();
            client.Raw(answer);
            if (answer.EndsWith('\n'))
                client.StandStill();
        });
        var connection = Open(monitor);
        var reply = connection.Execute("query-status", null, Patience);
        Assert.Equal(QmpReplyStatus.NotConnected, reply.Status);
        Assert.Contains(reason, reply.Reason);
        Assert.Equal(QmpState.Failed, connection.State);
    }

    [Fact]
    public void Answer_nested_too_deep_fails()
    {
        using var monitor = FakeMonitor.Answering((_, id) => $$"""{"return": {{new string('[', 5000)}}{{new string(']', 5000)}}, "id": {{id}}}""");
        Assert.Contains("protocol", Open(monitor).Execute("query-status", null, Patience).Reason);
    }

    [Fact]
    public void Peer_that_speaks_something_else_fails()
    {
        using var monitor = new FakeMonitor(client =>
        {
            client.Raw("HTTP/1.1 400 Bad Request\r\n\r\n");
            client.StandStill();
        });
        var reply = Open(monitor).Execute("query-status", null, Patience);
        Assert.Equal((QmpReplyStatus.NotConnected, "QMP: what listens there does not speak QMP"), (reply.Status, reply.Reason));
    }

    [Fact]
    public void Line_of_100_MB_fails_and_costs_no_memory()
    {
        using var monitor = new FakeMonitor(client =>
        {
            client.Open();
            _ = client.Command();
            var chunk = Encoding.ASCII.GetBytes(new string(' ', 1 << 20));
            for (var i = 0; i < 100; i++)
                client.Raw(chunk);
        });
        var before = Environment.WorkingSet;
        var reply = Open(monitor).Execute("query-status", null, Patience);
        Assert.Contains("a line of more than 24 KiB", reply.Reason);
        Assert.True(Environment.WorkingSet - before < 40 << 20, $"{(Environment.WorkingSet - before) >> 20} MiB more");
    }

    [Fact]
    public void Flood_of_events_fails()
    {
        using var monitor = new FakeMonitor(client =>
        {
            client.Open();
            var many = string.Concat(Enumerable.Repeat("""{"event": "RTC_CHANGE", "timestamp": {"seconds": 1, "microseconds": 0}}""" + "\n", 500));
            while (!client.Stopped.IsCancellationRequested)
                client.Raw(many);
        });
        var connection = Open(monitor);
        connection.Touch();
        Until(() => connection.State == QmpState.Failed);
        Assert.Equal("QMP: the monitor floods", connection.Reason);
    }

    [Fact]
    public void Socket_of_another_process_gets_no_byte()
    {
        using var monitor = FakeMonitor.Answering((_, id) => null);
        var connection = _io.Open(new QmpTarget([monitor.Path], null), new QmpPeer(Environment.ProcessId + 1));
        var reply = connection.Execute("query-status", null, Patience);
        Assert.Equal((QmpReplyStatus.NotConnected, QmpState.Refused), (reply.Status, connection.State));
        Assert.Equal($"QMP: its socket belongs to process {Environment.ProcessId}, not to this VM", reply.Reason);
        lock (monitor.Received)
            Assert.Equal("", monitor.Received.ToString());
    }

    [Fact]
    public void Socket_that_is_gone_fails_and_is_tried_again()
    {
        string path;
        using (var gone = FakeMonitor.Answering((_, _) => null))
            path = gone.Path;
        var connection = _io.Open(new QmpTarget([path], null), new QmpPeer(Environment.ProcessId));
        Assert.Contains("no such file", connection.Execute("query-status", null, Patience).Reason);
        Assert.Equal(QmpState.Failed, connection.State);
    }

    [Fact]
    public void Monitor_that_hangs_up_is_connected_again()
    {
        var first = true;
        using var monitor = new FakeMonitor(client =>
        {
            client.Open();
            while (client.Command() is var (_, id))
            {
                if (first)
                {
                    first = false;
                    return;
                }

                client.Send($$"""{"return": 1, "id": {{id}}}""");
            }
        });
        var connection = Open(monitor);
        Assert.Contains("hung up", connection.Execute("query-status", null, Patience).Reason);
        Until(() => connection.Execute("query-status", null, Patience).IsOk);
        Assert.Equal(2, monitor.Connections);
    }

    [Fact]
    public void Full_queue_of_the_listener_is_waited_out()
    {
        using var accepted = new ManualResetEventSlim();
        using var monitor = new FakeMonitor(client =>
        {
            accepted.Set();
            client.StandStill();
        });
        var others = new List<HostSocket>();
        try
        {
            // The first is taken from the queue; then until the kernel says that it is full.
            Assert.Equal(Errno.None, new DirectoryHost().Connect(monitor.Path, out var first));
            others.Add(first!);
            Assert.True(accepted.Wait(TimeSpan.FromSeconds(30)));
            while (new DirectoryHost().Connect(monitor.Path, out var other) == Errno.None)
                others.Add(other!);
            var connection = Open(monitor);
            connection.Touch();
            Until(() => connection.Reason == "QMP: other clients wait for the monitor already");
            Assert.Equal(QmpState.Connecting, connection.State);
        }
        finally
        {
            others.ForEach(o => o.Dispose());
        }
    }

    [Fact]
    public void Lend_hangs_up_at_once_and_comes_back_after_the_absence()
    {
        using var monitor = FakeMonitor.Answering((_, id) => $$"""{"return": {}, "id": {{id}}}""");
        var connection = Ready(monitor);

        connection.Lend(TimeSpan.FromSeconds(2));
        Until(() => connection.State == QmpState.Connecting);
        Assert.Equal("QMP: lent to another kvmtop that acts", connection.Reason);
        Assert.False(connection.Query("query-status").Post(Short));
        Assert.Equal(1, monitor.Connections);

        Assert.True(connection.Execute("query-status", null, Patience).IsOk);
        Assert.Equal(2, monitor.Connections);
    }

    [Fact]
    public void Request_counts_while_whoever_made_it_lives_and_is_somebody_else()
    {
        var folder = Directory.CreateTempSubdirectory("kvmtop-wanted").FullName;
        var host = new DirectoryHost();
        try
        {
            Assert.False(MonitorRequest.IsMade(host, folder, 7));
                        foreach (var (text, expected) in new[] { ("1 {0}\n", true), ("1 7\n", false), ("1\n", false), ($"{Environment.ProcessId} {{0}}\n", false), ("2147483646 7\n", false), ("nonsense", false), ("", false) })
            {
                var pid = text.Split(' ')[0];
                _ = ProcPidStat.TryParse(System.Text.Encoding.UTF8.GetBytes(pid.All(char.IsAsciiDigit) && File.Exists($"/proc/{pid}/stat") ? File.ReadAllText($"/proc/{pid}/stat") : ""), out var stat);
                File.WriteAllText(MonitorRequest.PathOf(folder, 7), text.Replace("{0}", stat.StartTimeTicks.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal));
                Assert.Equal(expected, MonitorRequest.IsMade(host, folder, 7));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Close_hangs_up_and_fails_what_is_under_way()
    {
        using var hungUp = new ManualResetEventSlim();
        using var monitor = new FakeMonitor(client =>
        {
            client.Open();
            while (client.Command() is not null)
            {
            }

            hungUp.Set();
        });
        var connection = Ready(monitor);
        var query = connection.Query("query-status");
        Assert.True(query.Post(Patience));
        connection.Close();
        Assert.Equal((QmpReplyStatus.NotConnected, "QMP: the VM is gone"), (Take(query) is var r ? r.Status : default, r.Reason));
        Assert.True(hungUp.Wait(Patience));
        Assert.False(query.Post(Patience));
    }

    [Fact]
    public void Silent_monitor_costs_the_others_nothing()
    {
        using var silent = new FakeMonitor(c => c.StandStill());
        using var good = FakeMonitor.Answering((_, id) => $$"""{"return": 1, "id": {{id}}}""");
        var stuck = Open(silent);
        var connection = Ready(good);
        var clock = Stopwatch.StartNew();
        var slowest = TimeSpan.Zero;
        for (var i = 0; i < 20; i++)
        {
            stuck.Touch();
            clock.Restart();
            Assert.True(connection.Execute("query-status", null, Patience).IsOk);
            slowest = slowest < clock.Elapsed ? clock.Elapsed : slowest;
        }

        Assert.True(slowest < TimeSpan.FromSeconds(5), $"{slowest}");
        Assert.Equal(QmpState.Connecting, stuck.State);
    }

    [Fact]
    public void Query_asked_again_and_again_leaves_nothing_to_the_collector_of_garbage()
    {
        using var monitor = FakeMonitor.Answering((_, id) => $$"""{"return": {"a": "{{new string('x', 2000)}}"}, "id": {{id}}}""");
        var query = Ready(monitor).Query("query-blockstats");
        void Once()
        {
            Assert.True(query.Post(Patience));
            QmpReply reply;
            while (!query.TryTake(out reply))
                Thread.Yield();
            if (!reply.IsOk)
                throw new InvalidOperationException(reply.Reason);
        }

        for (var i = 0; i < 50; i++)
            Once();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            Once();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private QmpConnection Open(FakeMonitor monitor) => _io.Open(new QmpTarget([monitor.Path], null), new QmpPeer(Environment.ProcessId));

    private QmpConnection Ready(FakeMonitor monitor)
    {
        var connection = Open(monitor);
        connection.Touch();
        Until(() => connection.State == QmpState.Ready);
        return connection;
    }

    private static QmpReply Take(QmpQuery query)
    {
        var reply = default(QmpReply);
        Until(() => query.TryTake(out reply));
        return reply;
    }

    private static string Text(QmpReply reply) => Encoding.UTF8.GetString(reply.Json.Span);

    private static void Until(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, Patience));
}
