using System.Globalization;
using KvmTop.Collectors;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>On which nodes the memory of a VM lies: what the snapshot knows, else <c>/proc/PID/numa_maps</c>, which can hang and is waited for no longer than a deadline.</summary>
internal static class MemoryNodes
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(1);

    /// <summary>Bytes by node. Null, and why, when it is not known; on a host with one node nothing is read.</summary>
    public static IReadOnlyList<NodeBytes>? Of(ActionContext context, VmInfo vm, out string? why)
    {
        why = null;
        if (context.Topology.Nodes.Count == 1)
            return [new(context.Topology.Nodes[0].Number, 1)];
        if (context.Snapshot.Get(VmMemoryTopic.Instance).Value?.Find(vm.Key, out _)?.Nodes is { } known)
            return known;

        var files = context.Control.Files;
        var read = Task.Factory.StartNew(() => Read(files, vm.Pid), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        if (!read.Wait(s_deadline))
        {
            why = $"reading where {vm.Name}'s memory lies took longer than {s_deadline.TotalSeconds:0} s";
            return null;
        }

        var (nodes, errno) = read.Result;
        why = nodes is not null ? null : $"where {vm.Name}'s memory lies is not known: numa_maps: {(errno == Errno.None ? "empty" : errno.Describe())}";
        return nodes;
    }

    private static (IReadOnlyList<NodeBytes>? Nodes, Errno Errno) Read(HostRoot files, int pid)
    {
        var errno = files.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/numa_maps"), out var file);
        if (file is null)
            return (null, errno);
        using (file)
        {
            var maps = new NumaMaps(files.PageSize);
            errno = maps.Read(file);
            return (errno == Errno.None && maps.Places is { Length: > 0 } places ? NodeBytes.Sum(places, []) : null, errno);
        }
    }
}
