using KvmTop.Actions;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Tests.Collectors;

namespace KvmTop.Tests.Actions;

public sealed class PinPlannerTests
{
    private const ulong GiB = 1 << 30;

    [Theory]
    [InlineData(3, "0 1 2")]
    [InlineData(6, "0 1 2 3 4 5")]
    public void Spread_takes_a_core_for_each_vcpu_and_second_threads_last(int vcpus, string expected) =>
        Assert.Equal(expected, Text(Place(Host(1, 4, 2), PinMode.Spread, Wish(vcpus))));

    [Fact]
    public void Spread_goes_to_the_node_of_the_memory() =>
        Assert.Equal("2 3", Text(Place(Host(2, 2, 1), PinMode.Spread, Wish(2, (0, GiB / 10), (1, GiB)))));

    [Fact]
    public void Spread_second_thread_of_the_near_node_comes_before_a_core_of_the_far_one() =>
        Assert.Equal("2 3 6", Text(Place(Host(2, 2, 2), PinMode.Spread, Wish(3, (1, GiB)))));

    [Fact]
    public void Spread_memory_on_two_nodes_shares_the_vcpus_out_in_proportion() =>
        Assert.Equal("0 4 5 6", Text(Place(Host(2, 4, 1), PinMode.Spread, Wish(4, (0, GiB), (1, 3 * GiB)))));

    [Fact]
    public void Spread_keeps_off_cpus_of_others() =>
        Assert.Equal("1 3", Text(Place(Host(1, 4, 1, 0, 2), PinMode.Spread, Wish(2))));

    [Fact]
    public void Spread_own_core_is_shared_rather_than_that_of_another() =>
        Assert.Equal("1 3", Text(Place(Host(1, 2, 2, 2), PinMode.Spread, Wish(2))));

    [Fact]
    public void Spread_near_node_taken_goes_to_the_other_node() =>
        Assert.Equal("2 3", Text(Place(Host(2, 2, 1, 0, 1), PinMode.Spread, Wish(2, (0, GiB)))));

    [Fact]
    public void Spread_node_asked_for_is_shared_rather_than_left() =>
        Assert.Equal("0 1", Text(new PinPlanner(Host(2, 2, 1, 0, 1), PinMode.Spread, 0).Place([Wish(2, (1, GiB))])[0]));

    [Fact]
    public void Spread_more_vcpus_than_cpus_shares_evenly() =>
        Assert.Equal("0 1 2 3 0 1", Text(Place(Host(2, 2, 1), PinMode.Spread, Wish(6, (0, GiB)))));

    [Fact]
    public void Spread_several_vms_never_overlap()
    {
        var places = new PinPlanner(Host(2, 4, 1), PinMode.Spread, null).Place([Wish(2, (0, GiB)), Wish(3, (0, GiB)), Wish(3, (1, GiB))]);

        Assert.Equal(["3 7", "0 1 2", "4 5 6"], places.Select(Text));
    }

    [Fact]
    public void Spread_only_cpus_that_the_limit_has() =>
        Assert.Equal("1 3", Text(Place(Host(1, 4, 1), PinMode.Spread, Wish(2) with { Limit = CpuSet.Of([1, 3]) })));

    [Fact]
    public void Compact_fills_core_by_core() =>
        Assert.Equal("0 4 1", Text(Place(Host(1, 4, 2), PinMode.Compact, Wish(3))));

    [Fact]
    public void Compact_takes_the_cache_that_all_just_fit_into()
    {
        var host = Host(1, 8, 1, 4, 5) with { Caches = [CpuSet.Of([0, 1, 2, 3]), CpuSet.Of([4, 5, 6, 7])] };

        Assert.Equal("6 7", Text(Place(host, PinMode.Compact, Wish(2))));
    }

    [Fact]
    public void Compact_memory_not_known_takes_the_node_that_all_just_fit_into() =>
        Assert.Equal("2 3", Text(Place(Host(2, 4, 1, 0, 1), PinMode.Compact, Wish(2))));

    [Fact]
    public void Node_gives_all_of_it_that_nobody_owns()
    {
        var place = Place(Host(2, 4, 1, 5), PinMode.Node, Wish(2, (1, GiB)));

        Assert.Equal(("4,6-7 4,6-7", "4,6-7"), (Text(place), place.Others.ToString()));
    }

    [Fact]
    public void Node_vm_larger_than_the_node_gets_the_next_one_too() =>
        Assert.Equal("0-3", Place(Host(2, 2, 1), PinMode.Node, Wish(3, (1, GiB))).Vcpus[0].ToString());

    [Fact]
    public void Others_are_what_is_left_of_the_node_after_all_vms_are_placed()
    {
        var places = new PinPlanner(Host(2, 4, 1, 3), PinMode.Spread, null).Place([Wish(1, (0, GiB)), Wish(1, (0, GiB))]);

        Assert.All(places, p => Assert.Equal(("2", false), (p.Others.ToString(), p.OthersShare)));
    }

    [Fact]
    public void Others_nothing_left_share_with_their_own_vcpus_and_say_so()
    {
        var place = Place(Host(2, 2, 1, 0), PinMode.Spread, Wish(1, (0, GiB)));

        Assert.Equal(("1", true), (place.Others.ToString(), place.OthersShare));
    }

    [Fact]
    public void Others_vcpus_that_stay_keep_their_cpus()
    {
        var wish = Wish(2, (0, GiB)) with { Fixed = new Dictionary<int, CpuSet> { [0] = CpuSet.Of([0]), [1] = CpuSet.Of([1]) } };
        var place = Place(Host(2, 4, 1), PinMode.Spread, wish);

        Assert.Equal(("0 1", "2-3"), (Text(place), place.Others.ToString()));
    }

    private static PinPlace Place(PinHost host, PinMode mode, PinWish wish) => new PinPlanner(host, mode, null).Place([wish])[0];

    private static string Text(PinPlace place) => string.Join(' ', place.Vcpus.OrderBy(v => v.Key).Select(v => v.Value.ToString()));

    private static PinWish Wish(int vcpus, params (int Node, ulong Bytes)[] memory) =>
        new([.. Enumerable.Range(0, vcpus)], CpuSet.Of(Enumerable.Range(0, 64)), memory.Length == 0 ? null : [.. memory.Select(m => new NodeBytes(m.Node, m.Bytes))]);

    private static PinHost Host(int nodes, int cores, int threads, params int[] owned)
    {
        var files = new FakeHost();
        foreach (var (path, text) in PinStage.TopologyFiles(nodes, cores, threads))
            files.Write(path, text);
        var topology = CpuTopology.Read(files);
        var claims = new CpuClaims();
        foreach (var cpu in owned)
            claims.Add(CpuSet.Of([cpu]), 1);
        return new PinHost(
            topology,
            [.. topology.Nodes.Select(n => n.Cpus)],
            owned.ToDictionary(c => c, _ => (IReadOnlyList<string>)["other"]),
            claims);
    }
}
