using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>QEMU that does not name its threads.</summary>
public sealed class VmThreadNamesCheck() : VmCheck("vm-thread-names", "Thread names")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        var about = vm.Info.Description;
        if (about.Vmm == VmmKind.Qemu && !about.DebugThreads && vm.Info.Arguments.Count > 0 && vm.Info.VcpuThreads == 0)
        {
            yield return Info("its threads have no names", FormattableString.Invariant($"/proc/{vm.Info.Pid}/task/*/comm"), "tools cannot tell vCPUs from other threads", "start it with -name NAME,debug-threads=on");
        }
    }
}
