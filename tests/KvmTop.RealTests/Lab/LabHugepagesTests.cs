using System.Globalization;
using System.Text.Json;
using KvmTop.RealTests.Harness;

namespace KvmTop.RealTests.Lab;

/// <summary>Hugepages by node on a host of two: as many as asked, fewer than asked because the node has no more, and back.</summary>
[Collection(nameof(LabRun))]
public sealed class LabHugepagesTests(LabRun boot)
{
    private const int Asked = 800;

    [Fact]
    public void Pool_of_a_node_grows_on_that_node_only()
    {
        var lab = boot.Part("hugepages");
        Assert.Equal("0 0\n1 0", lab.Text("before"));
        Assert.Equal(("0", "done", "0 16\n1 0"), (lab.Text("given.code"), Plan(lab, "given").Text("result"), lab.Text("given.pools")));
    }

    [Fact]
    public void More_than_the_node_has_is_granted_in_part_and_told()
    {
        var lab = boot.Part("hugepages");
        var said = Plan(lab, "part");
        var granted = Granted(lab);
        Assert.InRange(granted, 1, Asked - 1);
        Assert.Equal(("0", "done"), (lab.Text("part.code"), said.Text("result")));
        Assert.Equal($"granted {granted} of {Asked}", said.GetProperty("effects")[0].Text("problem"));
        Assert.StartsWith("0 16\n", lab.Text("part.pools"), StringComparison.Ordinal);
    }

    [Fact]
    public void Pools_are_taken_back_one_after_the_other()
    {
        var lab = boot.Part("hugepages");
        Assert.Equal(("done", "0 16\n1 0"), (Plan(lab, "part.undo").Text("result"), lab.Text("part.undone")));
        Assert.Equal(("done", "0 0\n1 0"), (Plan(lab, "given.undo").Text("result"), lab.Text("given.undone")));
    }

    private static JsonElement Plan(LabPart lab, string name) => JsonDocument.Parse(lab.Text(name + ".out")).RootElement;

    private static int Granted(LabPart lab) => int.Parse(lab.Text("part.pools").Split('\n')[1].Split(' ')[1], CultureInfo.InvariantCulture);
}
