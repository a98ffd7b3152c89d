using KvmTop.Collectors;

namespace KvmTop.Tests.Collectors.Trace;

/// <summary>Made-up streams of events, whose statistics are known beforehand.</summary>
public sealed class ExitTraceAggregatorTests
{
    private const uint Io = 30, Hlt = 12, Vmx = 1;

    private readonly ExitTraceAggregator _aggregator = new(2);

    [Fact]
    public void Add_exit_and_entry_counts_the_time_between_them_as_the_kernels()
    {
        Feed(0, Exit(1000, Hlt), Entry(1500), Exit(3000, Hlt), Entry(5000));
        var hlt = Only(ExitReasonKind.Hardware);
        Assert.Equal((2, 0, 2500UL, 2000UL), (hlt.Count, hlt.UserspaceCount, hlt.Total.SumNanoseconds, hlt.Total.MaxNanoseconds));
        Assert.Equal((2500UL, 0), (hlt.Kernel.SumNanoseconds, hlt.Vmm.Count));
        Assert.Equal((new ExitReason(ExitReasonKind.Hardware, Hlt, Vmx), 0), (hlt.Reason, _aggregator.Totals().Unfinished));
    }

    [Fact]
    public void Add_exit_through_the_vmm_divides_its_time()
    {
        Feed(0, Exit(1000, Io), Pio(1100, 0x80, write: true), UserExit(1200, 2), RunStart(1900), Entry(2000));
        var io = Only(ExitReasonKind.Hardware);
        Assert.Equal((1, 1000UL, 300UL, 700UL), (io.UserspaceCount, io.Total.SumNanoseconds, io.Kernel.SumNanoseconds, io.Vmm.SumNanoseconds));
        Assert.Equal([new(new ExitDetail(ExitDetailKind.PortWrite, 1, 0x80).Key, 1, 0, 1000)], io.Details!.Top(9));
        Assert.Equal(2UL, ExitDetail.Of(io.Userspace!.Top(9).Single().Key).Address);
        Assert.Equal(0xffffffff81000000UL, ExitDetail.Of(io.Rips!.Top(9).Single().Key).Address);
    }

    [Fact]
    public void Add_two_trips_to_the_vmm_in_one_exit_adds_them()
    {
        Feed(0, Exit(0, Io), UserExit(100, 2), RunStart(150), UserExit(200, 10), RunStart(270), Entry(300));
        var io = Only(ExitReasonKind.Hardware);
        Assert.Equal((1, 1, 300UL, 180UL, 120UL), (io.Count, io.UserspaceCount, io.Total.SumNanoseconds, io.Kernel.SumNanoseconds, io.Vmm.SumNanoseconds));
    }

    [Fact]
    public void Add_without_kvm_fpu_gives_the_vmm_all_until_the_entry()
    {
        Feed(0, Exit(0, Io), UserExit(100, 2), Entry(300));
        Assert.Equal(200UL, Only(ExitReasonKind.Hardware).Vmm.SumNanoseconds);
    }

    [Fact]
    public void Add_where_kvm_exit_is_silent_brackets_the_vmms_part_alone()
    {
        // What a guest whose code KVM emulates shows: out 0x80, cpuid, in 0x71, and again.
        for (ulong i = 0; i < 100; i++)
        {
            var t = i * 10_000;
            Feed(0, Pio(t, 0x80, write: true), UserExit(t + 100, 2), RunStart(t + 2100), Cpuid(t + 2500, 7), UserExit(t + 3000, 2), RunStart(t + 6000), Pio(t + 6100, 0x71, write: false));
        }

        var totals = _aggregator.Totals();
        var io = totals.Reasons.Single(r => r.Reason == new ExitReason(ExitReasonKind.Userspace, 2, 0));
        Assert.Equal((200, 200L, 500_000UL, 0), (io.Count, io.Total.Count, io.Vmm.SumNanoseconds, io.Kernel.Count));
        Assert.Equal(
            [(new ExitDetail(ExitDetailKind.PortRead, 1, 0x71), 100, 300_000UL), (new ExitDetail(ExitDetailKind.PortWrite, 1, 0x80), 100, 200_000UL)],
            io.Details!.Top(9).Select(d => (ExitDetail.Of(d.Key), (int)d.Count, d.Nanoseconds)));
        var cpuid = totals.Reasons.Single(r => r.Reason.Kind == ExitReasonKind.InKernel);
        Assert.Equal(((uint)KvmTraceKind.Cpuid, 100, 0L), (cpuid.Reason.Code, cpuid.Count, cpuid.Total.Count));
        Assert.Equal((2, true, false, 0L), (totals.Reasons.Count, totals.SawUserspaceOnly, totals.SawHardwareExits, totals.Unfinished));
    }

    [Fact]
    public void Add_port_that_kvm_serves_itself_is_no_exit_where_kvm_exit_is_silent()
    {
        Feed(0, Pio(0, 0x43, write: true), Pio(10, 0x80, write: true), UserExit(20, 2), RunStart(30));
        var totals = _aggregator.Totals();
        Assert.Equal(0x80UL, ExitDetail.Of(totals.Reasons.Single(r => r.Reason.Kind == ExitReasonKind.Userspace).Details!.Top(1)[0].Key).Address);
        Assert.Equal(0x43UL, ExitDetail.Of(totals.Reasons.Single(r => r.Reason.Kind == ExitReasonKind.InKernel).Details!.Top(1)[0].Key).Address);
    }

