namespace KvmTop.Collectors.Checks;

/// <summary>Guests that the host has swapped out.</summary>
public sealed class VmSwapCheck() : VmCheck("vm-swap", "Swapped out")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        if (vm.Memory?.SwapBytes is >= 64 << 20 and var swap)
        {
            yield return Warning(
                $"the host has swapped out {Sizes.Text(swap)} of it", FormattableString.Invariant($"/proc/{vm.Info.Pid}/status: VmSwap {swap / 1024} kB"), "the guest waits for the disk when it touches that memory",
                "free memory on the host, then: swapoff -a && swapon -a; sysctl vm.swappiness=10 keeps it from happening soon again");
        }
    }
}
