namespace KvmTop.Linux;

/// <summary>
/// Kernel same-page merging as in <c>/sys/kernel/mm/ksm</c> (Documentation/admin-guide/mm/ksm.rst); null when the file is missing. Counts are pages.
/// </summary>
/// <param name="Run">run: 0 stopped, 1 merging, 2 stopped and everything unmerged.</param>
/// <param name="Shared">pages_shared: merged pages in use.</param>
/// <param name="Sharing">pages_sharing: further pages that these stand for, which is what is saved.</param>
/// <param name="Unshared">pages_unshared: looked at again and again, and unlike all others.</param>
/// <param name="Volatile">pages_volatile: change too fast.</param>
/// <param name="FullScans">full_scans: how often everything has been looked at.</param>
/// <param name="ZeroPages">ksm_zero_pages: pages replaced by the zero page.</param>
/// <param name="GeneralProfit">general_profit: bytes saved less bookkeeping, as the kernel counts it (since Linux 6.4).</param>
/// <param name="MergeAcrossNodes">merge_across_nodes: 1 when pages of different NUMA nodes are merged, which makes some of them remote.</param>
public readonly record struct KsmState(
    long? Run, ulong? Shared, ulong? Sharing, ulong? Unshared, ulong? Volatile, ulong? FullScans, ulong? ZeroPages, long? GeneralProfit, long? MergeAcrossNodes)
{
    // struct ksm_rmap_item of a 64-bit kernel.
    private const long BookkeepingBytes = 64;

    /// <summary>The size of the pages that are counted; null when not known.</summary>
    public int? PageBytes { get; init; }

    /// <summary>So many of its pages in bytes.</summary>
    public ulong? Bytes(ulong? pages) => pages * (ulong?)PageBytes;

    /// <summary>Bytes saved less bookkeeping: the kernel's own figure, else by the formula of its documentation. Null when not even that can be told.</summary>
    public long? Profit =>
        GeneralProfit is { } profit ? profit
        : this is { PageBytes: { } page, Shared: { } shared, Sharing: { } sharing, Unshared: { } unshared, Volatile: { } moving }
            ? ((long)sharing * page) - ((long)(sharing + shared + unshared + moving) * BookkeepingBytes)
        : null;

    /// <summary>Reads the state; null when the kernel has no KSM (CONFIG_KSM).</summary>
    public static KsmState? Read(HostRoot host)
    {
        const string folder = "/sys/kernel/mm/ksm/";
        if (!host.Exists(folder + "run"))
            return null;

        var buffer = new ReadBuffer(128, 4096);
        return new KsmState(
            KernelText.ReadNumber(host, buffer, folder + "run"),
            Pages("pages_shared"),
            Pages("pages_sharing"),
            Pages("pages_unshared"),
            Pages("pages_volatile"),
            Pages("full_scans"),
            Pages("ksm_zero_pages"),
            KernelText.ReadNumber(host, buffer, folder + "general_profit"),
            KernelText.ReadNumber(host, buffer, folder + "merge_across_nodes"))
        {
            PageBytes = host.PageSize,
        };

        ulong? Pages(string name) => KernelText.ReadNumber(host, buffer, folder + name) is { } n and >= 0 and < 1L << 40 ? (ulong)n : null;
    }
}
