using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

public sealed class KvmStatsLayoutTests
{
    private readonly List<KvmStatsLayout> _known = [];

    private static StatsBlob Usual => new StatsBlob()
        .Add("exits", 228)
        .Add("halt_poll_fail_ns", 5_000, StatsBlob.Seconds, -9)
        .Add("halt_wait_hist", [1, 2, 3, 4], StatsBlob.LogHistogram | StatsBlob.Seconds, -9)
        .Add("guest_mode", 1, StatsBlob.Instant | StatsBlob.Boolean)
        .Add("highest", 7, StatsBlob.Peak | StatsBlob.Bytes | StatsBlob.Base2, 10);

    [Fact]
    public void Read_finds_each_counter_where_the_descriptor_says()
    {
        var layout = Read(Usual.Build())!;
        Assert.Equal(["exits", "halt_poll_fail_ns", "halt_wait_hist", "guest_mode", "highest"], layout.Counters.Counters.Select(c => c.Name));
        Assert.Equal([0, 1, 2, 6, 7], layout.Counters.Counters.Select(c => c.Index));
        Assert.Equal(8, layout.Counters.Words);
        var values = new byte[8 * 8];
        Assert.Equal(values.Length, new StatsBlob.File(Usual.Build()).ReadAt(layout.DataOffset, values));
        Assert.Equal(228u, BitConverter.ToUInt64(values, layout.Counters.Exits!.Index * 8));
        Assert.Equal(7u, BitConverter.ToUInt64(values, layout.Counters.Find("highest")!.Index * 8));
    }

    [Fact]
    public void Read_knows_type_unit_and_scale()
    {
        var counters = Read(Usual.Build())!.Counters;
        Assert.Equal((KvmCounterType.Cumulative, KvmCounterUnit.None, 1.0, true), Facts(counters.Exits!));
        Assert.Equal((KvmCounterType.Cumulative, KvmCounterUnit.Seconds, 1e-9, true), Facts(counters.HaltPollFail!));
        Assert.Equal((KvmCounterType.LogHistogram, KvmCounterUnit.Seconds, 1e-9, false), Facts(counters.Find("halt_wait_hist")!));
        Assert.Equal((KvmCounterType.Instant, KvmCounterUnit.Boolean, 1.0, false), Facts(counters.Find("guest_mode")!));
        Assert.Equal((KvmCounterType.Peak, KvmCounterUnit.Bytes, 1024.0, false), Facts(counters.Find("highest")!));
        Assert.Null(counters.HaltPollSuccess);
    }

    [Fact]
    public void Read_unknown_type_and_unit_are_kept_and_have_no_rate()
    {
        var counter = Read(new StatsBlob().Add("strange", 1, 0xd | (0xe << 4)).Build())!.Counters.Find("strange")!;
        Assert.Equal((KvmCounterType.Unknown, KvmCounterUnit.Unknown), (counter.Type, counter.Unit));
        Assert.False(counter.HasRate);
    }

    [Fact]
    public void Read_same_descriptors_share_a_layout_and_others_do_not()
    {
        var first = Read(Usual.Build());
        Assert.Same(first, Read(new StatsBlob("kvm-99/vcpu-7").Add("exits", 1).Add("halt_poll_fail_ns", 2, StatsBlob.Seconds, -9)
            .Add("halt_wait_hist", [0, 0, 0, 0], StatsBlob.LogHistogram | StatsBlob.Seconds, -9).Add("guest_mode", 0, StatsBlob.Instant | StatsBlob.Boolean)
            .Add("highest", 0, StatsBlob.Peak | StatsBlob.Bytes | StatsBlob.Base2, 10).Build()));
        Assert.NotSame(first, Read(Usual.Add("more", 1).Build()));
        Assert.Equal(2, _known.Count);
    }

    [Theory]
    [InlineData(4, 0u)]
    [InlineData(4, 257u)]
    [InlineData(8, 0u)]
    [InlineData(8, 5000u)]
    [InlineData(8, uint.MaxValue)]
    [InlineData(12, uint.MaxValue)]
    [InlineData(16, 100_000_000u)]
    [InlineData(20, uint.MaxValue)]
    [InlineData(16, 3_000_000u)]
    public void Read_header_beyond_reason_is_refused_with_a_reason(int at, uint value)
    {
        var blob = Usual.Build();
        BitConverter.TryWriteBytes(blob.AsSpan(at), value);
        Assert.Null(KvmStatsLayout.Read(new StatsBlob.File(blob), _known, out _, out var reason));
        Assert.NotEmpty(reason);
        Assert.Empty(_known);
    }

    [Fact]
    public void Read_counter_out_of_bounds_is_left_out_and_the_others_stay()
    {
        var blob = Usual.Build();
        var descriptors = BitConverter.ToInt32(blob, 16);
        BitConverter.TryWriteBytes(blob.AsSpan(descriptors + 8), 0x7fff_fff8u);
        BitConverter.TryWriteBytes(blob.AsSpan(descriptors + 64 + 8), 3u);
        var counters = Read(blob)!.Counters;
        Assert.Equal(["halt_wait_hist", "guest_mode", "highest"], counters.Counters.Select(c => c.Name));
        Assert.Null(counters.Exits);
    }

    [Fact]
    public void Read_name_with_control_characters_is_cleaned() =>
        Assert.DoesNotContain('\u001b', Read(new StatsBlob().Add("\u001b[31mexits", 1).Build())!.Counters.Counters[0].Name);

    [Fact]
    public void Read_any_bytes_never_throw()
    {
        var seed = Usual.Build();
        var random = new Random(7);
        for (var i = 0; i < 3000; i++)
        {
            var blob = (byte[])seed.Clone();
            for (var n = random.Next(1, 8); n > 0; n--)
                blob[random.Next(i % 2 == 0 ? 24 : blob.Length)] = (byte)random.Next(256);
            _ = KvmStatsLayout.Read(new StatsBlob.File(blob[..random.Next(blob.Length + 1)]), [], out _, out _);
        }

        Fuzz.NeverThrows(bytes => KvmStatsLayout.Read(new StatsBlob.File(bytes), [], out _, out _));
    }

    [Theory]
    [InlineData("kvm-4721/vcpu-3", 4721, 3)]
    [InlineData("kvm-1/vcpu-0", 1, 0)]
    public void TryParseVcpu_takes_the_id_apart(string id, int tid, int vcpu)
    {
        Assert.True(KvmStatsLayout.TryParseVcpu(id, out var t, out var v));
        Assert.Equal((tid, vcpu), (t, v));
    }

    [Theory]
    [InlineData("kvm-4721")]
    [InlineData("")]
    [InlineData("kvm-/vcpu-1")]
    [InlineData("kvm-1/vcpu-")]
    [InlineData("kvm-99999999999/vcpu-1")]
    [InlineData("xen-1/vcpu-1")]
    public void TryParseVcpu_refuses_anything_else(string id) => Assert.False(KvmStatsLayout.TryParseVcpu(id, out _, out _));

    private static (KvmCounterType Type, KvmCounterUnit Unit, double Scale, bool HasRate) Facts(KvmCounter c) => (c.Type, c.Unit, Math.Round(c.Scale, 12), c.HasRate);

    private KvmStatsLayout? Read(byte[] blob) => KvmStatsLayout.Read(new StatsBlob.File(blob), _known, out _, out _);
}
