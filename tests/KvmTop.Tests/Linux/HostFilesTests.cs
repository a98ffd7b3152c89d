using System.Text;
using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

public sealed class ProcStatTests
{
    private static readonly byte[] Stat = Bytes.Captured("/proc/stat");

    [Fact]
    public void TryParse_separates_the_total_from_the_cpus()
    {
        var cpus = new List<CpuTimesOf> { new(77, default) };
        Assert.True(ProcStat.TryParse(Stat, out var total, cpus));
        Assert.Equal(new CpuTimes(10000, 100, 2000, 500000, 300, 0, 50, 0, 6000, 0), total);
        Assert.Equal([0, 1, 2, 3], cpus.Select(c => c.Cpu));
        Assert.Equal(1800UL, cpus[2].Times.Guest);
    }

    [Fact]
    public void TryParse_offline_cpu_leaves_a_gap()
    {
        var cpus = new List<CpuTimesOf>();
        Assert.True(ProcStat.TryParse("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\ncpu12 1 2 3 4 5 6 7 8 9 10\n"u8, out _, cpus));
        Assert.Equal([0, 12], cpus.Select(c => c.Cpu));
    }

    [Fact]
    public void TryParse_without_a_total_fails() => Assert.False(ProcStat.TryParse("cpu0 1 2 3 4\n"u8, out _, []));

    [Fact]
    public void Totals_reads_switches_queue_and_boot()
    {
        Assert.True(ProcStatTotals.TryParse(Stat, out var totals));
        Assert.Equal(new ProcStatTotals(987654, 3, 1, DateTimeOffset.FromUnixTimeSeconds(1790000000)), totals);
    }

    [Fact]
    public void TryParse_hostile_text_does_not_throw() => Fuzz.NeverThrows(b =>
    {
        _ = ProcStat.TryParse(b, out _, []);
        _ = ProcStatTotals.TryParse(b, out _);
    }, Encoding.UTF8.GetString(Stat), "btime 9999999999999999\n");

    [Fact]
    public void TryParse_kept_list_allocates_nothing()
    {
        var cpus = new List<CpuTimesOf>();
        Fuzz.AllocatesNothing(() =>
        {
            _ = ProcStat.TryParse(Stat, out _, cpus);
            _ = ProcStatTotals.TryParse(Stat, out _);
        });
    }
}

public sealed class MemInfoTests
{
    private static readonly byte[] Text = Bytes.Captured("/proc/meminfo");

    [Fact]
    public void TryParse_reads_bytes_by_exact_name()
    {
        const ulong kB = 1024;
        Assert.True(MemInfo.TryParse(Text, out var memory));
        Assert.Equal(
            new MemInfo(
                16384000 * kB, 4096000 * kB, 8192000 * kB, 102400 * kB, 2048000 * kB, 204800 * kB, 51200 * kB, 1048576 * kB, 1000000 * kB,
                1048576 * kB, 1048576 * kB, 128 * kB, 5000000 * kB, 9240576 * kB),
            memory);
    }

    [Fact]
    public void TryParse_old_kernel_has_no_available_rather_than_none()
    {
        Assert.True(MemInfo.TryParse("MemTotal: 1 kB\nMemFree: 1 kB\n"u8, out var memory));
        Assert.Null(memory.Available);
    }

    [Fact]
    public void TryParse_without_total_fails() => Assert.False(MemInfo.TryParse("MemFree: 1 kB\n"u8, out _));

    [Fact]
    public void TryParse_hostile_text_does_not_throw() => Fuzz.NeverThrows(b => _ = MemInfo.TryParse(b, out _), Encoding.UTF8.GetString(Text));
}

