using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Tests.Collectors;

/// <summary>The map of who may run where, as text.</summary>
public sealed class CpuMapTests
{
    private static readonly CpuTopology s_two = Topology(16, cpu => cpu / 8);

    [Fact]
    public void Draw_marks_where_each_may_run_and_ran()
    {
        var map = CpuMap.Draw(s_two, [CpuMapRow.Of("web/0", Set("0-15"), 9), CpuMapRow.Of("db/0", Set("2"), 2), CpuMapRow.Of("db/1", Set("4-5"), 5), CpuMapRow.Of("late/0", Set("6"), 7)], new(30, true));
        Assert.Equal(
            [
                "       node 0    node 1",
                "                   111111",
                "       01234567  89012345",
                "pinned   1 111",
                "web/0  ········  ·●······  any",
                "db/0     ●                 2",
                "db/1       ■●              4-5",
                "late/0       ■!            6",
                "· may run  ■ pinned  × too many pinned  ● ran last  ! ran where it may not",
            ],
            map.ToText());
    }

    [Fact]
    public void Draw_more_pinned_than_there_are_cpus_stands_out()
    {
        var map = CpuMap.Draw(s_two, [new("ci", Set("2-3"), Set("2"), 4), CpuMapRow.Of("fine/0", Set("4"), -1)], new(30, true));
        Assert.Equal(["CPUs 2-3: 2 pinned vCPUs for each"], map.Problems);
        var ci = map.Lines.Single(l => l.Label == "ci");
        Assert.Equal("  ●×", ci.Cells);
        Assert.Equal([CpuMapInk.RunningCrowded, CpuMapInk.Crowded], ci.Inks[2..4]);
        Assert.Equal("  221", map.Lines.Single(l => l.Label == "pinned").Cells);
        Assert.Equal(CpuMapInk.Pinned, map.Lines.Single(l => l.Label == "fine/0").Inks[4]);
    }

    [Fact]
    public void Draw_two_vcpus_on_two_cpus_crowd_nobody() =>
        Assert.Empty(CpuMap.Draw(s_two, [CpuMapRow.Of("a", Set("2-3"), 2), CpuMapRow.Of("b", Set("2-3"), 3)], new(30, true)).Problems);

    [Fact]
    public void Draw_thirds_add_up_to_a_whole_without_crowding() =>
        Assert.Empty(CpuMap.Draw(s_two, [.. Enumerable.Range(0, 3).Select(i => CpuMapRow.Of("v" + i, Set("1-3"), -1))], new(30, true)).Problems);

    [Fact]
    public void Draw_vcpus_of_a_whole_node_float_and_crowd_nobody()
    {
        var map = CpuMap.Draw(s_two, [new("big", Set("0-7"), CpuSet.Empty, 30)], new(30, true));
        Assert.Empty(map.Problems);
        Assert.Equal("········", map.Lines[^1].Cells);
    }

    [Fact]
    public void Draw_unknown_affinity_shows_only_where_it_ran()
    {
        var line = CpuMap.Draw(s_two, [CpuMapRow.Of("a", null, 3)], new(30, true)).Lines[^1];
        Assert.Equal(("   ●", "not known"), (line.Cells, line.Note));
    }

    [Fact]
    public void Draw_cpus_offline_are_no_reason_to_crowd()
    {
        var map = CpuMap.Draw(s_two, [CpuMapRow.Of("a", Set("3,100"), -1)], new(30, true));
        Assert.Equal(1, map.Claims.Of(3));
        Assert.False(map.Claims.Has(100));
    }

    [Fact]
    public void Draw_ascii_is_ascii() =>
        Assert.All(CpuMap.Draw(s_two, [CpuMapRow.Of("a", Set("0-15"), 1), new("b", Set("2"), Set("4"), 3)], new(60, false) { Isolated = Set("2") }).ToText(), l => Assert.All(l, c => Assert.InRange(c, ' ', '~')));

    [Fact]
    public void Draw_isolated_cpus_are_marked_above_them()
    {
        var map = CpuMap.Draw(s_two, [CpuMapRow.Of("a", Set("0-15"), 1)], new(30, true) { Isolated = Set("2,9") });
        Assert.Equal("  i        i", map.Lines[3].Cells);
        Assert.Equal(4, map.HeadingRows);
    }

    [Fact]
    public void Draw_by_core_puts_threads_side_by_side()
    {
        var topology = Topology(8, _ => 0, cpu => cpu % 4);
        Assert.Equal("04152637", CpuMap.Draw(topology, [CpuMapRow.Of("a", Set("0"), 0)], new(20, true) { ByCore = true }).Lines[1].Cells);
    }

