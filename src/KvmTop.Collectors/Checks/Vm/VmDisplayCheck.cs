using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>What a display and a USB tablet cost, and who may use them.</summary>
public sealed class VmDisplayCheck() : VmCheck("vm-display", "USB tablet and display")
{
    private const double BusyPct = 10;

    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        if (vm.Info.Description.Vmm != VmmKind.Qemu)
        {
            yield break;
        }

        // -usbdevice, which QEMU 9 has no more, made a controller of the old kind.
        var tablet = QemuOptions.Of(vm.Info.Arguments, "device", "driver").FirstOrDefault(d => d.Set["driver"] == "usb-tablet")
            ?? QemuOptions.Of(vm.Info.Arguments, "usbdevice", "driver").FirstOrDefault(d => d.Set["driver"] == "tablet");
        if (tablet is not null && !HasOnlyXhci(vm.Info.Arguments))
        {
            yield return Info("a USB tablet", tablet.Text, "its USB controller is polled hundreds of times a second when a guest uses it: an idle guest never quite sleeps", "for servers leave it out; for desktops use virtio-tablet-pci, or an xHCI controller (-device qemu-xhci)");
        }

        foreach (var load in vm.Threads)
        {
            if (load.Thread.Name is "vnc_worker" or "SPICE Worker" && load.CpuPct >= BusyPct)
            {
                yield return Info(
                    "somebody looks at its display", FormattableString.Invariant($"thread {load.Thread.Tid} ({load.Thread.Name}): {load.CpuPct:0} % of a CPU"), "its picture is compressed and sent from here, beside the vCPUs",
                    "close the viewer when nobody looks; SSH or a serial console (virsh console) costs next to nothing");
            }
        }

        foreach (var vnc in QemuOptions.Of(vm.Info.Arguments, "vnc", "vnc"))
        {
            var set = vnc.Set;
            if (IsOpenToAll(set["vnc"] ?? "") && set.Flag("reverse") != true && set.Flag("password") != true && set["password-secret"] is null && set.Flag("sasl") != true && set["tls-creds"] is null)
            {
                yield return Warning("its display can be had by everybody who reaches this host", vnc.Text, "whoever connects sees its console and types on it", "start it with -vnc 127.0.0.1:N, or with a password (libvirt: <graphics type='vnc' listen='127.0.0.1'/>), or close the port");
            }
        }
    }

    /// <summary>xHCI waits for the device to speak; UHCI, OHCI and EHCI ask it again and again.</summary>
    private static bool HasOnlyXhci(IReadOnlyList<string> arguments)
    {
        var xhci = false;
        foreach (var device in QemuOptions.Of(arguments, "device", "driver"))
        {
            var model = device.Set["driver"] ?? "";
            xhci |= model.EndsWith("-xhci", StringComparison.Ordinal);
            if (model.Contains("uhci", StringComparison.Ordinal) || model.Contains("ehci", StringComparison.Ordinal) || model.Contains("ohci", StringComparison.Ordinal))
            {
                return false;
            }
        }

        return xhci && !arguments.Contains("-usb");
    }

    // "HOST:N" or ":N", where no host is all of them. "unix:PATH" is no network.
    private static bool IsOpenToAll(string address) =>
        address.StartsWith(':') || address.StartsWith("0.0.0.0:", StringComparison.Ordinal) || address.StartsWith("[::]:", StringComparison.Ordinal) || address.StartsWith("*:", StringComparison.Ordinal);
}
