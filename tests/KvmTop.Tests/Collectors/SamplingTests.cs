using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Tests.Collectors;

/// <summary>What is read of a VM each tick: its threads, its state, its cgroups.</summary>
public sealed class SamplingTests : IDisposable
{
    private const string Own = "/machine.slice/vm.scope";

    private readonly VmHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Vcpu_threads_by_name()
    {
        _host.Qemu(4000);
        var info = _host.One().Info;
        Assert.Equal(("thread names", 2), (info.VcpuSource, info.VcpuThreads));
        Assert.Equal([4001, 4002, 4000], info.Threads.Select(t => t.Tid));
        Assert.Equal([0, 1, -1], info.Threads.Select(t => t.VcpuIndex));
    }

    [Fact]
    public void Vcpu_threads_by_debugfs()
    {
        Unnamed(VmHost.InLock);
        _host.Files.Write("/sys/kernel/debug/kvm/4000-11/vcpu0/pid", "4002\n");
        _host.Files.Write("/sys/kernel/debug/kvm/4000-11/vcpu1/pid", "4001\n");
        _host.Files.Write("/sys/kernel/debug/kvm/400-11/vcpu2/pid", "4000\n");
        var info = _host.One().Info;
        Assert.Equal("debugfs", info.VcpuSource);
        Assert.Equal([4002, 4001, 4000], info.Threads.Select(t => t.Tid));
    }

    [Fact]
    public void Vcpu_threads_by_what_they_gave_to_kvm_run()
    {
        Unnamed(VmHost.InKvmRun);
        _host.Thread(4000, 4002, "worker", "16 0x1d 0xae80 0x0 0x7f 0x0 0x0 0x7ffd 0x7f11\n");
        _host.Files.Link("/proc/4000/fd/28", "anon_inode:kvm-vcpu:1");
        _host.Files.Link("/proc/4000/fd/29", "anon_inode:kvm-vcpu:0");
        var info = _host.One().Info;
        Assert.Equal("KVM_RUN", info.VcpuSource);
        Assert.Equal([4002, 4001, 4000], info.Threads.Select(t => t.Tid));
    }

    [Fact]
    public void Vcpu_threads_that_nothing_tells_are_said_to_be_unknown()
    {
        Unnamed(VmHost.InLock);
        foreach (var tid in new[] { 4000, 4001, 4002 })
            _host.Fail($"/proc/4000/task/{tid}/syscall");
        var vm = _host.One();
        Assert.Equal(0, vm.Info.VcpuThreads);
        Assert.Contains("needs root", _host.Figure("vcpu_pct").MissingReason);
        Assert.Contains("needs root", _host.Figure("ready_pct").MissingReason);
    }

    [Fact]
    public void Hot_plugged_vcpu_is_found_when_the_number_of_threads_changes()
    {
        _host.Qemu(4000);
        _host.Tick(10);
        _host.Tick();
        _host.Thread(4000, 4003, "CPU 2/KVM", VmHost.InKvmRun).Stat(4000, "qemu-system-x86", threads: 4);
        Assert.Equal(3, _host.One().Info.VcpuThreads);
        Assert.Equal("vCPUs 2 -> 3", Assert.Single(_host.Events).Text);
        Assert.True(_host.Figure("cpu_pct").IsMissing);
        _host.Tick();
        Assert.Equal(0, _host.Figure("cpu_pct").Number);
    }

    [Fact]
    public void Rates_come_from_schedstat()
    {
        _host.Qemu(4000);
        _host.Tick();
        Assert.Contains("a rate needs two", _host.Figure("cpu_pct").MissingReason);
        _host.Ran(4000, 4001, 1.5, 0.5, 100).Ran(4000, 4000, 0.1, 0, 5);
        var vm = _host.One(2);
        Assert.Equal((75, 25, 50), (Math.Round(vm.Threads[0].CpuPct, 3), Math.Round(vm.Threads[0].ReadyPct, 3), Math.Round(vm.Threads[0].SlicesPerSecond, 3)));
        Assert.Equal(80, vm.CpuPct, 3);
        Assert.Equal(5, vm.EmulatorPct, 3);
    }

