using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

public sealed class MemoryFilesTests
{
    private const ulong KiB = 1024;

    private static readonly HostRoot Host = TestHost.Captured("two-nodes");

    [Fact]
    public void SmapsRollup_captured_has_every_figure()
    {
        Assert.True(SmapsRollup.TryParse(Bytes.Captured("/proc/4711/smaps_rollup"), out var rollup));
        Assert.Equal(
            new SmapsRollup(102400 * KiB, 88012 * KiB, 61440 * KiB, 0, 0, 0, 2097152 * KiB, 2048 * KiB, 2048 * KiB, 16 * KiB, 400 * KiB), rollup);
        Assert.Equal((2097152 * KiB, 61440 * KiB), (rollup.Hugetlb, rollup.Transparent));
    }

    [Fact]
    public void SmapsRollup_of_an_older_kernel_does_not_know_what_it_does_not_say()
    {
        Assert.True(SmapsRollup.TryParse("Rss:   4 kB\nPss:   2 kB\nAnonHugePages: 0 kB\n"u8, out var rollup));
        Assert.Null(rollup.Hugetlb);
        Assert.Null(rollup.Ksm);
        Assert.Equal(0UL, rollup.Transparent);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Pss: 4 kB\n")]
    [InlineData("Rss: 99999999999999999999999 kB\n")]
    [InlineData("Rss: -1 kB\n")]
    public void SmapsRollup_without_a_size_is_refused(string text) => Assert.False(SmapsRollup.TryParse(Bytes.Of(text), out _));

    [Fact]
    public void NumaMaps_captured_sums_by_node_and_page_size()
    {
        var numa = Read(Bytes.Captured("/proc/4711/numa_maps"));
        Assert.Equal(
            [
                new NumaPlacement(0, 4096, false, 5000 * 4096),
                new NumaPlacement(0, 2 << 20, true, 256UL << 21),
                new NumaPlacement(1, 4096, false, 20600 * 4096),
                new NumaPlacement(1, 2 << 20, true, 768UL << 21),
            ],
            numa.Places.OrderBy(p => p.Node).ThenBy(p => p.PageBytes));
    }

    [Fact]
    public void NumaMaps_read_in_small_pieces_equals_the_whole()
    {
        var text = Bytes.Captured("/proc/4711/numa_maps");
        var whole = Read(text).Places.ToList();
        for (var piece = 1; piece < 90; piece++)
            Assert.Equal(whole, Read(text, piece).Places);
    }

    [Fact]
    public void NumaMaps_of_very_many_mappings_are_all_counted()
    {
        var text = Bytes.Of(string.Concat(Enumerable.Range(0, 60_000).Select(i => $"7f{i:x10} default anon=2 dirty=2 N{i % 2}=2 kernelpagesize_kB=4\n")));
        var numa = Read(text);
        Assert.Equal([(0, 60_000UL * 4096), (1, 60_000UL * 4096)], numa.Places.Select(p => (p.Node, p.Bytes)));
    }

    [Fact]
    public void NumaMaps_of_a_terabyte_in_gigabyte_pages_adds_up()
    {
        var numa = Read("7f0000000000 bind:0-1 file=/dev/hugepages1G/ram huge dirty=1024 N0=512 N1=512 kernelpagesize_kB=1048576\n"u8.ToArray());
        Assert.Equal(1UL << 40, numa.Places.Aggregate(0UL, (sum, p) => sum + p.Bytes));
        Assert.All(numa.Places, p => Assert.Equal((1UL << 30, true), (p.PageBytes, p.Hugetlb)));
    }

    [Fact]
    public void NumaMaps_line_beyond_the_window_is_left_out_and_the_next_counts()
    {
        var numa = Read(Bytes.Of($"7f0000000000 default file=/{new string('a', 200_000)} N0=7 kernelpagesize_kB=4\n7f0000001000 default anon=1 N1=1 kernelpagesize_kB=4\n"));
        Assert.Equal(new NumaPlacement(1, 4096, false, 4096), Assert.Single(numa.Places));
    }

    [Theory]
    [InlineData("N0=5 kernelpagesize_kB=4")]
    [InlineData("zzzz default N0=5 kernelpagesize_kB=4")]
    [InlineData("7f0000000000 default N0=-5 kernelpagesize_kB=4")]
    [InlineData("7f0000000000 default N99999=5 kernelpagesize_kB=4")]
    [InlineData("7f0000000000 default N0=99999999999999999 kernelpagesize_kB=4")]
    [InlineData("7f0000000000 default N0 N1= N=3")]
    public void NumaMaps_garbage_counts_nothing(string line) => Assert.Empty(Read(Bytes.Of(line + "\n")).Places);

    [Fact]
    public void NumaMaps_error_midway_forgets_what_was_read()
    {
        var numa = new NumaMaps();
        Assert.Equal(Errno.ESRCH, numa.Read(new Pieces(Bytes.Captured("/proc/4711/numa_maps"), 40, failAt: 200)));
        Assert.Empty(numa.Places);
        Assert.False(numa.HasMappings);
    }

    [Fact]
    public void KsmStat_captured() =>
        Assert.True(KsmStat.TryParse(Bytes.Captured("/proc/4711/ksm_stat"), out var ksm) && ksm == new KsmStat(100, 0, 396800));

    [Fact]
    public void KsmState_without_general_profit_follows_the_documented_formula()
    {
        var ksm = KsmState.Read(Host)!.Value;
        Assert.Null(ksm.GeneralProfit);
        Assert.Equal((9000 * 4096) - ((9000 + 1000 + 5000 + 1000) * 64), ksm.Profit);
    }

    [Fact]
    public void KsmState_takes_the_kernels_own_profit_even_below_zero()
    {
        using var host = new TestHost();
        host.Write("/sys/kernel/mm/ksm/run", "1\n").Write("/sys/kernel/mm/ksm/general_profit", "-640\n");
        Assert.Equal(-640, KsmState.Read(host.Root)!.Value.Profit);
    }

    [Fact]
    public void KsmState_kernel_without_it_is_null()
    {
        using var host = new TestHost();
        Assert.Null(KsmState.Read(host.Root));
        Assert.Null(TransparentHugepages.Read(host.Root));
    }

    [Fact]
    public void TransparentHugepages_are_the_words_in_brackets() =>
        Assert.Equal(new TransparentHugepages("madvise", "madvise", "never", 1, 4096, 10000, 21, 7), TransparentHugepages.Read(Host));

    [Theory]
    [InlineData("always", null)]
    [InlineData("[always] madvise never\n", "always")]
    [InlineData("][", null)]
    [InlineData("[]", null)]
    [InlineData("always [never", null)]
    public void ChosenWord_of_odd_lines(string text, string? word) => Assert.Equal(word, TransparentHugepages.ChosenWord(Bytes.Of(text)));

    [Fact]
    public void VmStat_captured()
    {
        Assert.True(VmStat.TryParse(Bytes.Captured("/proc/vmstat"), out var stat));
        Assert.Equal(new VmStat(120, 632, 44, 512, 3, 21, 2, 880, 600, 77, 1, 0), stat);
    }

    [Fact]
    public void MemorySettings_captured() => Assert.Equal(new MemorySettings(0, 50, 60, 0, 1), MemorySettings.Read(Host));

    [Fact]
    public void NodeMemory_captured()
    {
        const string folder = "/sys/devices/system/node/node1/";
        Assert.True(NodeMemory.TryParse(Bytes.Captured(folder + "meminfo"), Bytes.Captured(folder + "numastat"), out var node));
        Assert.Equal(new NodeMemory(8192000 * KiB, 3072000 * KiB, 2000000 * KiB, 524288 * KiB, 1024000 * KiB, 2500000, 1200, 0), node);
        Assert.Equal([21, 10], NodeMemory.Distances(Bytes.Captured(folder + "distance")));
    }

    [Fact]
    public void NodeMemory_without_numastat_has_no_misses() =>
        Assert.True(NodeMemory.TryParse("Node 0 MemTotal: 4 kB\n"u8, default, out var node) && node is { Total: 4096, Misses: null });

    [Fact]
    public void Parsers_stand_anything()
    {
        Fuzz.NeverThrows(b => _ = SmapsRollup.TryParse(b, out _), Text("/proc/4711/smaps_rollup"));
        Fuzz.NeverThrows(b => _ = KsmStat.TryParse(b, out _), Text("/proc/4711/ksm_stat"));
        Fuzz.NeverThrows(b => _ = VmStat.TryParse(b, out _), Text("/proc/vmstat"));
        Fuzz.NeverThrows(b => _ = NodeMemory.TryParse(b, b, out _), Text("/sys/devices/system/node/node0/meminfo"), Text("/sys/devices/system/node/node0/numastat"));
        Fuzz.NeverThrows(b => _ = NodeMemory.Distances(b), "10 20 30\n");
        Fuzz.NeverThrows(b => _ = TransparentHugepages.ChosenWord(b), "always [madvise] never\n");
    }

    [Fact]
    public void NumaMaps_stand_anything()
    {
        var numa = new NumaMaps();
        Fuzz.NeverThrows(
            b =>
            {
                _ = numa.Read(new Pieces(b, 100));
                Assert.All(numa.Places, p => Assert.InRange(p.Node, 0, 1023));
            },
            Text("/proc/4711/numa_maps"));
    }

    [Fact]
    public void Parsers_allocate_nothing()
    {
        var rollup = Bytes.Captured("/proc/4711/smaps_rollup");
        var vmstat = Bytes.Captured("/proc/vmstat");
        var meminfo = Bytes.Captured("/sys/devices/system/node/node0/meminfo");
        using var maps = new Pieces(Bytes.Captured("/proc/4711/numa_maps"), 4096);
        var numa = new NumaMaps();
        Fuzz.AllocatesNothing(() =>
        {
            _ = SmapsRollup.TryParse(rollup, out _);
            _ = VmStat.TryParse(vmstat, out _);
            _ = NodeMemory.TryParse(meminfo, default, out _);
            _ = numa.Read(maps);
        });
    }

    private static string Text(string path) => System.Text.Encoding.UTF8.GetString(Bytes.Captured(path));

    private static NumaMaps Read(byte[] text, int piece = 4096)
    {
        var numa = new NumaMaps();
        using var file = new Pieces(text, piece);
        Assert.Equal(Errno.None, numa.Read(file));
        return numa;
    }

    /// <summary>A file that gives no more than so much at a time, and fails from some place on.</summary>
    private sealed class Pieces(byte[] text, int piece, long failAt = long.MaxValue) : HostFile
    {
        public override int ReadAt(long offset, Span<byte> buffer)
        {
            if (offset >= failAt)
                return -(int)Errno.ESRCH;
            var n = (int)Math.Min(Math.Min(piece, buffer.Length), Math.Max(0, text.Length - offset));
            text.AsSpan((int)Math.Min(offset, text.Length), n).CopyTo(buffer);
            return n;
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
