namespace KvmTop.Vmm;

/// <summary>
/// Reads a Firecracker command line. It says little: the machine is configured through the API socket or --config-file, which are not read. The jailer
/// passes --id=NAME; without it Firecracker calls itself "anonymous-instance", which is no name.
/// </summary>
public static class FirecrackerCommandLine
{
    /// <summary>Reads all arguments, argv[0] first. Never throws.</summary>
    public static VmDescription Parse(IReadOnlyList<string> args)
    {
        string? name = null;
        foreach (var (option, value) in MonitorArguments.Read(args))
        {
            if (option == "id" && name is null && value.Length > 0)
                name = value;
        }

        return new VmDescription { Vmm = VmmKind.Firecracker, Name = name, Accelerator = "kvm" };
    }
}