    [Theory]
    [InlineData(VmHost.InKvmRun, VmState.Running)]
    [InlineData(VmHost.InLock, VmState.Paused)]
    [InlineData("running\n", VmState.Running)]
    [InlineData("-1 0x7ffd 0x7f11\n", VmState.Paused)]
    public void Idle_or_paused_by_where_its_vcpus_sleep(string syscall, VmState state)
    {
        _host.Qemu(4000, syscall: syscall);
        Assert.Equal(state, _host.One().State);
    }

    [Fact]
    public void Paused_vm_that_goes_on_is_running()
    {
        _host.Qemu(4000, syscall: VmHost.InLock);
        _host.Tick();
        _host.Files.Write("/proc/4000/task/4001/syscall", VmHost.InKvmRun);
        _host.Ran(4000, 4001, 0.001, 0, 3);
        Assert.Equal(VmState.Running, _host.One().State);
        Assert.Equal("state paused -> running", Assert.Single(_host.Events).Text);
    }

    [Fact]
    public void Busy_vm_is_running_without_a_look_at_its_system_calls()
    {
        _host.Qemu(4000, syscall: VmHost.InLock);
        _host.Tick();
        _host.Ran(4000, 4001, 0.9, 0, 3);
        Assert.Equal(VmState.Running, _host.One().State);
    }

    [Theory]
    [InlineData('T', VmState.Stopped)]
    [InlineData('t', VmState.Stopped)]
    [InlineData('Z', VmState.Zombie)]
    public void Process_state_says_stopped_or_zombie(char letter, VmState state)
    {
        _host.Qemu(4000);
        _host.Tick();
        _host.Stat(4000, "qemu-system-x86", letter, 3);
        Assert.Equal(state, _host.One().State);
        Assert.Equal(Severity.Warning, Assert.Single(_host.Events).Severity);
    }

    [Fact]
    public void Zombie_whose_files_are_empty_shows_no_figure()
    {
        _host.Qemu(4000);
        _host.Tick();
        _host.Files.Write("/proc/4000/status", "Name:\tqemu\nUid:\t0\t0\t0\t0\n");
        _host.Stat(4000, "qemu-system-x86", 'Z', 3);
        _host.Tick();
        Assert.Equal("zombie", _host.Figure("state").Text);
        Assert.True(_host.Figure("rss_bytes").IsMissing);
        Assert.True(_host.Figure("swap_bytes").IsMissing);
    }

    [Fact]
    public void Kernel_without_schedstat_says_so()
    {
        _host.Qemu(4000);
        foreach (var tid in new[] { 4000, 4001, 4002 })
            _host.Files.Remove($"/proc/4000/task/{tid}/schedstat");
        _host.Tick();
        _host.Tick();
        foreach (var id in new[] { "cpu_pct", "vcpu_pct", "ready_pct", "ready_max_pct", "emulator_pct" })
            Assert.Contains("CONFIG_SCHED_INFO", _host.Figure(id).MissingReason);
    }

    [Fact]
    public void Throttling_of_its_own_quota()
    {
        _host.Qemu(4000).InCgroup(4000, $"0::{Own}\n").Cgroup("/machine.slice", "max 100000", 0).Cgroup(Own, "150000 100000", 1_000_000);
        Assert.Equal(25, Throttled(() => _host.Cgroup(Own, "150000 100000", 1_250_000)), 3);
    }

    [Fact]
    public void Throttling_of_libvirts_vcpu_groups_adds_up()
    {
        _host.Qemu(4000).InCgroup(4000, $"0::{Own}/libvirt/emulator\n").Cgroup(Own + "/libvirt", "max 100000", 0)
            .Cgroup(Own + "/libvirt/emulator", "max 100000", 0).Cgroup(Own + "/libvirt/vcpu0", "50000 100000", 0).Cgroup(Own + "/libvirt/vcpu1", "50000 100000", 0);
        Assert.Equal(60, Throttled(() => _host.Cgroup(Own + "/libvirt/vcpu0", "50000 100000", 200_000).Cgroup(Own + "/libvirt/vcpu1", "50000 100000", 400_000)), 3);
    }

