using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.HarnessTests;

/// <summary>The harness is an instrument: these tests show that it measures what is there, before anything is held against it.</summary>
public sealed class GuestTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    /// <summary>Pinned guests go where the least else runs: the first CPU takes most interrupts.</summary>
    private static int LastCpu => Environment.ProcessorCount - 1;

    [Theory]
    [InlineData(GuestWork.Spin)]
    [InlineData(GuestWork.Exits)]
    public void Measure_busy_guest_keeps_only_vcpu0_runnable_all_the_time(GuestWork work)
    {
        using var guest = Guest.Start(new GuestOptions { Work = work, Vcpus = 2 });

        var stolen = new StolenTime();
        var load = IndependentReader.Measure(guest, Interval);

        // Run and wait together: how much of it is waiting is up to what else the machine does.
        Assert.InRange(load.Vcpus[0].CpuPct + load.Vcpus[0].ReadyPct, 95 - stolen.Percent, 103);
        Assert.InRange(load.Vcpus[1].CpuPct, 0, 2);
    }

    [Theory]
    [InlineData(GuestWork.Halt)]
    [InlineData(GuestWork.Idle)]
    public void Measure_guest_without_work_uses_no_cpu(GuestWork work)
    {
        using var guest = Guest.Start(new GuestOptions { Work = work, Vcpus = 2 });

        var load = IndependentReader.Measure(guest, TimeSpan.FromSeconds(1));

        Assert.All(load.Vcpus, vcpu => Assert.InRange(vcpu.CpuPct, 0, 5));
    }

    [Fact]
    public void Measure_two_guests_on_one_cpu_each_wait_half_the_time()
    {
        Need.Cpus(2);
        using var first = Guest.Start(new GuestOptions { PinTo = LastCpu });
        using var second = Guest.Start(new GuestOptions { PinTo = LastCpu });

        var stolen = new StolenTime();
        var firstReader = IndependentReader.Start(first);
        var secondLoad = IndependentReader.Measure(second, Interval);
        var firstLoad = firstReader.Stop();
        var lost = stolen.Percent;

        Assert.InRange(firstLoad.Vcpus[0].CpuPct + secondLoad.Vcpus[0].CpuPct, 50 - lost, 103);
        Assert.All([firstLoad, secondLoad], load =>
        {
            Assert.InRange(load.Vcpus[0].ReadyPct, 45, 80);
            Assert.InRange(load.Vcpus[0].CpuPct + load.Vcpus[0].ReadyPct, 95 - lost, 103);
        });
    }

    [Fact]
    public void Measure_guest_with_a_quota_of_30_percent_is_throttled_for_the_rest()
    {
        using var box = CgroupBox.Create(30);
        using var guest = Guest.Start(new GuestOptions { Cgroup = box });

        var stolen = new StolenTime();
        var load = IndependentReader.Measure(guest, Interval, box);

        Assert.InRange(load.Vcpus[0].CpuPct, 24 - stolen.Percent, 36);
        Assert.NotNull(load.ThrottledPct);

        // While others hold the CPU the guest waits for it instead of being throttled.
        Assert.InRange(load.ThrottledPct.Value, 20, 76);
    }

    [Fact]
    public void Start_with_debug_threads_off_still_knows_the_vcpu_threads()
    {
        using var guest = Guest.Start(new GuestOptions { DebugThreads = false, Vcpus = 3, Work = GuestWork.Halt });

        Assert.Equal(3, guest.VcpuTids.Count);
        Assert.All(guest.VcpuTids, tid =>
        {
            var name = File.ReadAllText($"/proc/{guest.Pid}/task/{tid}/comm");
            Assert.DoesNotContain("KVM", name, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Start_with_tcg_runs_without_a_kvm_file()
    {
        using var guest = Guest.Start(new GuestOptions { Tcg = true, Work = GuestWork.Halt });

        var links = new DirectoryInfo($"/proc/{guest.Pid}/fd").EnumerateFileSystemInfos().Select(file => file.LinkTarget);
        Assert.DoesNotContain("anon_inode:kvm-vm", links);
    }

    [Fact]
    public void Start_with_kvm_holds_a_vm_file()
    {
        using var guest = Guest.Start(new GuestOptions { Work = GuestWork.Halt });

        var links = new DirectoryInfo($"/proc/{guest.Pid}/fd").EnumerateFileSystemInfos().Select(file => file.LinkTarget);
        Assert.Contains("anon_inode:kvm-vm", links);
    }

    [Theory]
    [InlineData(GuestWork.Idle, "prelaunch")]
    [InlineData(GuestWork.Spin, "running")]
    public void Qmp_query_status_tells_whether_the_guest_runs(GuestWork work, string expected)
    {
        using var guest = Guest.Start(new GuestOptions { Work = work });

        Assert.Equal(expected, guest.Qmp("query-status").GetProperty("status").GetString());
    }

    [Fact]
    public void Start_with_an_argument_that_qemu_refuses_says_what_qemu_said()
    {
        var failure = Assert.Throws<InvalidOperationException>(
            () => Guest.Start(new GuestOptions { ExtraArguments = ["-device", "no-such-device"] }));

        Assert.Contains("no-such-device", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dispose_leaves_neither_process_nor_files()
    {
        var guest = Guest.Start();
        var folder = Path.GetDirectoryName(guest.QmpSocket);

        guest.Dispose();

        Assert.False(Native.IsAlive(guest.Pid));
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public void Dispose_of_a_cgroup_removes_it_after_its_guest()
    {
        using var box = CgroupBox.Create(50);
        using (Guest.Start(new GuestOptions { Cgroup = box })) Assert.NotEmpty(File.ReadAllText(Path.Combine(box.Folder, "cgroup.procs")));

        box.Dispose();

        Assert.False(Directory.Exists(box.Folder));
    }
}
