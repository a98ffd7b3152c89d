using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Hugepage pools: too small, unused, or on the wrong node.</summary>
public sealed class HugepagePoolsCheck() : Check("hugepage-pools", "Hugepage pools", CheckGroup.Memory)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var pools = 0;
        foreach (var pool in HugepagePools.Read(context.Host))
        {
            if (pool is not { Total: > 0 and { } total, Free: { } free })
            {
                continue;
            }

            pools++;
            var kilobytes = pool.SizeBytes / 1024;
            var evidence = FormattableString.Invariant($"/sys/kernel/mm/hugepages/hugepages-{kilobytes}kB: nr_hugepages {total}, free_hugepages {free}, resv_hugepages {pool.Reserved ?? 0}");
            var idle = (free - Math.Min(free, pool.Reserved ?? 0)) * pool.SizeBytes;
            yield return free == total && idle >= 1UL << 30
                ? Warning(
                    $"{Sizes.Text(idle)} of hugepages are set aside, and nobody uses them", evidence, "nothing else can use this memory",
                    FormattableString.Invariant($"echo 0 > /sys/kernel/mm/hugepages/hugepages-{kilobytes}kB/nr_hugepages; or back guests by them (-mem-path /dev/hugepages, libvirt: <memoryBacking><hugepages/></memoryBacking>)"))
                : free == 0
                ? Info($"all hugepages of {Sizes.Text(pool.SizeBytes)} are in use", evidence, "the next guest that wants some will not start")
                : Ok($"hugepages of {Sizes.Text(pool.SizeBytes)}: {total - Math.Min(total, free)} of {total} in use", evidence);
        }

        if (pools == 0)
        {
            yield return Ok("no memory is set aside as hugepages", "/sys/kernel/mm/hugepages");
        }
    }
}