    [Fact]
    public void Throttling_of_a_slice_around_it()
    {
        _host.Qemu(4000).InCgroup(4000, $"0::{Own}\n").Cgroup("/machine.slice", "400000 100000", 0).Cgroup(Own, "max 100000", 0);
        Assert.Equal(10, Throttled(() => _host.Cgroup("/machine.slice", "400000 100000", 100_000).Ran(4000, 4001, 0.1, 0.3, 5)), 3);
    }

    // The slice's throttled time was given to every VM in it: an idle one showed 200 % and a warning, one of a single vCPU more than it has.
    [Fact]
    public void Throttling_of_a_shared_slice_is_what_each_vm_waited_itself()
    {
        const string slice = "/sandboxes.slice";
        _host.Qemu(4000, vcpus: 1).InCgroup(4000, $"0::{slice}/a.scope\n").Qemu(5000, vcpus: 1).InCgroup(5000, $"0::{slice}/b.scope\n");
        _host.Cgroup(slice, "90000 100000", 0).Cgroup(slice + "/a.scope", "max 100000", 0).Cgroup(slice + "/b.scope", "max 100000", 0);
        _host.Tick();
        _host.Cgroup(slice, "90000 100000", 2_000_000).Ran(4000, 4001, 0.5, 0.5, 20);
        var vms = _host.Tick();
        Assert.Equal([50, 0], vms.Select(v => Math.Round(v.ThrottledPct, 3)));
        Assert.Equal(["/sys/fs/cgroup/sandboxes.slice/cpu.stat"], vms[0].Info.Quotas);
        Assert.Equal(1, vms[0].Info.SharedQuotas);
    }

    [Fact]
    public void Throttling_of_a_shared_v1_group_is_what_each_vm_waited_itself()
    {
        _host.Qemu(4000, vcpus: 1).InCgroup(4000, "4:cpu,cpuacct:/user/a\n").Qemu(5000, vcpus: 1).InCgroup(5000, "4:cpu,cpuacct:/user/b\n");
        _host.CgroupV1("/user", "90000", 0).CgroupV1("/user/a", "-1", 0).CgroupV1("/user/b", "-1", 0);
        _host.Tick();
        _host.CgroupV1("/user", "90000", 3_000_000_000).Ran(5000, 5001, 0.2, 0.8, 20);
        Assert.Equal([0, 80], _host.Tick().Select(v => Math.Round(v.ThrottledPct, 3)));
    }

    // A session's or a container's cgroup holds several VMs: its quota is no more one VM's than a slice's is.
    [Fact]
    public void Throttling_of_a_cgroup_in_which_others_live_is_what_each_vm_waited_itself()
    {
        _host.Qemu(4000, vcpus: 1).InCgroup(4000, "0::/s.scope\n").Qemu(5000, vcpus: 1).InCgroup(5000, "0::/s.scope\n").Cgroup("/s.scope", "90000 100000", 0);
        _host.Files.Write("/sys/fs/cgroup/s.scope/cgroup.procs", "4000\n5000\n");
        _host.Tick();
        _host.Cgroup("/s.scope", "90000 100000", 1_000_000).Ran(4000, 4001, 0.5, 0.4, 20);
        Assert.Equal([40, 0], _host.Tick().Select(v => Math.Round(v.ThrottledPct, 3)));
    }

    [Fact]
    public void Throttling_of_a_shared_slice_without_schedstat_is_not_known()
    {
        _host.Qemu(4000).InCgroup(4000, $"0::{Own}\n").Cgroup("/machine.slice", "400000 100000", 0).Cgroup(Own, "max 100000", 0);
        foreach (var tid in new[] { 4000, 4001, 4002 })
            _host.Files.Remove($"/proc/4000/task/{tid}/schedstat");
        Assert.Equal(double.NaN, Throttled(() => _host.Cgroup("/machine.slice", "400000 100000", 100_000)));
    }

