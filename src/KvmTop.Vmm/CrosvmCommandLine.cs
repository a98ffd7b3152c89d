namespace KvmTop.Vmm;

/// <summary>Reads a crosvm command line ("crosvm run .."). What is not said stays null; crosvm then takes 1 vCPU and 256 MiB. Memory counts MiB.</summary>
public static class CrosvmCommandLine
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
                    name ??= value.Length > 0 ? value : null;
                    break;
                case "cpus" or "c":
                    cpus ??= MonitorArguments.Count(OptionSet.Parse(value, "num-cores")["num-cores"]);
                    break;
                case "mem" or "m":
                    memory ??= MemorySize.Parse(OptionSet.Parse(value, "size")["size"], 'M');
                    break;
                default:
                    if (devices.Count < MostDevices && Device(option, value) is { } device)
                        devices.Add(device);
                    break;
            }
        }

        return new VmDescription
        {
            Vmm = VmmKind.Crosvm,
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
        "b" or "block" or "d" or "disk" or "rwdisk" or "root" or "r" or "rwroot" =>
            new VmDevice(VmDeviceKind.Disk, "virtio-blk", null, OptionSet.Parse(value, "path")["path"], true),
        "net" => new VmDevice(VmDeviceKind.Nic, "virtio-net", null, OptionSet.Parse(value, null)["tap-name"], true),
        "tap-name" => new VmDevice(VmDeviceKind.Nic, "virtio-net", null, value, true),
        "vfio" => new VmDevice(VmDeviceKind.Passthrough, "vfio-pci", null, OptionSet.Parse(value, "path")["path"], false),
        "gpu" => new VmDevice(VmDeviceKind.Gpu, "virtio-gpu", null, null, true),
        _ => null,
    };
}
