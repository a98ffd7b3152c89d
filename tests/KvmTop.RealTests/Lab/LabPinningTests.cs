using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Lab;

/// <summary>Pinning on a host of two nodes: CPUs 0 and 1 are node 0, 2 and 3 node 1.</summary>
[Collection(nameof(LabRun))]
public sealed class LabPinningTests(LabRun boot)
{
    private const string Anywhere = "0-3";

    [Fact]
    public void Plan_puts_vcpus_on_the_node_of_their_memory_and_undo_puts_them_back()
    {
        var lab = boot.Part("pinning");
        Assert.All(Threads(lab, "before"), t => Assert.Equal(Anywhere, t.Cpus));
        Assert.Equal(("0", ""), (lab.Tried("plan").Code, lab.Tried("plan").Errors));
        Assert.Equal(["2", "3"], Vcpus(lab, "planned").Order());
        Assert.Equal(("0", ""), (lab.Tried("undo").Code, lab.Tried("undo").Errors));
        Assert.All(Threads(lab, "undone"), t => Assert.Equal(Anywhere, t.Cpus));
    }

    [Fact]
    public void By_hand_away_from_the_memory_is_done_and_said_and_unpin_frees_all()
    {
        var lab = boot.Part("pinning");
        Assert.Equal(["0-1", "0-1"], Vcpus(lab, "node0"));
        Assert.Contains("of its memory is on other nodes", lab.Tried("node").Out, StringComparison.Ordinal);
        Assert.All(Threads(lab, "unpinned"), t => Assert.Equal(Anywhere, t.Cpus));
    }

    [Fact]
    public void Cpu_that_is_offline_is_refused_and_named()
    {
        var (code, said, _) = boot.Part("pinning").Tried("offline");
        Assert.Equal("4", code);
        var obstacle = JsonDocument.Parse(said).RootElement.GetProperty("obstacles")[0];
        Assert.Equal(("CPU 3 is offline; 0-2 are online", "echo 1 > /sys/devices/system/cpu/cpu3/online"), (obstacle.Text("reason"), obstacle.Text("remedy")));
    }

    [Fact]
    public void Two_vms_placed_together_share_no_cpu_and_one_of_them_the_far_node()
    {
        var lab = boot.Part("pinning");
        var (one, two) = (Vcpus(lab, "both.one"), Vcpus(lab, "both.two"));
        Assert.Equal(["0", "1", "2", "3"], one.Concat(two).Order());
        Assert.Contains("go to another node than 1", lab.Tried("both").Out, StringComparison.Ordinal);
    }

    private static List<(string Name, string Cpus)> Threads(LabPart lab, string file) =>
        [.. lab.Text(file).Split('\n').Select(l => (l[..l.LastIndexOf(": ", StringComparison.Ordinal)], l[(l.LastIndexOf(": ", StringComparison.Ordinal) + 2)..]))];

    private static List<string> Vcpus(LabPart lab, string file) => [.. Threads(lab, file).Where(t => t.Name.StartsWith("CPU ", StringComparison.Ordinal)).Select(t => t.Cpus)];
}
