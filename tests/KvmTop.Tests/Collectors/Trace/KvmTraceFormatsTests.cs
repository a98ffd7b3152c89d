using System.Text;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tests.Linux;

namespace KvmTop.Tests.Collectors.Trace;

public sealed class KvmTraceFormatsTests
{
    private static string Text(string name) => File.ReadAllText(TestHost.FixturePath($"tracing/6.18/{name}.format"));

    private static KvmTraceFormats Read(Func<string, string?>? change = null) =>
        KvmTraceFormats.Read(name => (change ?? Text)(name) is { } text ? TraceEventFormat.Parse(Encoding.UTF8.GetBytes(text)) : null);

    [Fact]
    public void Read_of_a_whole_kernel_traces_ten_events_and_misses_none()
    {
        var formats = Read();
        Assert.Equal(10, formats.Events.Count);
        Assert.Empty(formats.Problems);
        Assert.Equal("load != 0", formats.Events.Single(e => e.Name == "kvm_fpu").Filter);
    }

    [Fact]
    public void Decode_kvm_exit_reads_reason_isa_and_rip_at_their_offsets()
    {
        var raw = new byte[72];
        raw[0] = 103;
        raw[8] = 0x7b;
        BitConverter.TryWriteBytes(raw.AsSpan(16), 0xffffffff81a0b3deUL);
        raw[24] = 2;
        Assert.Equal(new KvmTraceEvent(KvmTraceKind.Exit, 5, 0x7b, 2, 0xffffffff81a0b3de), Read().Decode(5, raw));
    }

    [Fact]
    public void Decode_follows_a_field_that_moved()
    {
        var formats = Read(name => name == "kvm_exit" ? Text(name).Replace("exit_reason;\toffset:8;", "exit_reason;\toffset:44;", StringComparison.Ordinal) : Text(name));
        var raw = new byte[72];
        (raw[0], raw[8], raw[44]) = (103, 1, 30);
        Assert.Equal(30u, formats.Decode(0, raw).Code);
    }

    [Fact]
    public void Read_without_a_needed_field_leaves_the_event_out_and_says_so()
    {
        var formats = Read(name => name == "kvm_pio" ? Text(name).Replace(" port;", " doorway;", StringComparison.Ordinal) : Text(name));
        Assert.DoesNotContain(formats.Events, e => e.Name == "kvm_pio");
        Assert.Equal("kvm_pio: this kernel's event has no field port", formats.Problems.Single());
    }

    [Fact]
    public void Read_without_an_optional_field_or_an_event_goes_on()
    {
        var formats = Read(name => name == "kvm_fpu" ? null : name == "kvm_exit" ? Text(name).Replace(" guest_rip;", " pc;", StringComparison.Ordinal) : Text(name));
        Assert.False(formats.HasRunStart);
        Assert.Contains(formats.Events, e => e.Name == "kvm_exit");
    }

    [Theory]
    [InlineData(ExitReasonKind.Hardware, 30u, 1u, "IO_INSTRUCTION")]
    [InlineData(ExitReasonKind.Hardware, 0x80000021u, 1u, "INVALID_STATE+0x80000000")]
    [InlineData(ExitReasonKind.Hardware, 0x7bu, 2u, "io")]
    [InlineData(ExitReasonKind.Hardware, 0x999u, 2u, "0x999")]
    [InlineData(ExitReasonKind.Userspace, 6u, 0u, "KVM_EXIT_MMIO")]
    [InlineData(ExitReasonKind.Userspace, 4242u, 0u, "0x1092")]
    [InlineData(ExitReasonKind.Interrupted, 4u, 0u, "signal (EINTR)")]
    public void NameOf_uses_the_kernels_tables_and_hex_beyond_them(ExitReasonKind kind, uint code, uint isa, string name) =>
        Assert.Equal(name, Read().NameOf(new ExitReason(kind, code, isa)));

    [Fact]
    public void Decode_of_short_foreign_and_random_events_is_none_or_something_but_never_throws()
    {
        var formats = Read();
        Assert.Equal(default, formats.Decode(1, []));
        Assert.Equal(default, formats.Decode(1, [103, 0, 0, 0]));
        Assert.Equal(default, formats.Decode(1, new byte[100]));
        Fuzz.NeverThrows(bytes => formats.Decode(1, bytes));
    }

    [Fact]
    public void Decode_allocates_nothing()
    {
        var formats = Read();
        var raw = new byte[72];
        raw[0] = 103;
        Fuzz.AllocatesNothing(() => formats.Decode(1, raw));
    }
}
