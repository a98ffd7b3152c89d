using System.Runtime.InteropServices;
using System.Text;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Tests.Vmm.Libvirt;

public sealed class LibvirtStatsTests
{
    private static readonly LibvirtDomain s_active = new() { Name = "web", Uuid = Guid.Empty, Id = 3 };

    [Fact]
    public void TypedParameter_has_libvirts_size() => Assert.Equal(96, Marshal.SizeOf<TypedParameter>());

    [Theory]
    [InlineData(1, 0, LibvirtState.Running, null)]
    [InlineData(1, 1, LibvirtState.Running, "booted")]
    [InlineData(3, 5, LibvirtState.Paused, "I/O error")]
    [InlineData(5, 1, LibvirtState.Off, "shutdown")]
    [InlineData(6, 1, LibvirtState.Crashed, "panicked")]
    [InlineData(3, 9999, LibvirtState.Paused, null)]
    [InlineData(77, 1, LibvirtState.Unknown, null)]
    public void Read_state_and_reason_are_words(int state, int reason, LibvirtState expected, string? word)
    {
        var domain = LibvirtStats.Read(s_active, [Int("state.state", state), Int("state.reason", reason)]);
        Assert.Equal((expected, word), (domain.State, domain.StateReason));
    }

    [Fact]
    public void Read_balloon_is_kib_made_bytes()
    {
        var domain = LibvirtStats.Read(s_active, [Count("balloon.current", 512), Count("balloon.maximum", 1024), Count("balloon.usable", 100)]);
        Assert.Equal((512UL << 10, 1024UL << 10, 100UL << 10), (domain.BalloonBytes, domain.MemoryBytes, domain.UsableBytes));
    }

    [Fact]
    public void Read_balloon_of_a_domain_that_is_off_is_missing()
    {
        var domain = LibvirtStats.Read(s_active with { Id = null }, [Count("balloon.current", 512), Count("balloon.maximum", 1024)]);
        Assert.Null(domain.BalloonBytes);
        Assert.Equal(1024UL << 10, domain.MemoryBytes);
    }

    [Fact]
    public void Read_balloon_beyond_all_memory_is_missing() => Assert.Null(LibvirtStats.Read(s_active, [Count("balloon.current", ulong.MaxValue)]).BalloonBytes);

    [Fact]
    public unsafe void Read_disks_have_their_counters_by_number()
    {
        fixed (byte* name = "vdb\0"u8, path = "/x/\u001b[31mroot.img\0"u8)
        {
            var domain = LibvirtStats.Read(s_active,
            [
                Count("block.count", 2), TypedParameter.Of("block.1.name"u8, TypedParameter.String, (ulong)name), TypedParameter.Of("block.1.path"u8, TypedParameter.String, (ulong)path),
                Count("block.1.rd.reqs", 7), Count("block.1.rd.bytes", 4096), Count("block.1.wr.times", 99), Count("block.1.capacity", 1 << 20), Count("block.0.fl.reqs", 5),
            ]);
            Assert.Equal(2, domain.Disks.Count);
            Assert.Equal(("vdb", 7UL, 4096UL, 99UL, null), (domain.Disks[1].Device, domain.Disks[1].Reads, domain.Disks[1].ReadBytes, domain.Disks[1].WriteNs, domain.Disks[1].Writes));
            Assert.Equal(5UL, domain.Disks[0].Flushes);
            Assert.Equal(("/x/·[31mroot.img", 1UL << 20), (domain.DiskInfos[1].Image, domain.DiskInfos[1].SizeBytes));
        }
    }

    [Fact]
    public unsafe void Read_interfaces_have_their_counters_by_device()
    {
        fixed (byte* first = "vnet7\0"u8, second = "vnet\u001b9\0"u8)
        {
            var domain = LibvirtStats.Read(s_active,
            [
                Count("net.count", 3), TypedParameter.Of("net.2.name"u8, TypedParameter.String, (ulong)second), TypedParameter.Of("net.0.name"u8, TypedParameter.String, (ulong)first),
                Count("net.0.rx.bytes", 1), Count("net.0.rx.pkts", 2), Count("net.0.rx.errs", 3), Count("net.0.rx.drop", 4), Count("net.0.tx.bytes", 5), Count("net.0.tx.pkts", 6),
                Count("net.0.tx.errs", 7), Count("net.0.tx.drop", 8), Count("net.1.rx.bytes", 9), Count("net.99999.rx.bytes", 9), Count("net.", 1), Count("net.5", 1),
            ]);
            Assert.Equal([new LibvirtNic(0, "vnet7", new NetDevCounters(1, 2, 3, 4, 5, 6, 7, 8)), new LibvirtNic(2, "vnet·9", default)], domain.Nics);
        }
    }

    [Theory]
    [InlineData("block.")]
    [InlineData("block.5")]
    [InlineData("block.5.")]
    [InlineData("block.99999999999999999999.rd.reqs")]
    [InlineData("block.4294967295.rd.reqs")]
    [InlineData("block.100000.rd.reqs")]
    [InlineData("block.-1.rd.reqs")]
    public void Read_disk_number_that_cannot_be_is_passed_over(string name) => Assert.Empty(LibvirtStats.Read(s_active, [Count(name, 1)]).Disks);

    [Fact]
    public void Read_negative_and_unknown_types_are_missing()
    {
        var domain = LibvirtStats.Read(s_active,
        [
            TypedParameter.Of("balloon.current"u8, TypedParameter.Long, unchecked((ulong)-5)), TypedParameter.Of("balloon.maximum"u8, 99, 5), TypedParameter.Of("state.state"u8, TypedParameter.String, 0),
        ]);
        Assert.Equal((null, null, LibvirtState.Unknown), (domain.BalloonBytes, domain.MemoryBytes, domain.State));
    }

    [Fact]
    public unsafe void Text_without_an_end_is_bounded()
    {
        var endless = new byte[8192];
        endless.AsSpan().Fill((byte)'a');
        fixed (byte* p = endless)
            Assert.Equal(64, TypedParameter.Of("block.0.name"u8, TypedParameter.String, (ulong)p).Text(64)!.Length);
    }

    [Fact]
    public void Name_that_fills_its_field_has_no_nul()
    {
        var name = new string('x', 80);
        Assert.Equal(80, Count(name, 1).Name.Length);
    }

    private static TypedParameter Int(string name, int value) => TypedParameter.Of(Encoding.ASCII.GetBytes(name), TypedParameter.Int, (uint)value);

    private static TypedParameter Count(string name, ulong value) => TypedParameter.Of(Encoding.ASCII.GetBytes(name), TypedParameter.UnsignedLong, value);
}
