using KvmTop.Collectors;

namespace KvmTop.Tests.Collectors;

/// <summary>Readings on threads of their own, some of which hang.</summary>
public sealed class VmMemoryRoundsTests
{
    private static readonly RoundPace Pace = RoundPace.Default with { Deadline = TimeSpan.FromSeconds(2), StuckAtMost = 2 };

    [Fact(Timeout = 60_000)]
    public async Task Reading_that_hangs_holds_up_neither_the_tick_nor_the_others_and_is_taken_when_it_comes_back()
    {
        await Task.Yield();
        using var host = new MemoryHost(Pace, threaded: true);
        using var lockHeld = new ManualResetEventSlim();
        host.Qemu(100).Qemu(200).Qemu(300).Files.Hang("/proc/100/smaps_rollup", lockHeld);
        var model = host.Until(m => MemoryHost.Of(m, 200).Memory is not null && MemoryHost.Of(m, 300).Memory is not null && MemoryHost.Of(m, 100).Hanging is not null);
        Assert.Null(model.Find(model.Vms.Keys.Single(k => k.Pid == 100), out var reason));
        Assert.Contains("hung", reason, StringComparison.Ordinal);
        lockHeld.Set();
        host.Until(m => MemoryHost.Of(m, 100) is { Memory: not null, Hanging: null });
    }

    [Fact(Timeout = 60_000)]
    public async Task Readings_that_all_hang_take_no_more_threads_than_may()
    {
        await Task.Yield();
        using var host = new MemoryHost(Pace, threaded: true);
        using var lockHeld = new ManualResetEventSlim();
        for (var i = 1; i <= 8; i++)
            host.Qemu(100 * i).Files.Hang($"/proc/{100 * i}/smaps_rollup", lockHeld);
        host.Until(m => m.Vms.Values.Count(v => v.Hanging is not null) == 3);
        for (var i = 0; i < 100; i++)
            Assert.InRange(host.Tick(0.2).Vms.Values.Count(v => v.Hanging is not null), 0, 3);
        lockHeld.Set();
        host.Until(m => m.Vms.Values.All(v => v.Memory is not null));
    }

    [Fact(Timeout = 60_000)]
    public async Task Hanging_and_back_again_is_told_once()
    {
        await Task.Yield();
        using var host = new MemoryHost(Pace, threaded: true);
        using var lockHeld = new ManualResetEventSlim();
        host.Qemu(100).Files.Hang("/proc/100/smaps_rollup", lockHeld);
        var (before, told) = (host.Tick(), 0);
        host.Until(m =>
        {
            told += VmMemoryTopic.Instance.Compare(before, m, default).Count();
            before = m;
            return MemoryHost.Of(m, 100).Hanging > TimeSpan.FromSeconds(6);
        });
        lockHeld.Set();
        Assert.Equal(1, told);
    }

    [Fact(Timeout = 60_000)]
    public async Task Nobody_looking_nothing_is_read()
    {
        await Task.Yield();
        using var host = new MemoryHost(Pace, threaded: true);
        host.Qemu(100);
        host.Until(m => MemoryHost.Of(m, 100).Memory is not null);
        host.Rollup(100, 5000);
        // Longer than the time between two readings, without a look.
        host.Files.Advance(100);
        await Task.Delay(300, TestContext.Current.CancellationToken);
        Assert.InRange(MemoryHost.Of(host.Tick(0), 100).Age, TimeSpan.FromSeconds(99), TimeSpan.FromSeconds(200));
        host.Until(m => MemoryHost.Of(m, 100).Memory!.Rollup!.Value.Rss == 20480000);
    }

    [Fact(Timeout = 60_000)]
    public async Task New_vm_need_not_wait_for_the_turn_of_the_old()
    {
        await Task.Yield();
        using var host = new MemoryHost(Pace, threaded: true);
        host.Qemu(100);
        host.Until(m => MemoryHost.Of(m, 100).Memory is not null);
        host.Qemu(200);
        for (var i = 0; i < 4000 && !(host.Tick(0.001).Vms.Count == 2 && MemoryHost.Of(host.Tick(0.001), 200).Memory is not null); i++)
            await Task.Delay(5, TestContext.Current.CancellationToken);
        Assert.NotNull(MemoryHost.Of(host.Tick(0.001), 200).Memory);
    }
}
