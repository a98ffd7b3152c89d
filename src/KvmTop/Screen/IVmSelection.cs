using KvmTop.Collectors;

namespace KvmTop.Screen;

/// <summary>A pane in which one VM is under the cursor, or that shows one: what commands about a VM apply to.</summary>
internal interface IVmSelection
{
    /// <summary>The VM, and its vCPU when the cursor is on one; null when there is none.</summary>
    (VmInfo Vm, int? Vcpu)? SelectedVm { get; }
}
