using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>Emulated disks, and how images are cached and read.</summary>
public sealed class VmDisksCheck() : VmCheck("vm-disks", "Disks")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        var about = vm.Info.Description;
        if (about.Vmm != VmmKind.Qemu)
        {
            yield break;
        }

        foreach (var disk in about.Devices)
        {
            if (disk.Kind == VmDeviceKind.Disk && !disk.IsVirtio && disk.Detail is not null && disk.Model is not null && !IsRemovable(disk) && IsEmulated(disk.Model))
            {
                yield return Warning(
                    $"an emulated disk ({HostileText.Clean(disk.Model, 40)})", $"pid {vm.Info.Pid}: {HostileText.Clean(disk.Detail, 200)}", "each request exits several times, and one is served at a time",
                    "use virtio-blk or virtio-scsi (-device virtio-blk-pci,drive=..; libvirt: <target bus='virtio'/>), with virtio drivers in the guest");
            }
        }

        foreach (var image in QemuImage.Of(vm.Info.Arguments))
        {
            if (image.IgnoresFlushes)
            {
                yield return Warning("its disk ignores flushes", image.Text, "a crash of the host loses data that the guest believes written, and may destroy its file systems", $"start it with {(image.IsNode ? "\"cache\":{\"direct\":true,\"no-flush\":false}" : "cache=none")} (libvirt: <driver cache='none'/>)");
            }
            else if (!image.IsDirect)
            {
                yield return Info(
                    "its disk goes through the host's page cache", image.Text, "data is kept twice, and the host's memory fills with it",
                    $"start it with {(image.IsNode ? "\"cache\":{\"direct\":true},\"aio\":\"io_uring\"" : "cache=none,aio=io_uring")} (libvirt: <driver cache='none' io='io_uring'/>), unless its storage is slow and its data small");
            }
            else if (image.Aio is null or "threads")
            {
                yield return Info(
                    "its disk is read by a pool of threads (aio=threads)", image.Text, "io_uring and native take less CPU for each request",
                    $"start it with {(image.IsNode ? "\"aio\":\"io_uring\"" : "aio=io_uring")} (QEMU 5.0, Linux 5.1; libvirt: <driver io='io_uring'/>) or native");
            }
        }
    }

    private static bool IsRemovable(VmDevice disk) => disk.Model is "scsi-cd" or "ide-cd" or "cdrom" or "fda" or "fdb" or "floppy" or "sd" || disk.Detail!.EndsWith(".iso", StringComparison.OrdinalIgnoreCase);

    private static bool IsEmulated(string model) => model.StartsWith("ide", StringComparison.Ordinal) || model is "hda" or "hdb" or "hdc" or "hdd" or "usb-storage" or "sata" or "lsi" || model.StartsWith("nvme", StringComparison.Ordinal);
}
