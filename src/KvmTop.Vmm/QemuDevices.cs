namespace KvmTop.Vmm;

/// <summary>Collects the devices of a QEMU command line: a device names its drive or netdev by id, and that may come later or through a chain of block nodes.</summary>
internal sealed class QemuDevices
{
    private const int MostItems = 256;
    private const int LongestChain = 8;

    private readonly List<Pending> _devices = [];
    private readonly Dictionary<string, OptionSet> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OptionSet> _networks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string?> _files = new(StringComparer.Ordinal);

    public void Option(string name, string value)
    {
        switch (name)
        {
            case "device":
                Add(new Pending(OptionSet.Parse(value, "driver"), null));
                break;
            case "blockdev":
                Register(_nodes, OptionSet.Parse(value, null), "node-name");
                break;
            case "netdev":
                Register(_networks, OptionSet.Parse(value, "type"), "id");
                break;
            case "drive":
                AddDrive(OptionSet.Parse(value, null));
                break;
            case "nic":
                var nic = OptionSet.Parse(value, "type");
                if (nic["type"] != "none")
                    AddNic(nic["model"], nic["id"], Behind(nic));
                break;
            case "net":
                var net = OptionSet.Parse(value, "type");
                if (net["type"] == "nic")
                    AddNic(net["model"], net["id"] ?? net["name"], net["netdev"]);
                break;
            case "vga":
                if (value is not ("none" or ""))
                    Add(new Pending(null, new VmDevice(VmDeviceKind.Gpu, value, null, null, value == "virtio")));
                break;
            case "hda" or "hdb" or "hdc" or "hdd" or "cdrom" or "sd" or "fda" or "fdb" or "mtdblock":
                AddImage(name, value);
                break;
        }
    }

    /// <summary>An image by -hda and its like, or as an argument of its own.</summary>
    public void AddImage(string where, string file) => Add(new Pending(null, new VmDevice(VmDeviceKind.Disk, where, null, file, false)));

    public IReadOnlyList<VmDevice> Build() => _devices.ConvertAll(p => p.Done ?? Describe(p.Options!));

    private VmDevice Describe(OptionSet set)
    {
        var model = set["driver"] ?? "";
        var kind = KindOf(model, set);
        var detail = kind switch
        {
            VmDeviceKind.Disk => File(set["drive"]) ?? set["chardev"],
            VmDeviceKind.Nic => set["netdev"] is { } id && _networks.TryGetValue(id, out var network) ? Behind(network) : set["netdev"],
            VmDeviceKind.Passthrough => set["host"] ?? set["sysfsdev"] ?? UsbAddress(set),
            _ => null,
        };
        var virtio = model.StartsWith("virtio-", StringComparison.Ordinal) || model.StartsWith("vhost-", StringComparison.Ordinal);
        return new VmDevice(kind, model.Length == 0 ? null : model, set["id"], detail, virtio);
    }

    private static VmDeviceKind KindOf(string model, OptionSet set)
    {
        if (model.StartsWith("vfio-", StringComparison.Ordinal) || model == "usb-host")
            return VmDeviceKind.Passthrough;
        if (model.StartsWith("virtio-balloon", StringComparison.Ordinal))
            return VmDeviceKind.Balloon;
        if (set["netdev"] is not null || IsOneOf(model, "virtio-net", "e1000", "rtl8139", "vmxnet3", "igb", "ne2k", "i825", "pcnet", "tulip", "spapr-vlan", "vhost-vdpa-net"))
            return VmDeviceKind.Nic;
        if (IsOneOf(model, "VGA", "qxl", "virtio-gpu", "virtio-vga", "cirrus-vga", "bochs-display", "ramfb", "secondary-vga", "vmware-svga", "vhost-user-gpu", "vhost-user-vga", "ati-vga"))
            return VmDeviceKind.Gpu;
        return set["drive"] is not null || IsOneOf(model, "virtio-blk", "vhost-user-blk", "scsi-hd", "scsi-cd", "scsi-block", "ide-hd", "ide-cd", "nvme", "usb-storage", "floppy", "sd-card")
            ? VmDeviceKind.Disk
            : VmDeviceKind.Other;
    }

    private static bool IsOneOf(string model, params ReadOnlySpan<string> prefixes)
    {
        foreach (var prefix in prefixes)
        {
            if (model.StartsWith(prefix, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private static string? UsbAddress(OptionSet set) =>
        set["vendorid"] is { } vendor ? vendor + ":" + set["productid"]
        : set["hostbus"] is { } bus ? bus + "." + (set["hostaddr"] ?? set["hostport"])
        : set["hostdevice"];

    /// <summary>The file, device or address at the end of a chain of block nodes ("libvirt-1-format" stands on "libvirt-1-storage"), named or written one inside the other.</summary>
    private string? File(string? node)
    {
        // Thousands of devices can name the same long chain.
        if (node is null || !_nodes.TryGetValue(node, out var set))
            return null;
        return _files.TryGetValue(node, out var known) ? known : _files[node] = FileOf(set);
    }

    private string? FileOf(OptionSet set)
    {
        var prefix = "";
        for (var steps = 0; steps < LongestChain; steps++)
        {
            var (at, its) = (prefix, set);
            string? Get(string key) => its[at + key];
            var driver = Get("driver");
            if (BlockDrivers.Address(driver, Get) is { } address)
                return address;

            var child = BlockDrivers.ChildOf(driver);
            if (Get(child) is not { } next)
            {
                prefix += child + ".";
                continue;
            }

            // In a -drive "file" is a file, in a -blockdev it is the name of another node.
            if (prefix.Length == 0 && set["node-name"] is null)
            {
                if (!next.StartsWith("json:", StringComparison.Ordinal))
                    return BlockDrivers.Short(next);
                set = OptionSet.Parse(next["json:".Length..], null);
            }
            else if (!_nodes.TryGetValue(next, out var below))
            {
                return null;
            }
            else
            {
                (set, prefix) = (below, "");
            }
        }

        return null;
    }

    /// <summary>What a network stands on: the tap's name where it has one.</summary>
    private static string? Behind(OptionSet network) =>
        network["ifname"] ?? network["br"] ?? network["vhostdev"] ?? network["path"] ?? network["addr.path"]
        ?? ((network["fd"] ?? network["fds"]) is not null ? network["type"] + " (descriptor)" : network["type"]);

    private void AddDrive(OptionSet drive)
    {
        if (drive["id"] is not null)
            Register(_nodes, drive, "id");

        // With if=none a -device takes it; pflash is firmware, and nobody's disk.
        var bus = drive["if"];
        if (bus is not ("none" or "pflash"))
            Add(new Pending(null, new VmDevice(VmDeviceKind.Disk, bus ?? drive["media"], drive["id"], FileOf(drive), bus == "virtio")));
    }

    private void AddNic(string? model, string? id, string? detail) =>
        Add(new Pending(null, new VmDevice(VmDeviceKind.Nic, model, id, detail, model?.StartsWith("virtio", StringComparison.Ordinal) == true)));

    private void Add(Pending device)
    {
        if (_devices.Count < MostItems)
            _devices.Add(device);
    }

    private static void Register(Dictionary<string, OptionSet> into, OptionSet set, string key)
    {
        if (set[key] is { } id && into.Count < MostItems)
            into[id] = set;
    }

    // Exactly one of the two is set.
    private sealed record Pending(OptionSet? Options, VmDevice? Done);
}
