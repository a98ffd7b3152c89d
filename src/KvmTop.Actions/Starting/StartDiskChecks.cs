using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Whether the files of a definition are there, what they are said to be, and nobody else's.</summary>
internal static class StartDiskChecks
{
    /// <summary>What stands in the way.</summary>
    public static IEnumerable<Obstacle> Find(ActionContext context, VmDefinition vm)
    {
        foreach (var disk in vm.Disks)
        {
            if (FileFault(context.Control, disk.Path, "disk") is { } fault)
                yield return fault;
            else if (FormatFault(context.Control, disk) is { } format)
                yield return format;
            else if (UseFault(context, disk) is { } use)
                yield return use;
        }

        foreach (var (what, path) in new[] { ("kernel", vm.Kernel), ("initrd", vm.Initrd), ("firmware", vm.Firmware is "bios" or "uefi" ? null : vm.Firmware) })
        {
            if (path is not null && FileFault(context.Control, path, what) is { } fault)
                yield return fault;
        }
    }

    private static Obstacle? FileFault(HostControl host, string path, string what)
    {
        var shown = HostileText.Clean(path, 200);
        var errno = host.Files.Stat(path, out var facts);
        return errno.IsDenied() ? Obstacle.Privilege($"{what} {shown} may not be looked at by {host.Actor.Name}")
            : errno != Errno.None ? Obstacle.Refused($"{what} {shown}: {errno.Describe()}")
            : facts.Kind is FileKind.Regular or FileKind.BlockDevice ? null
            : Obstacle.Refused($"{what} {shown} is no file and no block device");
    }

    private static Obstacle? FormatFault(HostControl host, VmDisk disk)
    {
        var shown = HostileText.Clean(disk.Path, 200);
        for (var image = disk.Image; image is not null; image = image.Backing)
        {
            foreach (var path in (string?[])[image.Backing?.Path, image.DataFile])
            {
                if (path is not null && FileFault(host, path, "image") is { } fault)
                    return fault;
            }
        }

        if (host.ReadHead(disk.Path, DiskImage.HeaderBytes, out var errno) is null)
            return errno.IsDenied() ? Obstacle.Privilege($"{shown} may not be read by {host.Actor.Name}") : Obstacle.Refused($"{shown}: {errno.Describe()}");
        if (!disk.ReadOnly && host.MayWrite(disk.Path).IsDenied())
            return Obstacle.Privilege($"{shown} may not be written by {host.Actor.Name}");
        return LaunchImages.Fault(host, disk.Image, out var hint) is { } wrong ? Obstacle.Refused(wrong, hint) : null;
    }

    private static Obstacle? UseFault(ActionContext context, VmDisk disk)
    {
        var shown = HostileText.Clean(disk.Path, 200);
        var held = context.Control.IsImageHeld(disk.Path, !disk.ReadOnly);
        if (held == false)
            return null;
        foreach (var vm in context.Vms)
        {
            foreach (var device in vm.Info.Description.Devices)
            {
                // Where locks cannot be looked at, the command lines of the others tell; two readers do no harm.
                if (device.Kind == VmDeviceKind.Disk && device.Detail == disk.Path && (held == true || !disk.ReadOnly))
                    return Obstacle.Refused(FormattableString.Invariant($"{shown} is in use by {vm.Info.Name} (pid {vm.Info.Pid})"));
            }
        }

        return held == true ? Obstacle.Refused($"{shown} is in use: another process holds QEMU's lock on it") : null;
    }
}
