using KvmTop.Collectors;

namespace KvmTop.Tests.Collectors.Trace;

public sealed class LatencyHistogramTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(1000)]
    [InlineData(123_456_789)]
    [InlineData(98_765_432_100)]
    public void Percentile_of_one_value_is_within_two_percent(ulong value)
    {
        var histogram = new LatencyHistogram();
        histogram.Add(value);
        histogram.Add(value * 8); // so that the longest does not give it away
        Assert.InRange(histogram.Percentile(50), value * 0.98, value * 1.02);
    }

    [Fact]
    public void Percentile_of_a_known_distribution_is_within_two_percent_everywhere()
    {
        var histogram = new LatencyHistogram();
        var random = new Random(7);
        var values = Enumerable.Range(0, 100_000).Select(_ => (ulong)Math.Exp(3 + (random.NextDouble() * 18))).ToArray();
        foreach (var value in values)
        {
            histogram.Add(value);
        }

        Array.Sort(values);
        foreach (var percent in new[] { 1, 10, 50, 90, 99, 99.9 })
        {
            var exact = values[(int)Math.Ceiling(values.Length * percent / 100) - 1];
            Assert.InRange(histogram.Percentile(percent), exact * 0.98, exact * 1.02);
        }

        Assert.Equal(values[^1], histogram.MaxNanoseconds);
        Assert.Equal(values.Aggregate(0UL, (a, b) => a + b), histogram.SumNanoseconds);
        Assert.Equal(values[^1], histogram.Percentile(100));
    }

    [Fact]
    public void Percentile_without_values_is_missing() => Assert.True(double.IsNaN(new LatencyHistogram().Percentile(50)));

    [Fact]
    public void CountInDoubling_sorts_every_value_into_its_power_of_two()
    {
        var histogram = new LatencyHistogram();
        ulong[] values = [0, 1, 2, 3, 4, 31, 32, 63, 64, 1023, 1024, ulong.MaxValue];
        foreach (var value in values)
        {
            histogram.Add(value);
        }

        Assert.Equal((2, 2, 1, 1), (histogram.CountInDoubling(0), histogram.CountInDoubling(1), histogram.CountInDoubling(2), histogram.CountInDoubling(4)));
        Assert.Equal((2, 1, 1, 1), (histogram.CountInDoubling(5), histogram.CountInDoubling(6), histogram.CountInDoubling(9), histogram.CountInDoubling(10)));
        Assert.Equal(values.Length, Enumerable.Range(0, 64).Sum(histogram.CountInDoubling));
    }

    [Fact]
    public void Add_of_another_histogram_is_the_same_as_all_values_in_one()
    {
        var (a, b, both) = (new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram());
        for (ulong i = 1; i < 5000; i++)
        {
            (i % 3 == 0 ? a : b).Add(i * i);
            both.Add(i * i);
        }

        a.Add(b);
        Assert.Equal((both.Count, both.SumNanoseconds, both.MaxNanoseconds), (a.Count, a.SumNanoseconds, a.MaxNanoseconds));
        Assert.Equal(both.Percentile(37), a.Percentile(37));
    }
}
