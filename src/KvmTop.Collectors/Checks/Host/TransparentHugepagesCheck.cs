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
}
