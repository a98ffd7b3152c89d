using KvmTop.Linux;

namespace KvmTop.Tests.Linux;

public sealed class CpuSetTests
{
    [Theory]
    [InlineData("0-3,8\n", "0-3,8", 5)]
    [InlineData("8,0,1,2,3", "0-3,8", 5)]
    [InlineData("0-127", "0-127", 128)]
    [InlineData("63-64", "63-64", 2)]
    [InlineData("5-5", "5", 1)]
    [InlineData("\n", "", 0)]
    [InlineData("65535", "65535", 1)]
    public void TryParse_list_prints_canonically(string text, string canonical, int count)
    {
        Assert.True(CpuSet.TryParse(text, out var set));
        Assert.Equal((canonical, count), (set.ToString(), set.Count));
        Assert.Equal(count, set.Distinct().Count());
    }

    [Theory]
    [InlineData("(null)")]
    [InlineData("3-1")]
    [InlineData("0-65536")]
    [InlineData("1,")]
    [InlineData("-1")]
    [InlineData("0-")]
    [InlineData("0-4294967296")]
    public void TryParse_no_list_fails(string text) => Assert.False(CpuSet.TryParse(text, out _));

    [Theory]
    [InlineData("ff\n", "0-7")]
    [InlineData("00000003,ffffffff", "0-33")]
    [InlineData("1,00000000,00000001", "0,64")]
    [InlineData("0", "")]
    public void TryParseMask_groups_count_from_the_right(string text, string list)
    {
        Assert.True(CpuSet.TryParseMask(Bytes.Of(text), out var set));
        Assert.Equal(list, set.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("0x3")]
    [InlineData("3,")]
    [InlineData("g")]
    [InlineData("1ffffffff")]
    [InlineData("(null)")]
    public void TryParseMask_no_mask_fails(string text) => Assert.False(CpuSet.TryParseMask(Bytes.Of(text), out _));

    [Fact]
    public void TryParseMask_more_cpus_than_there_can_be_fails() => Assert.False(CpuSet.TryParseMask(Bytes.Of(string.Join(',', Enumerable.Repeat("ffffffff", 2049))), out _));

    [Fact]
    public void TryParseMask_hostile_text_does_not_throw() => Fuzz.NeverThrows(b => _ = CpuSet.TryParseMask(b, out _), "00000003,ffffffff\n");

    [Fact]
    public void Except_and_Intersect_of_sets_of_other_lengths()
    {
        Assert.True(CpuSet.TryParse("0-3,100", out var wide));
        Assert.True(CpuSet.TryParse("2-5", out var narrow));
        Assert.Equal(("0-1,100", "4-5"), (wide.Except(narrow).ToString(), narrow.Except(wide).ToString()));
        Assert.Equal(("2-3", "2-3"), (wide.Intersect(narrow).ToString(), narrow.Intersect(wide).ToString()));
        Assert.Equal(CpuSet.Empty, wide.Except(wide));
    }

    [Fact]
    public void Contains_only_the_members()
    {
        Assert.True(CpuSet.TryParse("1,64-66", out var set));
        Assert.Equal([1, 64, 65, 66], Enumerable.Range(-5, 70000).Where(set.Contains));
    }

    [Fact]
    public void Equals_same_members_in_other_words()
    {
        Assert.True(CpuSet.TryParse("0,1,2", out var a));
        Assert.Equal(a, CpuSet.Of([2, 1, 0, 70000, -4]));
        Assert.Equal(a.GetHashCode(), CpuSet.Of([0, 1, 2]).GetHashCode());
        Assert.NotEqual(a, CpuSet.Empty);
    }

    [Fact]
    public void IsSubsetOf_longer_set_is_false()
    {
        Assert.True(CpuSet.Of([1]).IsSubsetOf(CpuSet.Of([1, 100])));
        Assert.False(CpuSet.Of([1, 100]).IsSubsetOf(CpuSet.Of([1])));
    }

    [Fact]
    public void ToString_round_trips() => FsCheck.Fluent.Prop.ForAll<ushort[]>(FsCheck.Fluent.ArbMap.Default.ArbFor<ushort[]>(), numbers =>
    {
        var set = CpuSet.Of(numbers.Select(n => (int)n));
        return CpuSet.TryParse(set.ToString(), out var again) && again.Equals(set) && again.SequenceEqual(numbers.Select(n => (int)n).Distinct().Order());
    }).QuickCheckOrThrow();

    [Fact]
    public void TryParse_hostile_text_does_not_throw() => Fuzz.NeverThrows(b => _ = CpuSet.TryParse(b, out _), "0-3,8,10-20", "65535,0-65535");
}
