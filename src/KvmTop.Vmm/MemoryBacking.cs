namespace KvmTop.Vmm;

/// <summary>One backend of guest memory as a command line asks for it. Texts are raw: clean them with <see cref="HostileText"/> before they are shown.</summary>
/// <param name="Kind">"ram", "file", "memfd", "shm", "epc".</param>
/// <param name="SizeBytes">Its size; null when not said.</param>
/// <param name="Path">The file or directory behind a "file"; a hugetlbfs mount gives hugepages of that mount's size.</param>
/// <param name="Share">Others may map it: shared memory, which transparent hugepages treat by rules of their own.</param>
/// <param name="Prealloc">Touched at start.</param>
/// <param name="Hugetlb">A memfd of hugepages (hugetlb=on).</param>
/// <param name="HugetlbBytes">Their size; null for the host's default.</param>
/// <param name="HostNodes">The NUMA nodes that it is to lie on ("0", "0-1"); null when not said.</param>
/// <param name="Policy">How strictly: "bind", "preferred", "interleave"; null for the host's default.</param>
public sealed record MemoryBacking(
    string Kind, ulong? SizeBytes, string? Path, bool Share, bool Prealloc, bool Hugetlb, ulong? HugetlbBytes, string? HostNodes, string? Policy);
