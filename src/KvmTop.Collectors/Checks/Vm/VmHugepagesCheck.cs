using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>Large guests without hugepages, and hugepages that are not taken at start.</summary>
public sealed class VmHugepagesCheck() : VmCheck("vm-hugepages", "Hugepages")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        var about = vm.Info.Description;
        var huge = about.MemoryPath?.Contains("huge", StringComparison.OrdinalIgnoreCase) == true;
        var given = GivenMemory.Of(context.Snapshot, vm) ?? 0;
        if (huge && !about.MemoryPrealloc)
        {
            yield return Warning(
                "its hugepages are not taken at start", $"-mem-path {HostileText.Clean(about.MemoryPath!, 100)} without prealloc", "when the pool is empty by then, the guest is killed (SIGBUS) at the moment it touches its memory",
                "start it with prealloc=on for its memory backend (-mem-prealloc)");
        }
        else if (!huge && given >= 16UL << 30 && GivenMemory.InPools(vm, given, context.MountOf("hugetlbfs", out _)) < given && vm.Info.Accelerator != "tcg" && context.Read("/sys/kernel/mm/transparent_hugepage/enabled").Chosen == "never")
        {
            yield return Warning(
                $"{Sizes.Text(given)} of memory in small pages", "/sys/kernel/mm/transparent_hugepage/enabled: never, and no hugepages in its command line", "page walks cost a guest of this size a good part of its CPU time",
                "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled, or back it by hugepages");
        }
    }
}
