namespace KvmTop.Collectors.Checks;

/// <summary>Memory given to guests against memory of the host.</summary>
public sealed class MemoryOvercommitCheck() : Check("memory-overcommit", "Memory of guests against the host's", CheckGroup.Memory)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        if (context.HostLoad?.Memory?.Total is not (> 0 and var total))
        {
            yield break;
        }

        var given = context.AllVms.Aggregate(0UL, (sum, v) => sum + (v.Info.Description.MemoryBytes ?? 0));
        var evidence = FormattableString.Invariant($"guests are configured with {Sizes.Text(given)}, the host has {Sizes.Text(total)} (/proc/meminfo)");
        yield return given > total
            ? Warning(
                "guests together may use more memory than the host has", evidence, "when they do, the host swaps guests out or kills one of them",
                "give guests less memory, use balloons or KSM knowingly, or move VMs to another host")
            : given > total * 0.95
            ? Warning("guests together may use nearly all of the host's memory", evidence, "VMMs need memory besides their guests', and so does the host", "leave the host some 5 % or 2 GiB, whichever is more")
            : Ok("the host has the memory that its guests may use", evidence);
        if (context.HostLoad.Memory is { Available: { } available } && available < total / 20)
        {
            yield return Warning("the host has little memory left", FormattableString.Invariant($"/proc/meminfo: MemAvailable {Sizes.Text(available)} of {Sizes.Text(total)}"), "the next guest that touches new memory makes the host swap or kill", "stop or shrink guests, or free hugepages that nobody uses");
        }
    }
}
