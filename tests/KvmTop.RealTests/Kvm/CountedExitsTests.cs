using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Kvm;

/// <summary>A VMM that makes a known number of exits, counted by the program: to the last one.</summary>
public sealed class CountedExitsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(1_000)]
    [InlineData(123_456)]
    public void Exits_of_a_known_number_are_counted_exactly(int count)
    {
        using var vmm = CountedVmm.Start();
        using var reading = new KvmReading();
        var vm = reading.Read(vmm.Pid);
        Assert.Equal("stats fd", vm.Source);
        var before = Totals(reading.Counters(vm));
        vmm.Exit(count);
        var now = Totals(reading.Counters(reading.Read(vmm.Pid)));

        // The guest's floating-point state is loaded once for every KVM_RUN, on every x86: that is the exact one. Interrupts of the host are exits too.
        Assert.Equal(count, now.Runs - before.Runs);
        Assert.InRange(now.Exits - before.Exits, count, (count * 1.05) + 50);
    }

    [Fact]
    public void Rate_is_what_was_done_over_the_time_that_it_took()
    {
        using var vmm = CountedVmm.Start();
        using var reading = new KvmReading();
        reading.Read(vmm.Pid);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        vmm.Exit(50_000);
        Thread.Sleep(500);
        var vm = reading.Read(vmm.Pid);
        var rate = 50_000 / clock.Elapsed.TotalSeconds;
        Assert.InRange(reading.Counters(vm).Find("fpu_reload")!.PerSecond, rate * 0.9, rate * 1.1);
        Assert.InRange(vm.ExitsPerSecond, rate * 0.9, rate * 1.2);
    }

    [Fact]
    public void Counters_of_the_vm_itself_come_from_its_own_descriptor()
    {
        using var vmm = CountedVmm.Start();
        using var reading = new KvmReading();
        vmm.Exit(10);
        var vm = reading.Read(vmm.Pid);
        Assert.Equal("stats fd", vm.VmSource);
        Assert.NotNull(reading.Counters(vm).Find("remote_tlb_flush"));
    }

    [Fact]
    public void Vm_that_ends_is_let_go_of_without_waiting_for_a_tick()
    {
        using var vmm = CountedVmm.Start();
        using var reading = new KvmReading();
        reading.Read(vmm.Pid);
        var held = Held();
        Assert.NotEmpty(held);
        vmm.Kill();
        // Nobody reads again: a held descriptor would keep the VM in the kernel for as long as nobody does.
        Assert.True(Wait.Until(() => Held().Length <= held.Length - 2, TimeSpan.FromSeconds(30)), $"still held: {string.Join(' ', Held())}");
    }

    private static string[] Held()
    {
        var links = new List<string>();
        foreach (var file in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (File.ResolveLinkTarget(file, returnFinalTarget: false) is { } target && target.FullName.Contains("-stats", StringComparison.Ordinal)) links.Add(target.FullName);
        }

        return [.. links];
    }

    private static (double Runs, double Exits) Totals(Collectors.KvmCounterTable table) => (table.Find("fpu_reload")!.Total, table.Find("exits")!.Total);
}
