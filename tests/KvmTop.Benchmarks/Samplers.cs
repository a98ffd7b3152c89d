using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Benchmarks;

/// <summary>
/// What is measured: a name, and a start that opens what is needed on the running host and gives back one tick. The one called
/// <c>all</c> reads everything that the floor program reads, and is what the script <c>run</c> compares with it.
/// </summary>
internal static class Samplers
{
    public static IReadOnlyList<(string Name, Func<Action> Start)> All { get; } =
    [
        ("all", () => Tick(VmsTopic.Instance, VcpuTimesTopic.Instance)),
        ("vms", () => Tick(VmsTopic.Instance)),
        ("kvm", () => Tick([VmsTopic.Instance], KvmStatsTopic.Instance)),
        ("placement", () => Tick(VmsTopic.Instance, VcpuPlacementTopic.Instance)),
        ("host", () => Tick(HostTopic.Instance)),
    ];

    /// <summary>One reading of each topic, in order, as the hub makes it: files, rates and the model that a pane would see.</summary>
    private static Action Tick(params Topic[] topics) => Tick([], topics);

    /// <summary>The same after topics that are read once and not measured: they find the VMs.</summary>
    private static Action Tick(Topic[] once, params Topic[] topics)
    {
        var context = new CollectorContext(new DirectoryHost(), new CollectorServices());
        foreach (var topic in once)
        {
            _ = topic.CreateReader(context).Read();
        }

        var readers = topics.Select(t => t.CreateReader(context)).ToArray();
        return () =>
        {
            foreach (var reader in readers)
            {
                if (reader.Read() is { Status: not ReadingStatus.Ok } state)
                {
                    throw new InvalidOperationException($"{state.Topic.Id}: {state.Reason}");
                }
            }
        };
    }
}
