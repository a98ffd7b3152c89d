using System.Globalization;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>CPUs as they are typed: a list as the kernel writes it, nodes by name, or both: "0-3,8", "node1", "node0,12", "all".</summary>
internal static class CpuWords
{
    /// <summary>What it says for a hint.</summary>
    public const string Hint = "a list as 0-3,8, or node1";

    private const string Node = "node";

    /// <summary>Reads them. Null with what is wrong: not understood, or CPUs that are not there, which are named.</summary>
    public static CpuSet? Parse(ActionContext context, string text, out Obstacle? problem)
    {
        var topology = context.Topology;
        problem = null;
        var cpus = new List<int>();
        foreach (var item in text.Split(','))
        {
            if (item == "all")
                cpus.AddRange(topology.Online);
            else if (item.StartsWith(Node, StringComparison.Ordinal))
            {
                if (NodeOf(topology, item[Node.Length..], out problem) is not { } node)
                    return null;
                cpus.AddRange(node);
            }
            else if (item.Length > 0 && CpuSet.TryParse(item, out var some))
                cpus.AddRange(some);
            else
            {
                problem = Obstacle.Mistake($"expected CPUs, {Hint}; found {HostileText.Clean(text, 60)}");
                return null;
            }
        }

        var set = CpuSet.Of(cpus);
        problem = set.IsSubsetOf(topology.Online) ? null : NotOnline(context, set);
        return problem is null ? set : null;
    }

    /// <summary>The CPUs of a node by its number as typed. Null with what is wrong.</summary>
    public static CpuSet? NodeOf(CpuTopology topology, string number, out Obstacle? problem)
    {
        problem = null;
        var found = int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? topology.Nodes.FirstOrDefault(i => i.Number == n) : null;
        if (found is null)
        {
            problem = Obstacle.Mistake($"there is no node {HostileText.Clean(number, 20)}; there are {CpuSet.Of(topology.Nodes.Select(i => i.Number))}");
            return null;
        }

        var cpus = found.Cpus.Intersect(topology.Online);
        if (cpus.Count > 0)
            return cpus;
        problem = Obstacle.Refused(string.Create(CultureInfo.InvariantCulture, $"node {n} has no CPU that is online"));
        return null;
    }

    private static Obstacle NotOnline(ActionContext context, CpuSet asked)
    {
        var missing = asked.Except(context.Topology.Online);
        var present = CpuSet.TryParse(context.Control.ReadText("/sys/devices/system/cpu/present", out var errno) ?? "", out var found) && errno == Errno.None ? found : context.Topology.Online;
        var (offline, absent) = (missing.Intersect(present), missing.Except(present));
        string[] reasons =
        [
            .. offline.Count == 0 ? Array.Empty<string>() : [$"{Cpus(offline)} offline"],
            .. absent.Count == 0 ? Array.Empty<string>() : [$"{Cpus(absent)} not there"],
        ];
        return Obstacle.Refused(
            $"{string.Join(" and ", reasons)}; {context.Topology.Online} are online",
            offline.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $"echo 1 > /sys/devices/system/cpu/cpu{offline.First}/online") : null);
    }

    private static string Cpus(CpuSet cpus) => cpus.Count == 1 ? $"CPU {cpus} is" : $"CPUs {cpus} are";
}
