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

        foreach (var open in QemuListeners.Of(vm.Info.Arguments))
        {
            if (open is { Service: QemuService.Display, Reach: QemuReach.Everywhere })
            {
                yield return Warning(
                    "its display can be had by everybody who reaches this host", QemuOptions.Text(open.Option, open.Value), "whoever connects sees its console and types on it",
                    open.Option == "spice" ? "start it with addr=127.0.0.1 (or unix=on), or with a password instead of disable-ticketing (libvirt: <graphics type='spice' listen='127.0.0.1'/>), or close the port"
                        : "start it with -vnc 127.0.0.1:N, or with a password (libvirt: <graphics type='vnc' listen='127.0.0.1'/>), or close the port");
            }
            else if (open.Service == QemuService.Display)
            {
                yield return Info("its display asks nobody who he is", QemuOptions.Text(open.Option, open.Value), "whoever reaches that address sees its console and types on it", "give it a password, or TLS with certificates of clients");
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
}
