using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>Monitors, debugger stubs and consoles that listen on the network.</summary>
public sealed class VmMonitorCheck() : VmCheck("vm-monitor", "Who can control it over the network")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        if (vm.Info.Description.Vmm != VmmKind.Qemu)
        {
            yield break;
        }

        foreach (var open in QemuListeners.Of(vm.Info.Arguments))
        {
            var who = open.Reach == QemuReach.Everywhere ? "everybody who reaches this host" : "whoever reaches one of its addresses";
            var text = QemuOptions.Text(open.Option, open.Value);
            switch (open.Service)
            {
                case QemuService.Monitor:
                    yield return Warning(
                        $"its monitor can be had by {who}", text, "whoever connects can stop it, read its memory and disks, and open files of this host as QEMU's user",
                        "use a unix socket (-qmp unix:/run/NAME.sock,server=on,wait=off), or 127.0.0.1");
                    break;
                case QemuService.Debugger:
                    yield return Warning($"its debugger stub can be had by {who}", text, "whoever connects reads and writes all memory of the guest, and stops it", "leave -s and -gdb out, or use -gdb tcp:127.0.0.1:1234");
                    break;
                case QemuService.Console:
                    yield return Warning($"its serial port can be had by {who}", text, "whoever connects is at the guest's console, often without a password at boot", "use a unix socket, a pty, or 127.0.0.1 (libvirt: <serial type='pty'/>)");
                    break;
            }
        }
    }
}