    [Fact]
    public void Add_interrupted_run_is_not_taken_for_the_stale_reason()
    {
        Feed(0, UserExit(0, 2, errno: -4), RunStart(500));
        Assert.Equal(new ExitReason(ExitReasonKind.Interrupted, 4, 0), Only(ExitReasonKind.Interrupted).Reason);
    }

    [Fact]
    public void Add_mmio_read_that_the_vmm_answers_counts_once()
    {
        Feed(0, Exit(0, 48), Mmio(10, 0xfee00020, 0), UserExit(20, 6), RunStart(30), Mmio(40, 0xfee00020, 1), Entry(50));
        Assert.Equal(1, Only(ExitReasonKind.Hardware).Details!.Total);
    }

    [Fact]
    public void AddLost_forgets_what_was_open_and_counts_it_without_a_time()
    {
        Feed(0, Exit(0, Io), UserExit(10, 2));
        _aggregator.AddLost(0, 7);
        Feed(0, Entry(1_000_000), Exit(1_000_100, Io), Entry(1_000_200));
        var io = Only(ExitReasonKind.Hardware);
        Assert.Equal((2, 1L, 100UL), (io.Count, io.Total.Count, io.Total.MaxNanoseconds));
        Assert.Equal((7, 1), (_aggregator.Lost, _aggregator.Totals().Unfinished));
    }

    [Fact]
    public void Totals_in_the_middle_of_an_exit_counts_what_it_asked_for_without_a_time()
    {
        Feed(0, Pio(0, 0xf4, write: true), UserExit(10, 2));
        var io = Only(ExitReasonKind.Userspace);
        Assert.Equal((1, 0L, 1L, 1), (io.Count, io.Total.Count, io.Details!.Total, _aggregator.Totals().Unfinished));
        Assert.Equal(1, Only(ExitReasonKind.Userspace).Details!.Total);
    }

    [Fact]
    public void Totals_of_one_vcpu_leaves_the_others_out()
    {
        Feed(0, Exit(0, Io), Entry(10));
        Feed(1, Exit(5, Io), Entry(25), Exit(30, Hlt), Entry(31));
        Assert.Equal(10UL, _aggregator.Totals(0).Reasons.Single().Total.SumNanoseconds);
        Assert.Equal((30UL, 2L), _aggregator.Totals().Reasons.Where(r => r.Reason.Code == Io).Select(r => (r.Total.SumNanoseconds, r.Count)).Single());
        Assert.Equal(2, _aggregator.Totals(1).Reasons.Count);
    }

    [Fact]
    public void Add_time_that_goes_back_is_counted_without_a_time()
    {
        Feed(0, Exit(1000, Io), Entry(990));
        var io = Only(ExitReasonKind.Hardware);
        Assert.Equal((1, 0L, 1L), (io.Count, io.Total.Count, io.Rips!.Total));
        Assert.Equal(1, _aggregator.Totals().Unfinished);
    }

    [Fact]
    public void Add_any_order_of_events_never_throws_and_stays_bounded()
    {
        var random = new Random(11);
        var before = 0L;
        for (var i = 0; i < 3_000_000; i++)
        {
            if (i % 1000 == 0)
            {
                _aggregator.AddLost(i % 2, random.Next(3));
            }

            before = i == 1_000_000 ? GC.GetAllocatedBytesForCurrentThread() : before;
            _aggregator.Add(i % 2, new KvmTraceEvent((KvmTraceKind)random.Next(12), (ulong)random.NextInt64(), (uint)random.NextInt64(), (uint)random.Next(-3, 3), (ulong)random.NextInt64()));
        }

        Assert.InRange(_aggregator.Totals().Reasons.Count, 1, 600);

        // A hostile guest picks reasons and addresses as it likes: after a million all tables are full, and two million more need nothing.
        // Of this thread alone: other tests run beside it.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Fact]
    public void Add_allocates_nothing_once_a_reason_is_known()
    {
        ulong t = 0;
        KvmTop.Tests.Linux.Fuzz.AllocatesNothing(() =>
        {
            t += 10_000;
            Feed(0, Exit(t, Io), Pio(t + 1, 0x80, write: true), UserExit(t + 20, 2), RunStart(t + 900), Entry(t + 1000));
        });
    }

    private static KvmTraceEvent Exit(ulong t, uint reason) => new(KvmTraceKind.Exit, t, reason, Vmx, 0xffffffff81000000);

    private static KvmTraceEvent Entry(ulong t) => new(KvmTraceKind.Entry, t, 0, 0, 0);

    private static KvmTraceEvent UserExit(ulong t, uint reason, int errno = 0) => new(KvmTraceKind.UserspaceExit, t, reason, (uint)errno, 0);

    private static KvmTraceEvent RunStart(ulong t) => new(KvmTraceKind.RunStart, t, 0, 1, 0);

    private static KvmTraceEvent Pio(ulong t, ulong port, bool write) => new(KvmTraceKind.Pio, t, 1, write ? 1u : 0, port);

    private static KvmTraceEvent Mmio(ulong t, ulong address, uint type) => new(KvmTraceKind.Mmio, t, 4, type, address);

    private static KvmTraceEvent Cpuid(ulong t, ulong leaf) => new(KvmTraceKind.Cpuid, t, 0, 0, leaf);

    private void Feed(int vcpu, params ReadOnlySpan<KvmTraceEvent> events)
    {
        foreach (ref readonly var e in events)
        {
            _aggregator.Add(vcpu, e);
        }
    }

    private ExitStatistics Only(ExitReasonKind kind) => _aggregator.Totals().Reasons.Single(r => r.Reason.Kind == kind);
}
