using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Transparent hugepages.</summary>
public sealed class TransparentHugepagesCheck() : Check("transparent-hugepages", "Transparent hugepages", CheckGroup.Memory)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var file = context.Read("/sys/kernel/mm/transparent_hugepage/enabled");
        switch (file.Chosen)
        {
            case "never" when AllInPools(context):
                yield return Ok("transparent hugepages are off, and nobody misses them: guests lie in hugepage pools", file.Evidence);
                break;
            case "never":
                yield return Warning("transparent hugepages are off", file.Evidence, "guest memory is mapped by 4 KiB pages: page walks of guests cost up to a fifth of their CPU time", "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
                break;
            case "always" or "madvise":
                // QEMU asks for them for every guest.
                yield return Ok($"transparent hugepages: {file.Chosen}", file.Evidence);
                break;
            default:
                yield return file.Errno == Errno.ENOENT ? Info("this kernel has no transparent hugepages", file.Evidence) : Unknown("transparent hugepages cannot be seen", file.Evidence);
                break;
        }

        var defrag = context.Read("/sys/kernel/mm/transparent_hugepage/defrag");
        if (defrag.Chosen == "always" && file.Chosen == "always")
        {
            yield return Info(
                "every process may stall while the kernel makes hugepages", defrag.Evidence, "page faults wait for memory to be moved together: guests see it as latency", "echo defer+madvise > /sys/kernel/mm/transparent_hugepage/defrag");
        }
    }

    /// <summary>True when all guests have their memory in hugepage pools; without guests, when most of the host's memory is there for them.</summary>
    private static bool AllInPools(CheckContext context)
    {
        if (context.AllVms.Count == 0)
        {
            return context.HostLoad?.Memory is { Total: { } total } memory && MemoryOvercommitCheck.Pools(context, memory) > total / 2;
        }

        var hugetlbfs = context.MountOf("hugetlbfs", out _);
        foreach (var vm in context.AllVms)
        {
            // TCG maps no pages for its guests.
            var given = GivenMemory.Of(context.Snapshot, vm) ?? 0;
            if (vm.Info.Accelerator != "tcg" && GivenMemory.InPools(vm, given, hugetlbfs) is var pools && (pools == 0 || pools < given))
            {
                return false;
            }
        }

        return true;
    }
}
