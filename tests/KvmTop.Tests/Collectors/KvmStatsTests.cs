using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tests.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Collectors;

/// <summary>The topic of KVM's counters over a host in memory: which source is chosen, and what it makes of its readings.</summary>
public sealed class KvmStatsTests : IDisposable
{
    private const int Pid = 500;
    private const string Debugfs = "/sys/kernel/debug/kvm/500-11";

    private readonly VmHost _host = new();
    private readonly CollectorServices _services = new();
    private readonly ITopicReader _vms;
    private readonly ITopicReader _kvm;
    private TopicState _state = null!;

    public KvmStatsTests()
    {
        _host.Files.Write("/proc/sys/kernel/osrelease", "6.8.0\n");
        var context = new CollectorContext(_host.Files, _services);
        _vms = VmsTopic.Instance.CreateReader(context);
        _kvm = KvmStatsTopic.Instance.CreateReader(context);
    }

    public void Dispose()
    {
        _kvm.Dispose();
        _vms.Dispose();
        _services.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void Stats_fds_rates_are_per_second_of_each_vcpu_and_summed()
    {
        Qemu(2);
        Stats(0, exits: 1000, failNs: 0);
        Stats(1, exits: 5000, failNs: 0);
        Assert.True(double.IsNaN(One().ExitsPerSecond));
        Stats(0, exits: 1600, failNs: 100_000_000);
        Stats(1, exits: 5200, failNs: 300_000_000);
        var vm = One(2);

        Assert.Equal(("stats fd", null), (vm.Source, vm.Why));
        Assert.Equal((400, 20), (vm.ExitsPerSecond, vm.HaltPollPct));
        Assert.Equal([300.0, 100.0], Model.Vcpus(vm).ToArray().Select(v => v.ExitsPerSecond));
        Assert.Equal([Pid + 1, Pid + 2], Model.Vcpus(vm).ToArray().Select(v => v.Tid));
    }

    [Fact]
    public void Counter_that_fell_has_no_rate_for_one_interval()
    {
        Qemu(1);
        Stats(0, exits: 1000);
        One();
        Stats(0, exits: 10);
        Assert.True(double.IsNaN(One().ExitsPerSecond));
        Stats(0, exits: 30);
        Assert.Equal(20, One().ExitsPerSecond);
    }

    [Fact]
    public void Counter_that_is_not_there_is_missing_and_not_zero()
    {
        Qemu(1);
        Files("/proc/500/fd-content/40", new StatsBlob("kvm-501/vcpu-0").Add("io_exits", 5).Build());
        One();
        var vm = One();
        Assert.True(double.IsNaN(vm.ExitsPerSecond) && double.IsNaN(vm.HaltPollPct));
        Assert.NotNull(vm.Source);
        Assert.Equal(0, Table(vm).Find("io_exits")!.PerSecond);
    }

    [Fact]
    public void Vcpu_that_is_plugged_in_is_found_and_the_others_keep_their_rates()
    {
        Qemu(1);
        Stats(0, exits: 1000);
        One();
        _host.Thread(Pid, Pid + 2, "CPU 1/KVM", VmHost.InKvmRun).Stat(Pid, "qemu-system-x86", threads: 3);
        Stats(1, exits: 7);
        Stats(0, exits: 1100);
        var vm = One();
        Assert.Equal(2, vm.VcpuCount);
        Assert.Equal(100, vm.ExitsPerSecond);
        Stats(1, exits: 27);
        Assert.Equal(20, One().ExitsPerSecond);
    }

    [Fact]
    public void Vcpus_of_one_creating_thread_are_told_by_their_number()
    {
        Qemu(2);
        Stats(0, exits: 10, tid: Pid);
        Stats(1, exits: 20, tid: Pid);
        One();
        Stats(1, exits: 50, tid: Pid);
        var vm = One();
        Assert.Equal(30, Model.Find(vm.Key, new VmThread(Pid + 2, ThreadRole.Vcpu, 1, "CPU 1/KVM"), 1)!.Value.ExitsPerSecond);
    }

    [Fact]
    public void Short_answer_is_a_reason_and_debugfs_takes_over()
    {
        Qemu(1);
        Stats(0, exits: 1000);
        One();
        DebugfsCounter("exits", 50);
        var whole = new StatsBlob("kvm-501/vcpu-0").Add("exits", 1).Add("halt_poll_fail_ns", 1, StatsBlob.Seconds, -9).Build();
        Files("/proc/500/fd-content/40", whole[..^4]);
        var vm = One();
        Assert.Equal("debugfs", vm.Source);
        Assert.Contains("short read", vm.Why, StringComparison.Ordinal);
        Assert.Contains(_state.Events, e => e.Text.Contains("KVM counters come from debugfs", StringComparison.Ordinal) && e.Text.Contains("short read", StringComparison.Ordinal));

        DebugfsCounter("exits", 80);
        Stats(0, exits: 2000);
        Assert.Equal("stats fd", One(5).Source);
    }

    [Fact]
    public void Process_that_ends_between_listing_and_reading_is_a_reason()
    {
        Qemu(1);
        Stats(0, exits: 1000);
        One();
        _host.Files.Fail("/proc/500/fd-content/40", Errno.ESRCH);
        var vm = One();
        Assert.Null(vm.Source);
        Assert.Contains("process gone", vm.Why, StringComparison.Ordinal);
        Assert.Equal(ReadingStatus.Ok, _state.Status);
        Assert.Contains("1 of 1 VMs", _state.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Failing_source_is_tried_again_after_growing_pauses()
    {
        Qemu(1);
        for (var i = 0; i < 120; i++)
            One();
        Assert.InRange(_host.Files.Listed["/proc/500/fd"], 3, 12);
        Stats(0, exits: 1000);
        for (var i = 0; i < 61; i++)
            One();
        Assert.Equal("stats fd", One().Source);
    }

    [Theory]
    [InlineData("6.4.0", StatsFdUse.Auto, false)]
    [InlineData("6.4.0", StatsFdUse.Always, true)]
    [InlineData("6.8.0", StatsFdUse.Auto, true)]
    [InlineData("6.8.0", StatsFdUse.Never, false)]
    public void Kernel_that_frees_a_vm_under_its_descriptor_is_left_alone(string kernel, StatsFdUse use, bool used)
    {
        _host.Files.Write("/proc/sys/kernel/osrelease", kernel + "\n");
        _ = _services.Get(() => new KvmStatsSettings(use));
        Qemu(1);
        Stats(0, exits: 1000);
        var vm = One();
        Assert.Equal(used, vm.Source == "stats fd");
        Assert.Equal(!used, vm.Why?.Contains("stats-fds=", StringComparison.Ordinal) ?? false);
    }

    [Fact]
    public void Debugfs_counts_the_vm_as_a_whole_and_its_pages()
    {
        Qemu(2);
        DebugfsCounter("exits", 1000);
        DebugfsCounter("halt_poll_fail_ns", 0);
        DebugfsCounter("halt_poll_success_ns", 0);
        DebugfsCounter("pages_2m", 32);
        DebugfsCounter("halt_wait_hist", 1);
        _host.Files.Write(Debugfs + "/vcpu0/pid", "501\n");
        One();
        DebugfsCounter("exits", 3000);
        DebugfsCounter("halt_poll_fail_ns", 1_000_000_000);
        var vm = One(2);

        Assert.Equal(("debugfs", false, 1000, 50), (vm.Source, vm.HasVcpus, vm.ExitsPerSecond, vm.HaltPollPct));
        var table = Table(vm);
        Assert.Equal(32, table.Find("pages_2m")!.Total);
        Assert.False(table.Find("pages_2m")!.Counter.HasRate);
        Assert.Null(table.Find("halt_wait_hist"));
    }

    [Fact]
    public void Own_counters_of_a_vm_come_from_debugfs_beside_its_descriptors_and_keep_their_rate_in_between()
    {
        Qemu(1);
        Stats(0, exits: 1);
        DebugfsCounter("exits", 999);
        DebugfsCounter("remote_tlb_flush", 100);
        One();
        DebugfsCounter("remote_tlb_flush", 200);
        var vm = One(5);
        Assert.Equal(("stats fd", "debugfs"), (vm.Source, vm.VmSource));
        Assert.Equal(20, Table(vm).Find("remote_tlb_flush")!.PerSecond, 0.001);
        Assert.Equal(20, Table(One()).Find("remote_tlb_flush")!.PerSecond, 0.001);
        Assert.Equal(1, Table(vm).Find("exits")!.Total);
    }

    [Fact]
    public void Lockdown_debugfs_is_not_even_tried()
    {
        _host.Files.Write("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
        Qemu(1);
        DebugfsCounter("exits", 1);
        _host.Files.Fail(Debugfs + "/exits", Errno.EIO);
        Assert.Contains("lockdown (integrity)", One().Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Lockdown_that_cannot_be_read_shows_in_the_first_EPERM_and_no_more_is_opened()
    {
        Qemu(1);
        DebugfsCounter("exits", 1);
        DebugfsCounter("a_first", 1);
        _host.Files.Fail(Debugfs + "/a_first", Errno.EPERM);
        Assert.Contains("lockdown", One().Why, StringComparison.Ordinal);
        _host.Files.Fail(Debugfs + "/a_first", Errno.None);
        Assert.Null(One(100).Source);
    }

    [Fact]
    public void Nothing_works_all_reasons_are_given()
    {
        Qemu(1);
        var why = One().Why;
        Assert.Contains("stats fd: the VMM keeps none open", why, StringComparison.Ordinal);
        Assert.Contains("debugfs is not mounted", why, StringComparison.Ordinal);
    }

    [Fact]
    public void Histograms_are_those_of_the_interval()
    {
        Qemu(1);
        StatsBlob Blob(ulong a, ulong b) => new StatsBlob("kvm-501/vcpu-0").Add("halt_wait_hist", [a, b, 0], StatsBlob.LogHistogram | StatsBlob.Seconds, -9);
        Files("/proc/500/fd-content/40", Blob(5, 10).Build());
        Assert.False(Table(One()).Find("halt_wait_hist")!.HasBuckets);
        Files("/proc/500/fd-content/40", Blob(5, 17).Build());
        Assert.Equal([0.0, 7.0, 0.0], Table(One()).Find("halt_wait_hist")!.Buckets.ToArray());
    }

    [Fact]
    public void View_keeps_its_figures_for_as_long_as_it_is_held_and_an_old_model_gives_none()
    {
        Qemu(1);
        Stats(0, exits: 1000);
        One();
        Stats(0, exits: 1100);
        var vm = One();
        var old = Model;
        using (var view = old.Open()!)
        {
            for (var i = 0; i < 20; i++)
            {
                Stats(0, exits: 5000 + (ulong)i);
                One();
            }

            var table = new KvmCounterTable();
            Assert.True(view.AddVm(vm.Key, table));
            Assert.Equal((100, 1100), (table.Find("exits")!.PerSecond, table.Find("exits")!.Total));
        }

        for (var i = 0; i < 5; i++)
            One();
        Assert.Null(old.Open());
        Assert.Equal(100, old.Find(vm.Key)!.Value.ExitsPerSecond);
    }

    [Fact]
    public void Threads_without_names_are_told_by_their_descriptors()
    {
        _host.Process(Pid).Thread(Pid, Pid + 1, "qemu-system-x86").Thread(Pid, Pid + 2, "qemu-system-x86").Stat(Pid, "qemu-system-x86", threads: 3);
        Stats(0, exits: 1, tid: Pid + 2);
        Stats(1, exits: 1, tid: Pid + 1);
        One();
        One(6);
        var info = ((VmsModel)_vms.Read().Value!).Vms[0].Info;
        Assert.Equal("KVM statistics", info.VcpuSource);
        Assert.Equal([(Pid + 2, 0), (Pid + 1, 1)], info.Threads.Where(t => t.IsVcpu).Select(t => (t.Tid, t.VcpuIndex)));
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        ManyGuests();
        using var collector = KvmStatsTopic.Instance.CreateCollector(new CollectorContext(_host.Files, _services));
        Fuzz.AllocatesNothing(() => _ = collector.Collect());
    }

    [Fact]
    public void Tick_allocates_for_its_model_alone()
    {
        ManyGuests();
        for (var i = 0; i < 50; i++)
            _kvm.Read();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            _kvm.Read();
        var perTick = (GC.GetAllocatedBytesForCurrentThread() - before) / 100;

        // 160 vCPUs with 200 values each are 256 kB; the rates of the lists are 24 bytes a vCPU and under 100 a VM.
        Assert.InRange(perTick, 0, 160 * 24 + 20 * 100 + 1500);
    }

    /// <summary>20 VMs with 8 vCPUs each, found.</summary>
    private void ManyGuests()
    {
        for (var vm = 0; vm < 20; vm++)
        {
            var pid = 1000 + (vm * 50);
            _host.Qemu(pid, vcpus: 8);
            for (var i = 0; i < 8; i++)
            {
                _host.Files.Link($"/proc/{pid}/fd/{40 + i}", $"anon_inode:kvm-vcpu-stats:{i}");
                Files($"/proc/{pid}/fd-content/{40 + i}", new StatsBlob($"kvm-{pid + 1 + i}/vcpu-{i}").Add("exits", 1).Add("hist", new ulong[200], StatsBlob.LogHistogram).Build());
            }
        }

        _host.Files.Advance(1);
        _vms.Read();
    }

    private KvmStatsModel Model => (KvmStatsModel)_state.Value!;

    private KvmVmRates One(double seconds = 1)
    {
        _host.Files.Advance(seconds);
        Assert.Equal(ReadingStatus.Ok, _vms.Read().Status);
        _state = _kvm.Read();
        Assert.True(_state.Status == ReadingStatus.Ok, _state.Reason);
        Assert.Equal(1, Model.Vms.Length);
        return Model.Vms[0];
    }

    private KvmCounterTable Table(KvmVmRates vm)
    {
        using var view = Model.Open()!;
        var table = new KvmCounterTable();
        Assert.True(view.AddVm(vm.Key, table));
        return table;
    }

    private void Qemu(int vcpus) => _host.Qemu(Pid, vcpus);

    private void Stats(int vcpu, ulong exits, ulong failNs = 0, int tid = 0)
    {
        _host.Files.Link($"/proc/{Pid}/fd/{40 + vcpu}", $"anon_inode:kvm-vcpu-stats:{vcpu}");
        Files($"/proc/{Pid}/fd-content/{40 + vcpu}", new StatsBlob($"kvm-{(tid == 0 ? Pid + 1 + vcpu : tid)}/vcpu-{vcpu}")
            .Add("exits", exits).Add("halt_poll_success_ns", 0, StatsBlob.Seconds, -9).Add("halt_poll_fail_ns", failNs, StatsBlob.Seconds, -9).Build());
    }

    private void DebugfsCounter(string name, long value) => _host.Files.Write($"{Debugfs}/{name}", $"{value}\n");

    private void Files(string path, byte[] bytes)
    {
        if (path.StartsWith("/proc/500/fd-content/40", StringComparison.Ordinal))
            _host.Files.Link($"/proc/{Pid}/fd/40", "anon_inode:kvm-vcpu-stats:0");
        _host.Files.Write(path, bytes);
    }
}
