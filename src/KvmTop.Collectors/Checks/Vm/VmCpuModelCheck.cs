using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Collectors.Checks;

/// <summary>CPU models that hide what the CPU can do.</summary>
public sealed class VmCpuModelCheck() : VmCheck("vm-cpu-model", "CPU model")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        // Elsewhere a guest of KVM gets the host's CPU unasked, or does not start.
        if (vm.Info.Accelerator == "tcg" || vm.Info.Description.Vmm != VmmKind.Qemu || vm.Info.Arguments.Count == 0 || context.Cpu.Architecture is not (CpuArchitecture.X86 or CpuArchitecture.Unknown))
        {
            yield break;
        }

        var model = vm.Info.Description.CpuModel;
        if (model is null or "qemu64" or "kvm64" or "qemu32" or "kvm32" or "core2duo" or "Nehalem")
        {
            yield return Warning(
                model is null ? "no CPU model is given: the guest sees QEMU's oldest" : $"the guest sees an old CPU ({model})", model is null ? $"pid {vm.Info.Pid}: no -cpu" : $"-cpu {HostileText.Clean(model, 64)}",
                "it has no AES, AVX and fast clocks, and mitigations that its CPU does not need", "start it with -cpu host (libvirt: <cpu mode='host-passthrough'/>), or where it is migrated with the oldest CPU of the cluster");
        }
    }
}
