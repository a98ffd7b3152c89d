using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

public sealed class ProcPidStatTests
{
    // A vCPU thread as 6.18 prints it.
    private const string Vcpu =
        "4720 (CPU 0/KVM) R 1 4720 4720 0 -1 4194368 1000 0 2 0 500 50 1 2 20 0 4 0 120000 3000000000 300000 18446744073709551615 1 1 0 0 0 0 0 4096 16963 0 0 0 17 2 0 0 12 400 0 0 0 0 0 0 0 0 0\n";

    [Fact]
    public void TryParse_vcpu_thread_finds_every_field()
    {
        Assert.True(ProcPidStat.TryParse(Bytes.Of(Vcpu), out var stat));
        Assert.Equal(new ProcPidStat(4720, 'R', 1, 4194368, 500, 50, 4, 120000, 300000, 2, 12, 400), stat);
        Assert.False(stat.IsKernelThread);
    }

    [Fact]
    public void TryParse_name_with_parentheses_and_blanks_ends_at_the_last()
    {
        var text = Bytes.Of(Vcpu.Replace("(CPU 0/KVM)", "(a) R 1 (b) )", StringComparison.Ordinal));
        Assert.True(ProcPidStat.TryParse(text, out var stat));
        Assert.Equal(500UL, stat.UtimeTicks);
        Assert.Equal("a) R 1 (b) ", System.Text.Encoding.UTF8.GetString(ProcPidStat.Comm(text)));
    }

    [Fact]
    public void TryParse_without_the_fields_after_39_takes_them_as_zero()
    {
        var fields = Vcpu[..Vcpu.IndexOf(" 0 0 12 400", StringComparison.Ordinal)];
        Assert.True(ProcPidStat.TryParse(Bytes.Of(fields), out var stat));
        Assert.Equal((2, 0UL, 0UL), (stat.Processor, stat.BlkioDelayTicks, stat.GuestTimeTicks));
    }

    [Fact]
    public void TryParse_without_the_processor_fails()
    {
        var fields = Vcpu[..Vcpu.IndexOf(" 2 0 0 12 400", StringComparison.Ordinal)];
        Assert.False(ProcPidStat.TryParse(Bytes.Of(fields), out _));
    }

    [Fact]
    public void TryParse_number_too_large_fails()
    {
        Assert.False(ProcPidStat.TryParse(Bytes.Of(Vcpu.Replace(" 500 50 ", " 99999999999999999999999 50 ", StringComparison.Ordinal)), out _));
    }

    [Fact]
    public void IsKernelThread_vhost_worker_is_true()
    {
        Assert.True(ProcPidStat.TryParse(Bytes.Of("99 (vhost-4711) S 2 0 0 0 -1 2129984 0 0 0 0 0 9 0 0 20 0 1 0 500 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 0 0 0 17 1 0 0 0 0"), out var stat));
        Assert.True(stat.IsKernelThread);
    }

    [Fact]
    public void TryParse_own_process_is_what_the_kernel_says()
    {
        var text = File.ReadAllBytes("/proc/self/stat");
        Assert.True(ProcPidStat.TryParse(text, out var stat));
        Assert.Equal(Environment.ProcessId, stat.Pid);
        Assert.InRange(stat.Processor, 0, 65535);
        Assert.InRange(stat.RssPages * (ulong)SystemInfo.PageSize, 10UL << 20, 4UL << 30);
        Assert.InRange(stat.Threads, 2, 10000);

        // Started a moment ago: the clock of /proc/uptime is the one that start times are in.
        var uptime = double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0]);
        Assert.InRange(uptime - ((double)stat.StartTimeTicks / SystemInfo.ClockTicksPerSecond), -1, 3600);
    }

    [Fact]
    public void TryParse_hostile_text_does_not_throw() => Fuzz.NeverThrows(b =>
    {
        _ = ProcPidStat.TryParse(b, out _);
        _ = ProcPidStat.Comm(b);
    }, Vcpu, ") (", "1 )(");

    [Fact]
    public void TryParse_hot_allocates_nothing()
    {
        var text = Bytes.Of(Vcpu);
        Fuzz.AllocatesNothing(() => _ = ProcPidStat.TryParse(text, out _));
    }
}
