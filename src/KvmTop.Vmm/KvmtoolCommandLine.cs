namespace KvmTop.Vmm;

/// <summary>
/// Reads a kvmtool command line ("lkvm run .."). What is not said stays null; kvmtool then takes as many vCPUs as the host has CPUs, a share of the host's
/// memory, and the name "guest-PID". Memory counts MiB.
/// </summary>
public static class KvmtoolCommandLine
{
    private const int MostDevices = 1024;

    /// <summary>Reads all arguments, argv[0] first. Never throws.</summary>
    public static VmDescription Parse(IReadOnlyList<string> args)
    {
        var devices = new List<VmDevice>();
        string? name = null;
        int? cpus = null;
        ulong? memory = null;
        foreach (var (option, value) in MonitorArguments.Read(args))
        {
            switch (option)
            {
                case "name":
                    name = value.Length > 0 ? value : null;
                    break;
                case "cpus" or "c":
                    cpus = MonitorArguments.Count(value);
                    break;
                case "mem" or "m":
                    memory = MemorySize.Parse(value.Split('@', 2)[0], 'M');
                    break;
                default:
                    if (devices.Count < MostDevices && Device(option, value) is { } device)
                        devices.Add(device);
                    break;
            }
        }

        return new VmDescription
        {
            Vmm = VmmKind.Kvmtool,
            Name = name,
            VcpuCount = cpus,
            MaxVcpus = cpus,
            MemoryBytes = memory,
            Accelerator = "kvm",
            Devices = devices,
        };
    }

    private static VmDevice? Device(string option, string value) => option switch
    {
        "disk" or "d" => new VmDevice(VmDeviceKind.Disk, "virtio-blk", null, value.Split(',', 2)[0], true),
        "network" or "n" => new VmDevice(VmDeviceKind.Nic, "virtio-net", null, OptionSet.Parse(value, "mode")["tapif"] ?? OptionSet.Parse(value, "mode")["mode"], true),
        "vfio-pci" => new VmDevice(VmDeviceKind.Passthrough, "vfio-pci", null, value, false),
        "balloon" => new VmDevice(VmDeviceKind.Balloon, "virtio-balloon", null, null, true),
        _ => null,
    };
}
