using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>How much memory a VM has been given: what its monitor says is there now, DIMMs and virtio-mem included, else what its command line says.</summary>
public static class GivenMemory
{
    /// <summary>In bytes; null when nobody says.</summary>
    public static ulong? Of(Snapshot snapshot, VmModel vm)
    {
        var said = vm.Info.Description.MemoryBytes;
        if (snapshot.Get(QmpTopic.Instance).Value?.Find(vm.Info.Key)?.MemoryBytes is { } plugged)
        {
            return plugged;
        }

        // libvirt counts what was plugged later too, but all of a virtio-mem device and of persistent memory.
        return snapshot.Get(LibvirtTopic.Instance).Value?.Find(vm.Info.Key)?.MemoryBytes is { } domain && (said is null || (domain > said && !HasOddMemory(vm.Info.Description))) ? domain : said;
    }

    /// <summary>How much of it lies in hugepage pools, which are not in the host's free memory: by its backing, and by what it has taken of them.</summary>
    public static ulong InPools(VmModel vm, ulong given, string? hugetlbfs = null)
    {
        var about = vm.Info.Description;
        ulong pools = about.Backings.Count == 0 && IsHuge(about.MemoryPath, hugetlbfs) ? given : 0;
        foreach (var backing in about.Backings)
        {
            if (backing.Hugetlb || IsHuge(backing.Path, hugetlbfs))
            {
                pools += Math.Min(backing.SizeBytes ?? given, ulong.MaxValue - pools);
            }
        }

        // A path says little: a guest that is resident, and has no hugepage, is not in them.
        pools = vm.Memory is { HugetlbBytes: 0 } && vm.RssBytes > given / 2 ? 0 : pools;
        var taken = vm.Memory?.HugetlbBytes ?? 0;
        return given == 0 ? taken : Math.Min(Math.Max(pools, taken), given);
    }

    private static bool IsHuge(string? path, string? hugetlbfs) =>
        path is not null && (path.Contains("huge", StringComparison.OrdinalIgnoreCase) || (hugetlbfs is not null && path.StartsWith(hugetlbfs, StringComparison.Ordinal)));

    private static bool HasOddMemory(VmDescription about)
    {
        foreach (var device in about.Devices)
        {
            if (device.Model is { } model && (model.StartsWith("nvdimm", StringComparison.Ordinal) || model.StartsWith("virtio-mem", StringComparison.Ordinal) || model.StartsWith("virtio-pmem", StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }
}
