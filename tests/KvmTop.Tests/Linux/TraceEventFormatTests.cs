using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

public sealed class TraceEventFormatTests
{
    private static TraceEventFormat Captured(string name) => TraceEventFormat.Parse(File.ReadAllBytes(TestHost.FixturePath($"tracing/6.18/{name}.format")));

    [Fact]
    public void Parse_kvm_exit_finds_id_and_fields_where_the_kernel_has_them()
    {
        var format = Captured("kvm_exit");
        Assert.Equal(("kvm_exit", 103UL), (format.Name, format.Id));
        Assert.Equal(new TraceField("exit_reason", 8, 4, false), format.Field("exit_reason"));
        Assert.Equal(new TraceField("guest_rip", 16, 8, false), format.Field("guest_rip"));
        Assert.Equal(new TraceField("common_pid", 4, 4, true), format.Field("common_pid"));
        Assert.Null(format.Field("guest_cr3"));
    }

    [Theory]
    [InlineData(1, 30, "IO_INSTRUCTION")]
    [InlineData(1, 12, "HLT")]
    [InlineData(1, 0x80000021, "INVALID_STATE")] // the flag of a failed entry is masked out
    [InlineData(2, 0x07b, "io")]
    [InlineData(2, 0x078, "hlt")]
    [InlineData(2, 0x04e, "PF excp")] // written as 0x040 + 14
    [InlineData(2, 0x80000013, "vmgexit_ap_creation")]
    [InlineData(2, 0xffffffff, "invalid_guest_state")] // written as -1
    public void SymbolsOf_exit_reason_names_by_instruction_set(ulong isa, ulong reason, string name) =>
        Assert.Equal(name, Captured("kvm_exit").SymbolsOf("exit_reason", isa)!.NameOf(reason));

    [Fact]
    public void NameOf_unknown_reason_is_null() => Assert.Null(Captured("kvm_exit").SymbolsOf("exit_reason", 2)!.NameOf(0x777));

    [Fact]
    public void SymbolsOf_userspace_exit_joins_strings_that_stand_side_by_side() =>
        Assert.Equal("KVM_EXIT_IO", Captured("kvm_userspace_exit").SymbolsOf("reason")!.NameOf(2));

    [Fact]
    public void Parse_moved_new_and_missing_fields_follows_the_text()
    {
        var format = TraceEventFormat.Parse("name: kvm_exit\nID: 7\nformat:\n\tfield:u64 brand_new;\toffset:8;\tsize:8;\tsigned:0;\n\tfield:unsigned int exit_reason;\toffset:40;\tsize:4;\tsigned:0;\n\tfield:int broken;\toffset:x;\tsize:4;\n"u8);
        Assert.Equal(40, format.Field("exit_reason")!.Offset);
        Assert.NotNull(format.Field("brand_new"));
        Assert.Null(format.Field("broken"));
        Assert.Null(format.Field("guest_rip"));
        Assert.Empty(format.Symbols);
    }

    [Fact]
    public void SymbolsOf_reads_shifts_unions_and_parentheses()
    {
        var format = TraceEventFormat.Parse("print fmt: \"%s\", __print_symbolic(REC->flags, { (1 << 0) | (1 << 3), \"a, } ) b\" }, { nonsense, \"x\" }, { 0x10, \"c\" })"u8);
        Assert.Equal(("a, } ) b", "c"), (format.SymbolsOf("flags")!.NameOf(9), format.SymbolsOf("flags")!.NameOf(16)));
        Assert.Equal(2, format.SymbolsOf("flags")!.Count);
    }

    [Theory]
    [InlineData(1, false, 0x80UL)]
    [InlineData(1, true, 0xffffffffffffff80UL)]
    [InlineData(2, false, 0x8180UL)]
    [InlineData(4, true, 0xffffffff83828180UL)]
    [InlineData(8, false, 0x8786858483828180UL)]
    public void TryRead_sizes_and_signs(int size, bool signed, ulong expected)
    {
        Assert.True(new TraceField("f", 1, size, signed).TryRead([0, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87], out var value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData(2, 8)]
    [InlineData(9, 1)]
    [InlineData(0, 3)]
    [InlineData(65535, 8)]
    public void TryRead_beyond_the_event_or_of_odd_size_is_false(int offset, int size) =>
        Assert.False(new TraceField("f", offset, size, false).TryRead(new byte[9], out _));

    [Fact]
    public void Parse_never_throws() => Fuzz.NeverThrows(
        bytes =>
        {
            var format = TraceEventFormat.Parse(bytes);
            _ = format.SymbolsOf("exit_reason", 1)?.NameOf(3);
        },
        System.Text.Encoding.UTF8.GetString(File.ReadAllBytes(TestHost.FixturePath("tracing/6.18/kvm_exit.format"))),
        "print fmt: \"\", __print_symbolic(REC->a & (((((((((((((1, {-----------------------------------------1,\"x\"}, {((((((((((((((((((1))))");
}
