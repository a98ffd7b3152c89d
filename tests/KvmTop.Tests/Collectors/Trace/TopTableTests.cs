using KvmTop.Collectors;

namespace KvmTop.Tests.Collectors.Trace;

public sealed class TopTableTests
{
    [Fact]
    public void Top_of_few_keys_is_exact_and_ordered()
    {
        var table = new TopTable();
        for (ulong key = 1; key <= 10; key++)
        {
            for (ulong i = 0; i < key; i++)
            {
                table.Add(key, 100);
            }
        }

        Assert.Equal([new(10, 10, 0, 1000), new(9, 9, 0, 900)], table.Top(2));
        Assert.False(table.Overflowed);
    }

    [Fact]
    public void Top_among_a_million_other_keys_still_has_the_frequent_ones_in_bounded_memory()
    {
        var table = new TopTable();
        var random = new Random(3);
        for (var i = 0; i < 1_000_000; i++)
        {
            table.Add(i % 4 == 0 ? 42 : i % 10 == 1 ? 43 : (ulong)random.NextInt64(1000, long.MaxValue), 1);
        }

        var top = table.Top(2);
        Assert.Equal([42UL, 43UL], top.Select(t => t.Key));

        // The count is too high by no more than it says.
        Assert.InRange(250_000, top[0].Count - top[0].Error, top[0].Count);
        Assert.True(table.Overflowed);
        Assert.Equal(1_000_000, table.Total);
        Assert.Equal(TopTable.Capacity, table.Top(int.MaxValue).Count);
    }
}
