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
                case "platform":
                    uuid = set["uuid"];
                    break;
                default:
                    if (devices.Count < MostDevices && Device(option, set) is { } device)
                        devices.Add(device);
                    break;
            }
        }

        var size = MemorySize.Parse(memory?["size"], 'B');
        var hotplug = MemorySize.Parse(memory?["hotplug_size"], 'B');
        var boot = MonitorArguments.Count(cpus?["boot"]);
        return new VmDescription
        {
            Vmm = VmmKind.CloudHypervisor,
            Uuid = uuid,
            VcpuCount = boot,
            MaxVcpus = MonitorArguments.Count(cpus?["max"]) ?? boot,
            MemoryBytes = size,
            MaxMemoryBytes = size is { } s && hotplug is { } h && s <= ulong.MaxValue - h ? s + h : null,
            MemoryPrealloc = memory?.Flag("prealloc") == true,
            MemoryPath = memory?["file"],
            Accelerator = "kvm",
            Devices = devices,
        };
    }

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