public sealed class LoadAverageTests
{
    [Fact]
    public void TryParse_reads_averages_and_threads()
    {
        Assert.True(LoadAverage.TryParse("1.50 0.75 0.25 3/412 4800\n"u8, out var load));
        Assert.Equal(new LoadAverage(1.5, 0.75, 0.25, 3, 412), load);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1.5 0.7 0.2 3-412 1")]
    [InlineData("NaN 0.7 0.2 3/412 1")]
    public void TryParse_damaged_fails(string text) => Assert.False(LoadAverage.TryParse(Bytes.Of(text), out _));

    [Fact]
    public void TryParse_hostile_text_does_not_throw() => Fuzz.NeverThrows(b => _ = LoadAverage.TryParse(b, out _), "1.50 0.75 0.25 3/412 4800\n");
}

public sealed class PressureTests
{
    [Fact]
    public void TryParse_reads_both_lines()
    {
        Assert.True(Pressure.TryParse(Bytes.Captured("/proc/pressure/io"), out var pressure));
        Assert.Equal(new PressureLine(0.2, 0.1, 0, 5000), pressure.Some);
        Assert.Equal(new PressureLine(0.1, 0.05, 0, 4000), pressure.Full);
    }

    [Fact]
    public void TryParse_irq_has_only_full()
    {
        Assert.True(Pressure.TryParse("full avg10=3.00 avg60=2.00 avg300=1.00 total=42\n"u8, out var pressure));
        Assert.Null(pressure.Some);
        Assert.Equal(42UL, pressure.Full?.TotalMicroseconds);
    }

    [Fact]
    public void TryParse_neither_line_fails() => Assert.False(Pressure.TryParse("none avg10=0\n"u8, out _));

    [Fact]
    public void TryParse_hostile_text_does_not_throw() =>
        Fuzz.NeverThrows(b => _ = Pressure.TryParse(b, out _), "some avg10=0.20 avg60=0.10 avg300=0.00 total=5000\nfull avg10=0.10 avg60=0.05 avg300=0.00 total=4000\n");
}

public sealed class InterruptsTests
{
    private static readonly byte[] Text = Bytes.Captured("/proc/interrupts");

    [Fact]
    public void TryParse_device_line_has_counts_sum_and_description()
    {
        var (cpus, lines) = (new List<int>(), new List<InterruptLine>());
        Assert.True(Interrupts.TryParse(Text, cpus, lines));
        Assert.Equal([0, 1, 2, 3], cpus);
        var nvme = lines[1];
        Assert.Equal(("24", "PCI-MSIX-0000:01:00.0 0-edge nvme0q0", 1000UL), (nvme.Label, nvme.Description, nvme.Total));
        Assert.Equal([100UL, 200UL, 300UL, 400UL], nvme.PerCpu);
    }

    [Fact]
    public void TryParse_machine_wide_line_has_one_count()
    {
        var lines = new List<InterruptLine>();
        Assert.True(Interrupts.TryParse(Text, [], lines));
        Assert.Equal([5UL], lines.Single(l => l.Label == "ERR").PerCpu);
    }

    [Fact]
    public void TryParse_softirqs_have_the_same_shape()
    {
        var lines = new List<InterruptLine>();
        Assert.True(Interrupts.TryParse(Bytes.Captured("/proc/softirqs"), [], lines));
        Assert.Equal(("NET_RX", "", 100UL), (lines[1].Label, lines[1].Description, lines[1].Total));
    }

    [Fact]
    public void TryParse_shorter_table_drops_what_went()
    {
        var (cpus, lines) = (new List<int>(), new List<InterruptLine>());
        Assert.True(Interrupts.TryParse(Text, cpus, lines));
        Assert.True(Interrupts.TryParse("  CPU1\n 9: 7 x y\n"u8, cpus, lines));
        Assert.Equal([1], cpus);
        Assert.Equal(("9", "x y", 7UL), (lines.Single().Label, lines.Single().Description, lines.Single().Total));
    }

    [Fact]
    public void TryParse_unchanged_table_allocates_nothing()
    {
        var (cpus, lines) = (new List<int>(), new List<InterruptLine>());
        Fuzz.AllocatesNothing(() => _ = Interrupts.TryParse(Text, cpus, lines));
    }

    [Fact]
    public void TryParse_hostile_text_does_not_throw()
    {
        var (cpus, lines) = (new List<int>(), new List<InterruptLine>());
        Fuzz.NeverThrows(b => _ = Interrupts.TryParse(b, cpus, lines), Encoding.UTF8.GetString(Text));
    }
}

public sealed class SystemCallTests
{
    [Fact]
    public void SystemInfo_says_what_dotnet_says() => Assert.Equal((Environment.SystemPageSize, true), (SystemInfo.PageSize, SystemInfo.ClockTicksPerSecond is >= 100 and <= 1024));
}
