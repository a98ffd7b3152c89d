using KvmTop.Collectors;

namespace KvmTop.Tests.Collectors;

/// <summary>The stat of a vCPU that has not run since it was last read says the same, and is not read again.</summary>
public sealed class UnusedVcpuTests : IDisposable
{
    private const int Pid = 4000;
    private const int Tid = 4001;

    private readonly FakeHost _files = new();
    private readonly CollectorServices _services = new();
    private readonly VmHost _host;
    private readonly ICollector<VmsSample> _vms;
    private readonly ICollector<VcpuTimesSampleSet> _times;

    public UnusedVcpuTests()
    {
        _host = new VmHost(_files);
        _host.Qemu(Pid, vcpus: 1).Ran(Pid, Tid, 1, 0, slices: 10);
        var context = new CollectorContext(_files, _services);
        _vms = VmsTopic.Instance.CreateCollector(context);
        _times = VcpuTimesTopic.Instance.CreateCollector(context);
        Stat(ticks: 100);
        Assert.Equal(100UL, Tick());
    }

    [Fact]
    public void Vcpu_that_slept_and_was_not_put_on_a_cpu_is_not_read_again()
    {
        Stat(ticks: 777);
        Assert.Equal(100UL, Tick());
    }

    [Fact]
    public void Vcpu_that_was_put_on_a_cpu_is_read()
    {
        Stat(ticks: 120);
        _host.Ran(Pid, Tid, 1.2, 0, slices: 11);
        Assert.Equal(120UL, Tick());
    }

    [Fact]
    public void Vcpu_that_runs_without_being_put_on_a_cpu_anew_is_read()
    {
        _host.Ran(Pid, Tid, 1.5, 0, slices: 11);
        Stat(ticks: 150, state: 'R');
        Assert.Equal(150UL, Tick());
        Stat(ticks: 250, state: 'R');
        Assert.Equal(250UL, Tick());
    }

    [Fact]
    public void Vcpu_of_a_kernel_that_does_not_count_is_read()
    {
        _host.Ran(Pid, Tid, 0, 0, slices: 0);
        Stat(ticks: 130);
        Assert.Equal(130UL, Tick());
        Stat(ticks: 140);
        Assert.Equal(140UL, Tick());
    }

    [Fact]
    public void Vcpu_whose_counters_were_not_read_in_this_tick_is_read()
    {
        Stat(ticks: 160);
        Assert.Equal(160UL, Times());
    }

    public void Dispose()
    {
        _vms.Dispose();
        _times.Dispose();
        _services.Dispose();
        _host.Dispose();
    }

    private ulong Tick()
    {
        _files.Advance(1);
        Assert.Equal(ReadingStatus.Ok, _vms.Collect().Status);
        return Times();
    }

    private ulong Times() => Assert.Single(Assert.Single(_times.Collect().Value!.Vms.Values).Vcpus).Stat!.Value.GuestTimeTicks;

    private void Stat(int ticks, char state = 'S') => _files.Write(
        $"/proc/{Pid}/task/{Tid}/stat",
        $"{Tid} (CPU 0/KVM) {state} 1 1 1 0 -1 4194560 0 0 0 0 {ticks} 0 0 0 20 0 2 0 1000 3000000 300 1 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 {ticks} 0 0 0 0 0 0 0 0 0\n");
}