    [Theory]
    [InlineData(200, 3)]
    [InlineData(50, 2)]
    [InlineData(30, 1)]
    public void Draw_takes_the_widest_cells_that_fit(int width, int cell)
    {
        var map = CpuMap.Draw(s_two, [CpuMapRow.Of("a", Set("0-15"), 1)], new(width, true));
        Assert.Equal(cell, Assert.Single(map.Bands).CellWidth);
        Assert.All(map.Lines, l => Assert.InRange(map.LabelWidth + l.Cells.Length, 0, width));
    }

    [Fact]
    public void Draw_cpus_that_do_not_fit_go_into_bands_of_whole_nodes()
    {
        var map = CpuMap.Draw(Topology(128, cpu => cpu / 32), [CpuMapRow.Of("floats", Set("0-127"), 3), CpuMapRow.Of("tight", Set("64"), 64)], new(80, true));
        Assert.Equal([0, 64], map.Bands.Select(b => b.Cpus[0].Cpu));
        Assert.Equal(2, map.Lines.Count(l => l.Label == "floats"));
        Assert.Equal(1, map.Lines.Count(l => l.Label == "tight"));
        Assert.All(map.Lines, l => Assert.InRange(map.LabelWidth + l.Cells.Length, 0, 80));
    }

    [Fact]
    public void Draw_node_wider_than_the_screen_is_broken()
    {
        var map = CpuMap.Draw(Topology(300, _ => 0), [CpuMapRow.Of("a", Set("299"), 0)], new(80, true));
        Assert.Equal(300, map.Bands.Sum(b => b.Cpus.Count));
        Assert.All(map.Lines, l => Assert.InRange(map.LabelWidth + l.Cells.Length, 0, 80));
        Assert.Equal(3, map.Bands[^1].NumberHeading().Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9)]
    public void Draw_hardly_any_room_does_not_throw(int width) => Assert.NotEmpty(CpuMap.Draw(s_two, [CpuMapRow.Of(new string('x', 300), Set("0-15"), 1)], new(width, true)).ToText());

    [Fact]
    public void Compare_shows_what_comes_and_goes_and_leaves_out_what_stays()
    {
        CpuMapRow[] before = [CpuMapRow.Of("db/0", Set("0-3"), 1), CpuMapRow.Of("web/0", Set("0-15"), 2)];
        CpuMapRow[] after = [CpuMapRow.Of("db/0", Set("2-5"), 1), CpuMapRow.Of("web/0", Set("0-15"), 2)];
        var map = CpuMap.Compare(s_two, before, after, new(60, true));
        Assert.Equal(" -  -  ■  ■  +  +", map.Lines.Single(l => l.Label == "db/0").Cells);
        Assert.Equal("0-3 → 2-5", map.Lines.Single(l => l.Label == "db/0").Note);
        Assert.DoesNotContain(map.Lines, l => l.Label == "web/0");
    }

    [Fact]
    public void Compare_warns_of_what_the_change_will_crowd()
    {
        CpuMapRow[] before = [CpuMapRow.Of("a", Set("0"), 0), CpuMapRow.Of("b", Set("1"), 1)];
        Assert.Equal(["CPU 0: 2 pinned vCPUs for one"], CpuMap.Compare(s_two, before, [before[0], CpuMapRow.Of("b", Set("0"), 1)], new(60, true)).Problems);
    }

    private static CpuSet Set(string list) => CpuSet.TryParse(list, out var set) ? set : throw new ArgumentException(list);

    private static CpuTopology Topology(int cpus, Func<int, int> nodeOf, Func<int, int>? coreOf = null)
    {
        var host = new FakeHost();
        host.Write("/sys/devices/system/cpu/online", $"0-{cpus - 1}\n");
        for (var cpu = 0; cpu < cpus; cpu++)
        {
            host.Write($"/sys/devices/system/cpu/cpu{cpu}/topology/core_id", $"{coreOf?.Invoke(cpu) ?? cpu}\n");
        }

        var nodes = Enumerable.Range(0, cpus).GroupBy(nodeOf).ToList();
        host.Write("/sys/devices/system/node/online", $"0-{nodes.Count - 1}\n");
        foreach (var node in nodes)
        {
            host.Write($"/sys/devices/system/node/node{node.Key}/cpulist", string.Join(',', node) + "\n");
        }

        return CpuTopology.Read(host);
    }
}
