namespace KvmTop.Collectors.Checks;

/// <summary>Swap, and how readily it is used.</summary>
public sealed class SwapCheck() : Check("swappiness", "Swapping", CheckGroup.Memory)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var file = context.Read("/proc/sys/vm/swappiness");
        if (file.Number is not { } swappiness)
        {
            yield break;
        }

        var swap = context.HostLoad?.Memory?.SwapTotal ?? 0;
        yield return swap == 0
            ? Ok("the host has no swap", "/proc/meminfo: SwapTotal 0")
            : swappiness > 30 && context.AllVms.Count > 0
            ? Info(
                FormattableString.Invariant($"swappiness is {swappiness}"), file.Evidence, "the host swaps guest memory out to keep file caches, and the guest waits for the disk when it touches it",
                "kvmtop swappiness 10 --persist; by hand: sysctl vm.swappiness=10; to keep it: echo 'vm.swappiness=10' > /etc/sysctl.d/90-kvm.conf")
            : Ok(FormattableString.Invariant($"swappiness is {swappiness}"), file.Evidence);
    }
}
