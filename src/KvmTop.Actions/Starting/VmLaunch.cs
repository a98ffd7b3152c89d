using System.Globalization;
using System.Runtime.InteropServices;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>From a definition to the plan that starts it on this host.</summary>
internal static class VmLaunch
{
    private static readonly string[] s_uefi =
    [
        "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/x64/OVMF_CODE.4m.fd",
        "/usr/share/qemu/ovmf-x86_64-code.bin", "/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw", "/usr/share/qemu/edk2-x86_64-code.fd",
    ];

    /// <summary>The command line that would start it here.</summary>
    public static IReadOnlyList<string> Command(HostControl host, VmDefinition vm, LaunchFiles files) =>
        QemuLaunch.Build(vm, Program(host) ?? UsualProgram, files, vm.Firmware == "uefi" ? Uefi(host) : null, host.ReadText("/etc/machine-id", out _) ?? "");

    /// <summary>Where its files lie while it runs; null where there is no place for them.</summary>
    public static LaunchFiles? Files(HostControl host, VmDefinition vm) => new VmStore(host).RuntimeDirectory is { } directory ? new LaunchFiles(directory, vm.Name) : null;

    /// <summary>The plan that starts it, with all that stands in its way.</summary>
    /// <param name="context">The moment and the host.</param>
    /// <param name="action">The action that asks.</param>
    /// <param name="words">Its words, with its name.</param>
    /// <param name="vm">The definition.</param>
    public static ActionPlan Plan(ActionContext context, string action, IReadOnlyList<string> words, VmDefinition vm)
    {
        var host = context.Control;
        var title = string.Create(CultureInfo.InvariantCulture, $"Start {vm.Name} ({Vcpus(vm)}, {VmDefinitionText.Size(vm.MemoryBytes)})");
        if (Files(host, vm) is not { } files)
            return ActionPlan.Refused(action, words, title, "there is no place for its monitor: XDG_RUNTIME_DIR is not set");

        var obstacles = new List<Obstacle>();
        if (Program(host) is null)
            obstacles.Add(Obstacle.Refused($"{UsualProgram} is not installed"));
        if (vm.Firmware == "uefi" && Uefi(host) is null)
            obstacles.Add(Obstacle.Refused("firmware: no UEFI image is installed", "install ovmf (edk2-ovmf), or give its path"));

        // Of a monitor's address the kernel takes 107 bytes.
        if (System.Text.Encoding.UTF8.GetByteCount(files.Console) > 107)
            obstacles.Add(Obstacle.Refused($"{files.Console} is too long for a socket"));
        obstacles.AddRange(StartChecks.Find(context, vm, files));
        var notes = new List<string> { $"It goes on when kvmtop ends. Its monitor: {files.Monitor}; its console: {files.Console}; what QEMU says: {files.Log}." };
        notes.AddRange(LaunchImages.Notes(host, vm, vm.Firmware == "uefi" ? Uefi(host) : null));
        notes.AddRange(StartChecks.Namesakes(context, vm).Take(10));
        if (vm.Vcpus > context.Topology.Online.Count)
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"{vm.Vcpus} vCPUs are more than the {context.Topology.Online.Count} CPUs of this host."));
        return new ActionPlan
        {
            Action = action,
            Title = title,
            Words = words,
            Obstacles = obstacles,
            Effects = [new StartVmEffect(vm.Name, Command(host, vm, files), files.Directory) { DeadlineSeconds = Deadline(vm) }],
            Notes = notes,
        };
    }

    /// <summary>"1 vCPU", "4 vCPUs".</summary>
    public static string Vcpus(VmDefinition vm) => string.Create(CultureInfo.InvariantCulture, $"{vm.Vcpus} vCPU{(vm.Vcpus == 1 ? "" : "s")}");

    /// <summary>The kernel clears what is taken at the start: a GiB in well below two seconds.</summary>
    private static int Deadline(VmDefinition vm) => (int)Math.Min(30 + (vm.Prealloc || vm.HugepageBytes is not null ? (vm.MemoryBytes >> 30) * 2 : 0), 3600);

    private static string UsualProgram => RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "qemu-system-aarch64" : "qemu-system-x86_64";

    private static string? Program(HostControl host)
    {
        // Red Hat's stands outside of PATH.
        const string other = "/usr/libexec/qemu-kvm";
        return host.HasProgram(UsualProgram) ? UsualProgram : host.Files.Exists(other) ? other : null;
    }

    private static string? Uefi(HostControl host)
    {
        foreach (var path in s_uefi)
        {
            if (host.Files.Exists(path))
                return path;
        }

        return null;
    }
}
