using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>Disks that are served by QEMU's main loop.</summary>
public sealed class VmIoThreadCheck() : VmCheck("vm-iothread", "I/O threads")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        var about = vm.Info.Description;
        if (about.Vmm == VmmKind.Qemu && vm.EmulatorPct >= 50 && about.Devices.Any(d => d is { Kind: VmDeviceKind.Disk, IsVirtio: true }) && !vm.Info.Arguments.Any(a => a.Contains("iothread", StringComparison.Ordinal)))
        {
            yield return Info(
                FormattableString.Invariant($"its disks are served by QEMU's main loop, which is busy ({vm.EmulatorPct:0} % of a CPU)"), $"pid {vm.Info.Pid}: no iothread in its command line", "disks and networks wait for each other",
                "start it with -object iothread,id=io1 and -device virtio-blk-pci,..,iothread=io1");
        }
    }
}
