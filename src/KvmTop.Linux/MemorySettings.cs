namespace KvmTop.Linux;

/// <summary>How the kernel hands out memory: <c>/proc/sys/vm/*</c> and <c>/proc/sys/kernel/numa_balancing</c>; null when the file is missing.</summary>
/// <param name="OvercommitMode">vm/overcommit_memory: 0 heuristic, 1 always, 2 never beyond the limit.</param>
/// <param name="OvercommitRatio">vm/overcommit_ratio: percent of memory that counts for the limit of mode 2.</param>
/// <param name="Swappiness">vm/swappiness.</param>
/// <param name="ZoneReclaim">vm/zone_reclaim_mode: not 0 when a node is emptied before another one is used.</param>
/// <param name="NumaBalancing">kernel/numa_balancing: 1 when the kernel moves memory to where it is used.</param>
public readonly record struct MemorySettings(long? OvercommitMode, long? OvercommitRatio, long? Swappiness, long? ZoneReclaim, long? NumaBalancing)
{
    /// <summary>Reads all five.</summary>
    public static MemorySettings Read(HostRoot host)
    {
        var buffer = new ReadBuffer(64, 4096);
        return new MemorySettings(
            KernelText.ReadNumber(host, buffer, "/proc/sys/vm/overcommit_memory"),
            KernelText.ReadNumber(host, buffer, "/proc/sys/vm/overcommit_ratio"),
            KernelText.ReadNumber(host, buffer, "/proc/sys/vm/swappiness"),
            KernelText.ReadNumber(host, buffer, "/proc/sys/vm/zone_reclaim_mode"),
            KernelText.ReadNumber(host, buffer, "/proc/sys/kernel/numa_balancing"));
    }
}