    [Fact]
    public void Throttling_of_a_v1_quota()
    {
        _host.Qemu(4000).InCgroup(4000, $"4:cpu,cpuacct:{Own}\n").CgroupV1(Own, "50000", 0);
        Assert.Equal(50, Throttled(() => _host.CgroupV1(Own, "50000", 500_000_000)), 3);
    }

    [Fact]
    public void Throttling_on_a_hybrid_host_comes_from_the_tree_with_the_controller()
    {
        const string unified = "35 24 0:30 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n";
        _host.Qemu(4000).InCgroup(4000, $"4:cpu,cpuacct:{Own}\n0::{Own}\n").CgroupV1(Own, "50000", 0, unified);
        _host.Files.Write($"/sys/fs/cgroup/unified{Own}/cpu.stat", "usage_usec 5\nuser_usec 3\nsystem_usec 2\n");
        Assert.Equal(50, Throttled(() => _host.CgroupV1(Own, "50000", 500_000_000, unified)), 3);
    }

    [Fact]
    public void Throttling_without_a_quota_is_zero()
    {
        _host.Qemu(4000).InCgroup(4000, $"0::{Own}\n").Cgroup(Own, "max 100000", 0);
        Assert.Equal(0, Throttled(() => { }));
    }

    [Fact]
    public void Throttling_in_the_root_group_is_zero()
    {
        _host.Qemu(4000).Cgroup("/machine.slice", "max 100000", 0);
        Assert.Equal(0, Throttled(() => { }));
    }

    [Theory]
    [InlineData("0::/../../other.scope\n")]
    [InlineData("garbage")]
    [InlineData("")]
    [InlineData("0::/not/mounted/here\n")]
    public void Throttling_of_a_group_out_of_sight_is_missing(string membership)
    {
        _host.Qemu(4000).InCgroup(4000, membership).Cgroup("/machine.slice", "max 100000", 0);
        Assert.Equal(double.NaN, Throttled(() => { }));
        Assert.Contains("no CPU controller", _host.Figure("throttled_pct").MissingReason);
    }

    [Fact]
    public void Throttling_without_cgroups_is_missing()
    {
        _host.Qemu(4000);
        Assert.Equal(double.NaN, Throttled(() => { }));
        Assert.Contains("no CPU controller", _host.Figure("throttled_pct").MissingReason);
    }

    [Fact]
    public void Throttling_that_begins_anew_with_a_new_quota_is_missing_once()
    {
        _host.Qemu(4000).InCgroup(4000, $"0::{Own}\n").Cgroup(Own, "max 100000", 0);
        _host.Tick();
        _host.Cgroup(Own, "50000 100000", 900_000);
        Assert.Equal(double.NaN, _host.One(20).ThrottledPct);
        _host.Cgroup(Own, "50000 100000", 1_000_000);
        Assert.Equal(10, _host.One().ThrottledPct, 3);
    }

    [Fact]
    public void Io_rates_and_their_absence()
    {
        _host.Qemu(4000);
        _host.Tick();
        _host.Files.Write("/proc/4000/io", "read_bytes: 3000\nwrite_bytes: 2500\n");
        var vm = _host.One(2);
        Assert.Equal((1000, 250), (vm.ReadBytesPerSecond, vm.WriteBytesPerSecond));
        _host.Fail("/proc/4000/io", Errno.EIO);
        _host.Tick();
        Assert.Equal("/proc/PID/io: input/output error", _host.Figure("write_bytes_per_s").MissingReason);
    }

    private double Throttled(Action between)
    {
        _host.Tick();
        between();
        return _host.One().ThrottledPct;
    }

    private void Unnamed(string syscall)
    {
        _host.Process(4000, "/usr/bin/firecracker");
        _host.Thread(4000, 4001, "worker", syscall).Thread(4000, 4002, "worker", syscall).Stat(4000, "firecracker", threads: 3);
    }
}
