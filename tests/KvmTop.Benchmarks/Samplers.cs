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
        ("kvm_read", () => Reading(VmsTopic.Instance, KvmStatsTopic.Instance)),
        ("kvm", () => Tick([VmsTopic.Instance], KvmStatsTopic.Instance)),
        ("placement", () => Tick(VmsTopic.Instance, VcpuPlacementTopic.Instance)),
        ("host", () => Tick(HostTopic.Instance)),
    ];

    /// <summary>The reading alone, without the rates that two of them make: what the floor program of KVM's statistics does. After a topic that is read once: it finds the VMs.</summary>
    private static Action Reading<TSample, TModel>(Topic once, Topic<TSample, TModel> topic)
        where TSample : class
        where TModel : class
    {
        var context = new CollectorContext(new DirectoryHost(), new CollectorServices());
        _ = once.CreateReader(context).Read();
        var collector = topic.CreateCollector(context);
        return () =>
        {
            if (collector.Collect() is { Status: not ReadingStatus.Ok } reading)
            {
                throw new InvalidOperationException($"{topic.Id}: {reading.Reason}");
            }
        };
    }

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
