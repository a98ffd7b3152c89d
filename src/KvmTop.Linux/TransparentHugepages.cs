namespace KvmTop.Linux;

/// <summary>
/// Transparent hugepages as in <c>/sys/kernel/mm/transparent_hugepage</c> (Documentation/admin-guide/mm/transhuge.rst); null when the file is missing.
/// </summary>
/// <param name="Enabled">enabled: always, madvise or never.</param>
/// <param name="Defrag">defrag: how hard a page fault tries: always, defer, defer+madvise, madvise or never.</param>
/// <param name="Shmem">shmem_enabled: the same for shared memory: always, within_size, advise, never, deny or force.</param>
/// <param name="KhugepagedDefrag">khugepaged/defrag: 1 when the kernel thread makes room for the pages that it collapses into.</param>
/// <param name="PagesToScan">khugepaged/pages_to_scan: how many it looks at in a pass.</param>
/// <param name="ScanSleepMilliseconds">khugepaged/scan_sleep_millisecs: its rest between two passes.</param>
/// <param name="PagesCollapsed">khugepaged/pages_collapsed: hugepages it has made.</param>
/// <param name="FullScans">khugepaged/full_scans.</param>
public sealed record TransparentHugepages(
    string? Enabled, string? Defrag, string? Shmem, long? KhugepagedDefrag, long? PagesToScan, long? ScanSleepMilliseconds, ulong? PagesCollapsed, ulong? FullScans)
{
    /// <summary>Reads the settings; null when the kernel has none (CONFIG_TRANSPARENT_HUGEPAGE).</summary>
    public static TransparentHugepages? Read(HostRoot host)
    {
        const string folder = "/sys/kernel/mm/transparent_hugepage/";
        const string daemon = folder + "khugepaged/";
        var buffer = new ReadBuffer(256, 4096);
        var enabled = ChosenWord(buffer.ReadAll(host, folder + "enabled", out var errno));
        if (errno == Errno.ENOENT)
            return null;

        return new TransparentHugepages(
            enabled,
            ChosenWord(buffer.ReadAll(host, folder + "defrag", out _)),
            ChosenWord(buffer.ReadAll(host, folder + "shmem_enabled", out _)),
            KernelText.ReadNumber(host, buffer, daemon + "defrag"),
            KernelText.ReadNumber(host, buffer, daemon + "pages_to_scan"),
            KernelText.ReadNumber(host, buffer, daemon + "scan_sleep_millisecs"),
            Counter("pages_collapsed"),
            Counter("full_scans"));

        ulong? Counter(string name) => KernelText.ReadNumber(host, buffer, daemon + name) is { } n and >= 0 ? (ulong)n : null;
    }

    /// <summary>The word in brackets of a line such as "always [madvise] never"; null when there is none.</summary>
    public static string? ChosenWord(ReadOnlySpan<byte> text)
    {
        var open = text.IndexOf((byte)'[');
        var close = text.IndexOf((byte)']');
        return open >= 0 && close > open + 1 ? KernelText.Clean(text[(open + 1)..close], 32) : null;
    }
}
