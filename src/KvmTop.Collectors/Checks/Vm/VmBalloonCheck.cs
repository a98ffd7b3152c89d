using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>Guests without a balloon.</summary>
public sealed class VmBalloonCheck() : VmCheck("vm-balloon", "Balloon")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        var about = vm.Info.Description;
        if (about.Vmm == VmmKind.Qemu && vm.Info.Accelerator == "kvm" && vm.Info.Arguments.Count > 0 && about.MemoryBytes >= 1UL << 30 && !about.Devices.Any(d => d.Kind == VmDeviceKind.Balloon))
        {
            yield return Info("no balloon", FormattableString.Invariant($"pid {vm.Info.Pid}: no virtio-balloon in its command line"), "the host can neither see the guest's own view of its memory nor ask for some of it back", "start it with -device virtio-balloon,free-page-reporting=on");
        }
    }
}
