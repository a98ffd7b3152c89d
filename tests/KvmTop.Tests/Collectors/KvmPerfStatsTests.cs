using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tests.Vmm.Qmp;

namespace KvmTop.Tests.Collectors;

/// <summary>Counted tracepoints as the last of KVM's sources: a host in memory, and events that a test counts itself.</summary>
public sealed class KvmPerfStatsTests : IDisposable
{
    private static readonly int s_pid = Environment.ProcessId;

    private readonly VmHost _host = new();
    private readonly CollectorServices _services = new();
    private readonly ITopicReader _vms;
    private readonly ITopicReader _kvm;
    private readonly List<Events> _opened = [];
    private string? _refusal;
    private TopicState _state = null!;

    public KvmPerfStatsTests()
    {
        _host.Files.Write("/proc/sys/kernel/osrelease", "6.8.0\n");
        _ = _services.Get(() => new PerfStatsSource(Open));
        var context = new CollectorContext(_host.Files, _services);
        _vms = VmsTopic.Instance.CreateReader(context);
        _kvm = KvmStatsTopic.Instance.CreateReader(context);
    }

    private KvmStatsModel Model => (KvmStatsModel)_state.Value!;

    private Events Opened => Assert.Single(_opened, e => !e.IsDisposed);

    public void Dispose()
    {
        _kvm.Dispose();
        _vms.Dispose();
        _services.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void Events_are_rates_of_each_vcpu_under_the_names_of_kvms_counters()
    {
        _host.Qemu(s_pid, 2);
        One();
        Opened.Hit(0, "kvm_exit", 100).Hit(1, "kvm_exit", 5).Hit(0, "kvm_hypercall", 2);
        One();
        Opened.Hit(0, "kvm_exit", 400).Hit(1, "kvm_exit", 200).Hit(0, "kvm_hypercall", 20);
        var vm = One(2);
        Assert.Equal(("perf", true, 300), (vm.Source, vm.HasVcpus, vm.ExitsPerSecond));
        Assert.Equal([(s_pid + 1, 200.0), (s_pid + 2, 100.0)], Model.Vcpus(vm).ToArray().Select(v => (v.Tid, v.ExitsPerSecond)));
        Assert.Equal(10, Table(vm).Find("hypercalls")!.PerSecond);
        Assert.StartsWith("stats fd: ", vm.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Event_that_never_fired_is_missing_and_not_zero()
    {
        _host.Qemu(s_pid, 1);
        for (var i = 0; i < 3; i++)
        {
            One();
            Opened.Hit(0, "kvm_userspace_exit", 1000).Hit(0, "kvm_entry", 1000);
        }

        var vm = One();
        Assert.Equal("perf", vm.Source);
        Assert.True(double.IsNaN(vm.ExitsPerSecond));
        Assert.Null(Table(vm).Find("exits"));
        Assert.Equal(1000, Table(vm).Find("kvm_userspace_exit")!.PerSecond);
        Assert.Contains("kvm_exit has not fired", Figure("exits_per_s").MissingReason, StringComparison.Ordinal);
        Assert.Contains("no tracepoint counts halt polling", Figure("halt_poll_pct").MissingReason, StringComparison.Ordinal);
    }

    [Fact]
    public void First_hits_have_a_rate_and_those_of_the_others_go_on()
    {
        _host.Qemu(s_pid, 1);
        One();
        Opened.Hit(0, "kvm_pio", 10);
        One();
        Opened.Hit(0, "kvm_pio", 10).Hit(0, "kvm_exit", 50);
        var vm = One();
        Assert.Equal((50, 10, 20), (vm.ExitsPerSecond, Table(vm).Find("kvm_pio")!.PerSecond, Table(vm).Find("kvm_pio")!.Total));
        vm = One();
        Assert.Equal((0, 0), (vm.ExitsPerSecond, Table(vm).Find("kvm_pio")!.PerSecond));
    }

    [Fact]
    public void Better_source_takes_over_and_nothing_is_counted_any_more()
    {
        _host.Qemu(s_pid, 1);
        Assert.Equal("perf", One().Source);
        var events = Opened;
        _host.Files.Write($"/sys/kernel/debug/kvm/{s_pid}-11/exits", "5\n");
        Assert.Equal("debugfs", One(60).Source);
        Assert.True(events.IsDisposed);
    }

    [Fact]
    public void Vcpu_that_is_plugged_in_is_counted_too()
    {
        _host.Qemu(s_pid, 1);
        One();
        _host.Thread(s_pid, s_pid + 2, "CPU 1/KVM", VmHost.InKvmRun).Stat(s_pid, "qemu-system-x86", threads: 3);
        Assert.Equal(2, One().VcpuCount);
        Assert.Equal([s_pid + 1, s_pid + 2], Opened.Tids);
    }

    [Fact]
    public void Refusal_is_the_reason()
    {
        _refusal = "tracefs is not mounted";
        _host.Qemu(s_pid, 1);
        var vm = One();
        Assert.Null(vm.Source);
        Assert.Contains("perf: tracefs is not mounted", vm.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_so_many_events_are_open_and_the_vms_beyond_say_so()
    {
        for (var i = 0; i < 20; i++)
        {
            _host.Qemu(1000 + (i * 50), 8);
        }

        _host.Files.Advance(1);
        _vms.Read();
        _state = _kvm.Read();
        var counted = Model.Vms.ToArray().Count(v => v.Source == "perf");
        Assert.Equal(PerfStatsSource.MostOpen / 80, counted);
        Assert.All(Model.Vms.ToArray().Where(v => v.Source is null), v => Assert.Contains("1024 events are counted at most", v.Why, StringComparison.Ordinal));
    }

    [Fact]
    public void Guest_is_not_made_to_pay_while_its_monitor_may_still_answer()
    {
        using var monitor = new FakeMonitor(c => c.StandStill());
        _host.Qemu(s_pid, 1, commandLine: "qemu-system-x86_64\0-qmp\0unix:/run/x.qmp,server=on,wait=off\0");
        _host.Files.Sockets[$"/proc/{s_pid}/root/run/x.qmp"] = monitor.Path;
        for (var i = 0; i < 4; i++)
        {
            Assert.Null(One().Source);
        }

        Assert.Empty(_opened);
        for (var i = 0; i < 3; i++)
        {
            One();
        }

        Assert.Equal("perf", One().Source);
        Assert.Contains("qmp: no greeting", Model.Vms[0].Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none integrity [confidentiality]\n", "locked down (confidentiality)", "mount -t tracefs")]
    [InlineData("none [integrity] confidentiality\n", "mount -t tracefs", "locked down (confidentiality), which")]
    public void Lockdown_confidentiality_is_the_reason_and_no_mount_is_advised(string lockdown, string said, string notSaid)
    {
        _host.Files.Write("/sys/kernel/security/lockdown", lockdown);
        foreach (var errno in new[] { Errno.ENOENT, Errno.ENODEV, Errno.EPERM })
        {
            var text = ExitTraceObstacles.OfTraceFs(_host.Files, errno).ToString();
            Assert.DoesNotContain(notSaid, text, StringComparison.Ordinal);
            if (errno == Errno.ENOENT)
            {
                Assert.Contains(said, text, StringComparison.Ordinal);
            }
        }
    }

    private KvmVmRates One(double seconds = 1)
    {
        _host.Files.Advance(seconds);
        Assert.Equal(ReadingStatus.Ok, _vms.Read().Status);
        _state = _kvm.Read();
        Assert.True(_state.Status == ReadingStatus.Ok, _state.Reason);
        return Model.Vms[0];
    }

    private Figure Figure(string id)
    {
        _host.Files.Advance(1);
        var states = new Dictionary<Topic, TopicState> { [VmsTopic.Instance] = _vms.Read(), [KvmStatsTopic.Instance] = _state };
        var snapshot = new Snapshot(1, _state.Time, TimeSpan.FromSeconds(1), states, EventList.Empty);
        return KvmStatsMetrics.OfVm.Single(m => m.Id == id).Get(Assert.Single(VmRow.All(snapshot)));
    }

    private KvmCounterTable Table(KvmVmRates vm)
    {
        using var view = Model.Open()!;
        var table = new KvmCounterTable();
        Assert.True(view.AddVm(vm.Key, table));
        return table;
    }

    private (IThreadCounts?, string) Open(IReadOnlyList<int> tids, IReadOnlyList<string> events)
    {
        if (_refusal is not null)
        {
            return (null, _refusal);
        }

        var opened = new Events(tids, events);
        _opened.Add(opened);
        return (opened, "");
    }

    private sealed class Events(IReadOnlyList<int> tids, IReadOnlyList<string> events) : IThreadCounts
    {
        private readonly ulong[,] _counts = new ulong[tids.Count, events.Count];

        public IReadOnlyList<int> Tids => tids;

        public bool IsDisposed { get; private set; }

        IReadOnlyList<string> IThreadCounts.Events => events;

        public Events Hit(int thread, string name, ulong times)
        {
            _counts[thread, events.ToList().IndexOf(name)] += times;
            return this;
        }

        public Errno Read(int thread, Span<ulong> counts)
        {
            for (var i = 0; i < counts.Length; i++)
            {
                counts[i] = _counts[thread, i];
            }

            return Errno.None;
        }

        public void Dispose() => IsDisposed = true;
    }
}
