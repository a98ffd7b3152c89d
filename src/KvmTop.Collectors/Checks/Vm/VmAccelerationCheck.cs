using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>Guests that are emulated.</summary>
public sealed class VmAccelerationCheck() : VmCheck("vm-acceleration", "Runs under KVM")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        if (vm.Info.Accelerator == "tcg")
        {
            // The link of its program is the kernel's word; the first argument is anybody's.
            var program = vm.Info.Program.Contains('/', StringComparison.Ordinal) || vm.Info.Arguments.Count == 0 ? vm.Info.Program : vm.Info.Arguments[0];
            yield return QemuArchitecture.IsForeign(program, HostArchitecture.Read(context.Host))
                ? Info("emulated: its architecture is another one", program, "every instruction is translated; KVM cannot help")
                : Warning("emulated, without KVM", FormattableString.Invariant($"pid {vm.Info.Pid} ({program}) runs by TCG"), "every instruction is translated: ten times slower and more", "start it with -accel kvm (libvirt: <domain type='kvm'>)");
        }
    }
}
