using KvmTop.Collectors;

namespace KvmTop.Tests.Collectors;

/// <summary>What is read back of a parameter is seldom the word that it was set to: "force" that showed as Y was "set to something else".</summary>
public sealed class ParameterWordsTests
{
    [Theory]
    [InlineData("nx_huge_pages", "Y", "force")]
    [InlineData("nx_huge_pages", "N", "off")]
    [InlineData("nx_huge_pages", "N", "0")]
    [InlineData("nx_huge_pages", "Y", "auto")]
    [InlineData("nx_huge_pages", "N", "auto")]
    [InlineData("nx_huge_pages", "never", "never")]
    [InlineData("vmentry_l1d_flush", "not required", "always")]
    [InlineData("vmentry_l1d_flush", "???", "cond")]
    [InlineData("vmentry_l1d_flush", "EPT disabled", "cond")]
    [InlineData("vmentry_l1d_flush", "cond", "auto")]
    [InlineData("nested", "Y", "1")]
    [InlineData("nested", "1", "Y")]
    [InlineData("nested", "Y", "on")]
    [InlineData("nested", "N", "No")]
    [InlineData("nested", "Y", "true")]
    [InlineData("nested", "0", "off")]
    [InlineData("halt_poll_ns", "200000", "0x30d40")]
    [InlineData("halt_poll_ns", "200000", "0X30D40")]
    [InlineData("ple_window", "8", "010")]
    [InlineData("ple_window_max", "4294967295", "-1")]
    [InlineData("ple_window_max", "18446744073709551615", "-1")]
    [InlineData("lapic_timer_advance_ns", "-1", "-1")]
    [InlineData("tsc_tolerance_ppm", "250", "+250")]
    [InlineData("ids", "1,2,3", "0x1,2,03")]
    [InlineData("name", "(null)", "")]
    [InlineData("name", "x y", "\"x y\"")]
    public void What_comes_of_a_word_is_no_difference(string name, string read, string set)
    {
        Assert.True(ParameterWords.ReadsBack(name, read, set));
        Assert.False(Entry(name, read, set).Differs);
    }

    [Theory]
    [InlineData("nx_huge_pages", "N", "force")]
    [InlineData("nx_huge_pages", "Y", "off")]
    [InlineData("nx_huge_pages", "Y", "never")]
    [InlineData("vmentry_l1d_flush", "never", "cond")]
    [InlineData("nested", "N", "1")]
    [InlineData("nested", "1", "2")]
    [InlineData("nested", "Y", "banana")]
    [InlineData("halt_poll_ns", "200000", "0")]
    [InlineData("halt_poll_ns", "10", "010")]
    [InlineData("ple_window_max", "4294967295", "-2")]
    [InlineData("ids", "1,2", "1,2,3")]
    [InlineData("tap", "1", "01,1")]
    public void Another_value_is_a_difference(string name, string read, string set) => Assert.True(Entry(name, read, set).Differs);

    [Theory]
    [InlineData("1", "on", true)]
    [InlineData("Y", "yes", true)]
    [InlineData("0x10", "16", true)]
    [InlineData("auto", "Y", false)]
    [InlineData("force", "off", false)]
    [InlineData("1", "2", false)]
    public void Two_settings_contradict_each_other_by_what_they_mean(string one, string other, bool same) =>
        Assert.Equal(!same, new ParameterEntry("p", "Y", null, ParameterChange.Now, null, null, null, [new("a:1", one), new("b:2", other)]).IsContradicted);

    [Fact]
    public void Parameter_that_may_only_be_written_differs_from_nothing() => Assert.False(new ParameterEntry("p", null, "Permission denied", ParameterChange.Now, null, null, null, [new("a:1", "1")]).Differs);

    private static ParameterEntry Entry(string name, string read, string set) => new(name, read, null, ParameterChange.Now, null, null, null, [new("kernel command line", set)]);
}
