using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

public sealed class SchedStatTests
{
    [Fact]
    public void TryParse_three_numbers_are_run_delay_slices()
    {
        Assert.True(SchedStat.TryParse("5000000000 900000000 7000\n"u8, out var stat));
        Assert.Equal(new SchedStat(5_000_000_000, 900_000_000, 7000), stat);
    }

    [Fact]
    public void TryParse_two_numbers_fails() => Assert.False(SchedStat.TryParse("1 2\n"u8, out _));

    [Fact]
    public void TryParse_hostile_text_does_not_throw() => Fuzz.NeverThrows(b => _ = SchedStat.TryParse(b, out _), "5000000000 900000000 7000\n");

    [Fact]
    public void TryParse_hot_allocates_nothing() => Fuzz.AllocatesNothing(() => _ = SchedStat.TryParse("5000000000 900000000 7000\n"u8, out _));
}

public sealed class ProcPidStatusTests
{
    private static readonly byte[] Status = Bytes.Captured("/proc/4711/status");

    [Fact]
    public void TryParse_status_of_qemu_finds_user_memory_and_switches()
    {
        Assert.True(ProcPidStatus.TryParse(Status, out var status));
        Assert.Equal(new ProcPidStatus(64055, 102400UL << 10, 2048UL << 10, 0, 2097152UL << 10, 1000, 20), status);
    }

    [Fact]
    public void TryParse_kernel_thread_has_no_memory_rather_than_none()
    {
        Assert.True(ProcPidStatus.TryParse("Name:\tvhost-1\nUid:\t0\t0\t0\t0\nvoluntary_ctxt_switches:\t5\n"u8, out var status));
        Assert.Null(status.RssBytes);
        Assert.Null(status.InvoluntarySwitches);
        Assert.Equal(5, status.VoluntarySwitches);
    }

    [Fact]
    public void TryParse_without_user_fails() => Assert.False(ProcPidStatus.TryParse("Name:\tx\nVmRSS:\t1 kB\n"u8, out _));

    [Fact]
    public void TryParse_memory_beyond_64_bits_is_not_known()
    {
        Assert.True(ProcPidStatus.TryParse("Uid:\t0\nVmRSS:\t18446744073709551615 kB\n"u8, out var status));
        Assert.Null(status.RssBytes);
    }

    [Fact]
    public void AllowedCpus_is_the_list_not_the_mask() => Assert.True(ProcPidStatus.AllowedCpus(Status).SequenceEqual("0-3"u8));

    [Fact]
    public void AllowedCpus_missing_is_empty() => Assert.True(ProcPidStatus.AllowedCpus("Uid:\t0\n"u8).IsEmpty);

    [Fact]
    public void TryParse_hostile_text_does_not_throw() => Fuzz.NeverThrows(b =>
    {
        _ = ProcPidStatus.TryParse(b, out _);
        _ = ProcPidStatus.AllowedCpus(b);
    }, System.Text.Encoding.UTF8.GetString(Status));

    [Fact]
    public void TryParse_hot_allocates_nothing() => Fuzz.AllocatesNothing(() =>
    {
        _ = ProcPidStatus.TryParse(Status, out _);
        _ = ProcPidStatus.AllowedCpus(Status);
    });
}

public sealed class ProcPidIoTests
{
    private static readonly byte[] Io = Bytes.Captured("/proc/4711/io");

    [Fact]
    public void TryParse_takes_storage_bytes_not_system_calls()
    {
        Assert.True(ProcPidIo.TryParse(Io, out var io));
        Assert.Equal(new ProcPidIo(10485760, 4194304), io);
    }

    [Fact]
    public void TryParse_half_a_file_fails() => Assert.False(ProcPidIo.TryParse("read_bytes: 1\n"u8, out _));

    [Fact]
    public void TryParse_hostile_text_does_not_throw() => Fuzz.NeverThrows(b => _ = ProcPidIo.TryParse(b, out _), System.Text.Encoding.UTF8.GetString(Io));

    [Fact]
    public void TryParse_hot_allocates_nothing() => Fuzz.AllocatesNothing(() => _ = ProcPidIo.TryParse(Io, out _));
}

public sealed class ThreadSyscallTests
{
    [Theory]
    [InlineData("16 0x1c 0xae80 0x0 0x7f 0x0 0x0 0x7ffd 0x7f11\n")]
    [InlineData("29 0x1c 0xae80 0x0 0x7f 0x0 0x0 0x7ffd 0x7f11\n")]
    [InlineData("54 0x1c 0x2000ae80 0x0 0x7f 0x0 0x0 0x7ffd 0x7f11\n")]
    public void IsKvmRun_halted_vcpu_is_true(string text)
    {
        Assert.True(ThreadSyscall.TryParse(Bytes.Of(text), out var call));
        Assert.True(call.IsKvmRun);
        Assert.Equal(28, call.Fd);
    }

    [Theory]
    [InlineData("running\n", ThreadSyscallState.Running)]
    [InlineData("-1 0x7ffd 0x7f11\n", ThreadSyscallState.Blocked)]
    [InlineData("202 0x1c 0xae80 0x0 0x0 0x0 0x0 0x0 0x0\n", ThreadSyscallState.InSyscall)]
    [InlineData("16 0x1c 0xae03 0x0 0x0 0x0 0x0 0x0 0x0\n", ThreadSyscallState.InSyscall)]
    public void IsKvmRun_anything_else_is_false(string text, ThreadSyscallState state)
    {
        Assert.True(ThreadSyscall.TryParse(Bytes.Of(text), out var call));
        Assert.Equal(state, call.State);
        Assert.False(call.IsKvmRun);
    }

    [Theory]
    [InlineData("")]
    [InlineData("16")]
    [InlineData("16 28 0xae80")]
    [InlineData("-2 0x0")]
    public void TryParse_damaged_fails(string text) => Assert.False(ThreadSyscall.TryParse(Bytes.Of(text), out _));

    [Fact]
    public void TryParse_hostile_text_does_not_throw() => Fuzz.NeverThrows(b => _ = ThreadSyscall.TryParse(b, out _), "16 0x1c 0xae80 0x0\n", "running", "-1 0x0");

    [Fact]
    public void TryParse_hot_allocates_nothing() => Fuzz.AllocatesNothing(() => _ = ThreadSyscall.TryParse("16 0x1c 0xae80 0x0 0x7f\n"u8, out _));
}
