using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>
/// The limits of one VM's throttle groups (<c>-object throttle-group</c>, which <c>-blockdev driver=throttle</c> nodes belong to): query-block does not tell them, the objects do
/// (QMP qom-get limits). Asked again whenever query-block was.
/// </summary>
internal sealed class DiskThrottles(QmpConnection connection)
{
    private const int MostGroups = 64;
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, Group> _groups = [];

    /// <summary>Asks for the groups that disks belong to.</summary>
    public void Ask(IReadOnlyList<BlockInfo> disks)
    {
        foreach (var disk in disks)
        {
            if (disk.ThrottleGroup is not { } id)
                continue;
            if (!_groups.TryGetValue(id, out var group))
            {
                if (_groups.Count == MostGroups)
                    continue;
                _groups.Add(id, group = new Group(connection.Query("qom-get", $$"""{"path":"/objects/{{id}}","property":"limits"}""")));
            }

            group.Query.Post(s_deadline);
        }
    }

    /// <summary>Takes what has come; true when something has.</summary>
    public bool Take()
    {
        var news = false;
        foreach (var group in _groups.Values)
        {
            if (group.Query.TryTake(out var reply))
            {
                news |= reply.IsOk;
                group.Limits = reply.IsOk ? QmpBlocks.GroupLimits(reply.Json) : null;
            }
        }

        return news;
    }

    /// <summary>The disks with the limits of their groups, as far as these are known.</summary>
    public IReadOnlyList<BlockInfo> Complete(IReadOnlyList<BlockInfo> disks)
    {
        if (_groups.Count == 0)
            return disks;
        var complete = new BlockInfo[disks.Count];
        for (var i = 0; i < complete.Length; i++)
        {
            complete[i] = disks[i].ThrottleGroup is { } id && _groups.TryGetValue(id, out var group) && group.Limits is { } limits ? disks[i] with { Limits = limits } : disks[i];
        }

        return complete;
    }

    private sealed class Group(QmpQuery query)
    {
        public QmpQuery Query => query;

        public string? Limits { get; set; }
    }
}
