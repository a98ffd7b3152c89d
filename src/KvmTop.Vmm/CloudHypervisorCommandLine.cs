namespace KvmTop.Vmm;

/// <summary>
/// Reads a Cloud Hypervisor command line. Without --kernel or --firmware the machine is made through the API socket and nothing is known here; with one of them
/// the defaults are 1 vCPU and 512 MiB, which stay null too. It has no name for a machine.
/// </summary>
public static class CloudHypervisorCommandLine
{
    private const int MostDevices = 1024;

    /// <summary>Reads all arguments, argv[0] first. Never throws.</summary>
    public static VmDescription Parse(IReadOnlyList<string> args)
    {
        var devices = new List<VmDevice>();
        var zones = new List<OptionSet>();
        OptionSet? cpus = null, memory = null;
        string? uuid = null;
        foreach (var (option, value) in MonitorArguments.Read(args, manyValues: true))
        {
            var set = OptionSet.Parse(value, null);
            switch (option)
            {
                case "cpus":
                    cpus = set;
                    break;
                case "memory":
                    memory = set;
                    break;
                case "memory-zone":
                    if (zones.Count < MostDevices)
                        zones.Add(set);
                    break;
                case "platform":
                    uuid = set["uuid"] ?? uuid;
                    break;
                default:
                    if (devices.Count < MostDevices && Device(option, set) is { } device)
                        devices.Add(device);
                    break;
            }
        }

        // With zones --memory has a size of 0, and each zone its own.
        ulong? size = null, most = null;
        zones.Insert(0, memory ?? OptionSet.Parse("", null));
        foreach (var zone in zones)
        {
            if (MemorySize.Parse(zone["size"], 'B') is { } its)
            {
                // What virtio-mem has plugged at start counts; the rest of its region may come.
                size = Sum(size, Sum(its, MemorySize.Parse(zone["hotplugged_size"], 'B')));
                most = Sum(most, Sum(its, MemorySize.Parse(zone["hotplug_size"], 'B')));
            }
        }

        var boot = MonitorArguments.Count(cpus?["boot"]);
        return new VmDescription
        {
            Vmm = VmmKind.CloudHypervisor,
            Uuid = VmUuid.Normal(uuid),
            VcpuCount = boot,
            MaxVcpus = MonitorArguments.Count(cpus?["max"]) ?? boot,
            MemoryBytes = size,
            MaxMemoryBytes = most > size ? most : null,
            MemoryPrealloc = zones.Exists(static z => z.Flag("prealloc") == true),
            MemoryPath = zones.ConvertAll(static z => z["file"]).Find(static f => f is not null),
            Backings = zones.FindAll(static z => z.Flag("hugepages") == true).ConvertAll(static z => new MemoryBacking(
                "memfd", MemorySize.Parse(z["size"], 'B'), null, z.Flag("shared") == true, z.Flag("prealloc") == true, true, MemorySize.Parse(z["hugepage_size"], 'B'), z["host_numa_node"], null)),
            Accelerator = "kvm",
            Devices = devices,
        };
    }

    private static ulong? Sum(ulong? a, ulong? b) => a is { } x && b is { } y ? x <= ulong.MaxValue - y ? x + y : a : a ?? b;

    private static VmDevice? Device(string option, OptionSet set) => option switch
    {
        "disk" => new VmDevice(VmDeviceKind.Disk, "virtio-blk", set["id"], set["path"] ?? set["vhost_socket"] ?? set["socket"], true),
        "net" => new VmDevice(VmDeviceKind.Nic, "virtio-net", set["id"], set["tap"] ?? set["vhost_socket"] ?? set["socket"], true),
        "vdpa" => new VmDevice(VmDeviceKind.Passthrough, "vdpa", set["id"], set["path"], true),
        "device" => new VmDevice(VmDeviceKind.Passthrough, "vfio-pci", set["id"], set["path"], false),
        "balloon" => new VmDevice(VmDeviceKind.Balloon, "virtio-balloon", null, set["size"], true),
        "fs" => new VmDevice(VmDeviceKind.Other, "virtio-fs", set["id"], set["tag"], true),
        "vsock" => new VmDevice(VmDeviceKind.Other, "virtio-vsock", set["id"], set["socket"], true),
        _ => null,
    };
}
