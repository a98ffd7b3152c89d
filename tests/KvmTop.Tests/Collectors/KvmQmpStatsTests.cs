using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tests.Linux;
using KvmTop.Tests.Vmm.Qmp;

namespace KvmTop.Tests.Collectors;

/// <summary>KVM's counters over QMP: a host in memory, and a monitor over a real socket.</summary>
public sealed class KvmQmpStatsTests : IDisposable
{
    // The monitor's socket belongs to the process that runs the tests.
    private static readonly int s_pid = Environment.ProcessId;
    private const int MostTicks = 300;

    private readonly VmHost _host = new();
    private readonly CollectorServices _services = new();
    private readonly CollectorContext _context;
    private readonly ITopicReader _vms;
    private readonly ITopicReader _kvm;
    private TopicState _state = null!;
    private FakeMonitor? _monitor;

    public KvmQmpStatsTests()
    {
        _host.Files.Write("/proc/sys/kernel/osrelease", "6.8.0\n");
        _context = new CollectorContext(_host.Files, _services);
        _vms = VmsTopic.Instance.CreateReader(_context);
        _kvm = KvmStatsTopic.Instance.CreateReader(_context);
    }

    public void Dispose()
    {
        _kvm.Dispose();
        _vms.Dispose();
        _services.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void Rates_and_threads_of_each_vcpu_come_from_the_monitor()
    {
        using var monitor = new Monitor();
        Guest(monitor, vcpus: 2);
        Until(vm => vm.Source == "qmp" && vm.ExitsPerSecond == 130 && Math.Round(vm.HaltPollPct, 6) == 50);
        var one = One();
        Assert.Equal([s_pid + 1, s_pid + 2], Model.Vcpus(one).ToArray().Select(v => v.Tid));
        Assert.Equal([0, 1], Model.Vcpus(one).ToArray().Select(v => v.Id));
        Assert.StartsWith("stats fd: the VMM keeps none open", one.Why, StringComparison.Ordinal);
        Assert.Equal("qmp", one.VmSource);
    }

    [Fact]
    public void What_the_schemas_say_of_a_counter_is_believed()
    {
        using var monitor = new Monitor();
        Guest(monitor);
        Until(vm => vm.Source == "qmp" && Table(vm).Find("halt_wait_hist")?.HasBuckets == true);
        var table = Table(One());
        Assert.Equal(KvmCounterType.LogHistogram, table.Find("halt_wait_hist")!.Counter.Type);
        Assert.Equal((KvmCounterType.Instant, 7.0), (table.Find("made_up")!.Counter.Type, table.Find("made_up")!.Total));
        Assert.Equal((32.0, true), (table.Find("pages_2m")!.Total, double.IsNaN(table.Find("pages_2m")!.PerSecond)));
    }

    [Fact]
    public void Ticks_between_two_answers_keep_the_rate()
    {
        using var monitor = new Monitor();
        Guest(monitor);
        Until(vm => vm.ExitsPerSecond == 100);

        // What was asked at the tick before comes in at this one; nothing more is asked within the nine tenths of a second after that.
        var rate = One(0.5).ExitsPerSecond;
        Assert.True(rate > 0, $"{rate}");
        for (var i = 0; i < 8; i++)
            Assert.Equal(rate, One(0.01).ExitsPerSecond);
    }

    [Fact]
    public void Monitor_is_not_connected_for_the_counters_of_the_vm_alone()
    {
        using var monitor = new Monitor();
        Guest(monitor);
        Descriptor();
        for (var i = 0; i < 10; i++)
            Assert.Equal(("stats fd", null), (One().Source, Model.Vms[0].VmSource));
        Assert.Equal(0, monitor.Server.Connections);
    }

    [Fact]
    public void Counters_of_the_vm_come_from_a_monitor_that_is_connected_anyway()
    {
        using var monitor = new Monitor();
        Guest(monitor);
        Descriptor();
        using var qmp = QmpTopic.Instance.CreateReader(_context);
        Until(vm =>
        {
            _ = qmp.Read();
            return vm is { Source: "stats fd", VmSource: "qmp", Why: null };
        });
        Assert.Equal(32, Table(One()).Find("pages_2m")!.Total);

        // Nobody else asks: it is let go in the end.
        Until(vm => vm.VmSource is null, seconds: 10);
        Assert.Equal("stats fd", One().Source);
    }

    [Fact]
    public void Silent_monitor_is_a_reason_and_debugfs_serves_meanwhile()
    {
        using var monitor = new FakeMonitor(c => c.StandStill());
        Guest(monitor);
        _host.Files.Write($"/sys/kernel/debug/kvm/{s_pid}-11/exits", "5\n");
        Assert.Equal("debugfs", One().Source);
        var vm = One(4);
        Assert.Equal("debugfs", vm.Source);
        Assert.Contains("qmp: no greeting", vm.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Monitor_that_stops_to_answer_is_left_and_taken_again_when_it_answers()
    {
        using var monitor = new Monitor();
        Guest(monitor);
        _host.Files.Write($"/sys/kernel/debug/kvm/{s_pid}-11/exits", "5\n");
        Until(vm => vm.Source == "qmp");
        monitor.Answers = false;
        Until(vm => vm.Source == "debugfs" && vm.Why!.Contains("qmp: no answer to query-stats", StringComparison.Ordinal));
        monitor.Answers = true;
        monitor.Drop();
        Until(vm => vm.Source == "qmp");
    }

    [Fact]
    public void Qemu_without_the_command_is_a_reason_and_is_not_asked_every_second()
    {
        using var monitor = FakeMonitor.Answering((_, id) => $$$"""{"error": {"class": "CommandNotFound", "desc": "The command query-stats has not been found"}, "id": {{{id}}}}""");
        Guest(monitor);
        Until(vm => vm.Why!.Contains("query-stats: The command query-stats has not been found", StringComparison.Ordinal));
        var before = Asked(monitor);
        for (var i = 0; i < 120; i++)
            One();
        Assert.InRange(Asked(monitor) - before, 1, 13);
    }

    private static int Asked(FakeMonitor monitor)
    {
        lock (monitor.Received)
            return monitor.Received.ToString().Split("\"target\":\"vcpu\"").Length - 1;
    }

    private KvmStatsModel Model => (KvmStatsModel)_state.Value!;

    private void Guest(Monitor monitor, int vcpus = 1)
    {
        monitor.Vcpus = vcpus;
        Guest(monitor.Server, vcpus);
    }

    private void Guest(FakeMonitor monitor, int vcpus = 1)
    {
        _monitor = monitor;
        _host.Qemu(s_pid, vcpus, commandLine: "qemu-system-x86_64\0-qmp\0unix:/run/x.qmp,server=on,wait=off\0");
        _host.Files.Sockets[$"/proc/{s_pid}/root/run/x.qmp"] = monitor.Path;
    }

    private void Descriptor()
    {
        _host.Files.Link($"/proc/{s_pid}/fd/40", "anon_inode:kvm-vcpu-stats:0");
        _host.Files.Write($"/proc/{s_pid}/fd-content/40", new StatsBlob($"kvm-{s_pid + 1}/vcpu-0").Add("exits", 1).Build());
    }

    private KvmVmRates One(double seconds = 1)
    {
        _host.Files.Advance(seconds);
        Assert.Equal(ReadingStatus.Ok, _vms.Read().Status);
        _state = _kvm.Read();
        Assert.True(_state.Status == ReadingStatus.Ok, _state.Reason);
        _monitor?.Settle();
        return Model.Vms[0];
    }

    private void Until(Func<KvmVmRates, bool> condition, double seconds = 1)
    {
        for (var i = 0; i < MostTicks; i++)
        {
            if (condition(One(seconds)))
                return;
        }

        Assert.Fail($"not within {MostTicks} ticks: {Model.Vms[0]}");
    }

    private KvmCounterTable Table(KvmVmRates vm)
    {
        using var view = Model.Open()!;
        var table = new KvmCounterTable();
        Assert.True(view.AddVm(vm.Key, table));
        return table;
    }

    /// <summary>A QEMU whose vCPU 0 has made 100 exits more at each asking and vCPU 1 30, and each of which has polled in vain for a quarter of a second more.</summary>
    private sealed class Monitor : IDisposable
    {
        private FakeMonitor.Client? _client;
        private int _asked;

        public Monitor() => Server = new FakeMonitor(Serve);

        public FakeMonitor Server { get; }

        public int Vcpus { get; set; } = 1;

        public volatile bool Answers = true;

        public void Drop() => _client!.HangUp();

        public void Dispose() => Server.Dispose();

        private void Serve(FakeMonitor.Client client)
        {
            _client = client;
            client.Open();
            while (client.Command() is var (name, id))
            {
                var answer = name switch
                {
                    "query-cpus-fast" => Join(i => $$"""{"cpu-index": {{i}}, "qom-path": "/c[{{i}}]", "thread-id": {{s_pid + 1 + i}}, "target": "x86_64"}"""),
                    "query-stats-schemas" => """
                        [{"target": "vcpu", "provider": "kvm", "stats": [{"name": "exits", "type": "cumulative"}, {"name": "made_up", "type": "instant"},
                        {"name": "halt_poll_success_ns", "type": "cumulative", "unit": "seconds", "base": 10, "exponent": -9},
                        {"name": "halt_poll_fail_ns", "type": "cumulative", "unit": "seconds", "base": 10, "exponent": -9},
                        {"name": "halt_wait_hist", "type": "log2-histogram", "unit": "seconds", "base": 10, "exponent": -9}]},
                        {"target": "vm", "provider": "kvm", "stats": [{"name": "pages_2m", "type": "instant"}]}]
                        """.ReplaceLineEndings(""),
                    "query-stats" => IsOfVm() ? """[{"provider": "kvm", "stats": [{"name": "pages_2m", "value": 32}]}]""" : Counters(),
                    _ => "{}",
                };
                if (Answers)
                    client.Send($$"""{"return": {{answer}}, "id": {{id}}}""");
            }
        }

        private string Counters()
        {
            _asked++;
            return Join(i => $$"""
                {"provider": "kvm", "qom-path": "/c[{{i}}]", "stats": [{"name": "made_up", "value": 7}, {"name": "exits", "value": {{1000 + (_asked * 100) - (i * 70 * _asked)}}},
                {"name": "halt_poll_success_ns", "value": 0}, {"name": "halt_poll_fail_ns", "value": {{_asked * 250_000_000L}}}, {"name": "halt_wait_hist", "value": [0, {{_asked}}, 0]}]}
                """.ReplaceLineEndings(""));
        }

        private string Join(Func<int, string> one) => "[" + string.Join(", ", Enumerable.Range(0, Vcpus).Select(one)) + "]";

        private bool IsOfVm()
        {
            lock (Server.Received)
            {
                var text = Server.Received.ToString();
                return text.LastIndexOf("\"target\":\"vm\"", StringComparison.Ordinal) > text.LastIndexOf("\"target\":\"vcpu\"", StringComparison.Ordinal);
            }
        }
    }
}
