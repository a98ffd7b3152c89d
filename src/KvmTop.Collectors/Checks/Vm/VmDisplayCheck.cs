using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>What a display and a USB tablet cost.</summary>
public sealed class VmDisplayCheck() : VmCheck("vm-display", "USB tablet and display")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        if (vm.Info.Description.Vmm != VmmKind.Qemu)
        {
            yield break;
        }

        foreach (var argument in vm.Info.Arguments)
        {
            if (argument.StartsWith("usb-tablet", StringComparison.Ordinal) || argument == "tablet" || argument.Contains("\"driver\":\"usb-tablet\"", StringComparison.Ordinal))
            {
                yield return Info("a USB tablet", $"pid {vm.Info.Pid}: usb-tablet", "its USB controller is polled hundreds of times a second when a guest uses it: an idle guest never quite sleeps", "for servers leave it out; for desktops use virtio-tablet-pci");
                yield break;
            }
        }
    }
}
