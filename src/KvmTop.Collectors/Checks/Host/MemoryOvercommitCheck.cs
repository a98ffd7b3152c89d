using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Memory given to guests against memory of the host: those in hugepage pools against the pools, the others against what is left beside them.</summary>
public sealed class MemoryOvercommitCheck() : Check("memory-overcommit", "Memory of guests against the host's", CheckGroup.Memory)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        if (context.HostLoad?.Memory is not { Total: > 0 and var total } memory)
        {
            yield break;
        }

        var pools = Math.Min(Pools(context, memory), total);
        var left = total - pools;
        var hugetlbfs = context.MountOf("hugetlbfs", out _);
        ulong given = 0, inPools = 0;
        var unknown = 0;
        foreach (var vm in context.AllVms)
        {
            if (GivenMemory.Of(context.Snapshot, vm) is not { } its)
            {
                unknown++;
                continue;
            }

            given += Math.Min(its, ulong.MaxValue - given);
            inPools += Math.Min(GivenMemory.InPools(vm, its, hugetlbfs), ulong.MaxValue - inPools);
        }

        // Hugepages beyond the pools (surplus) come out of what is left.
        var wanted = given - Math.Min(inPools, pools);
        var evidence = FormattableString.Invariant($"guests are configured with {Sizes.Text(given)}{(inPools > 0 ? $", of which {Sizes.Text(inPools)} in hugepages" : "")}, the host has {Sizes.Text(total)}{(pools > 0 ? $", of which {Sizes.Text(pools)} in hugepage pools" : "")} (/proc/meminfo){(unknown > 0 ? $"; of {unknown} VM{(unknown == 1 ? "" : "s")} it is not known" : "")}");
        yield return wanted > left
            ? Warning(
                "guests together may use more memory than the host has", evidence, "when they do, the host swaps guests out or kills one of them",
                "give guests less memory, use balloons or KSM knowingly, or move VMs to another host")
            : wanted > left * 0.95
            ? Warning("guests together may use nearly all of the host's memory", evidence, "VMMs need memory besides their guests', and so does the host", "leave the host some 5 % or 2 GiB, whichever is more")
            : Ok("the host has the memory that its guests may use", evidence);
        if (memory.Available is { } available && available < left / 20)
        {
            yield return Warning(
                "the host has little memory left", FormattableString.Invariant($"/proc/meminfo: MemAvailable {Sizes.Text(available)} of {Sizes.Text(left)}{(pools > 0 ? " beside the hugepage pools" : "")}"),
                "the next guest that touches new memory makes the host swap or kill", "stop or shrink guests, or free hugepages that nobody uses");
        }
    }

    /// <summary>Memory set aside as hugepages of any size, used or not.</summary>
    internal static ulong Pools(CheckContext context, MemInfo? memory)
    {
        ulong sum = 0;
        foreach (var pool in HugepagePools.Read(context.Host))
        {
            sum += (pool.Total ?? 0) * pool.SizeBytes;
        }

        return Math.Max(sum, memory?.Hugetlb ?? 0);
    }
}
