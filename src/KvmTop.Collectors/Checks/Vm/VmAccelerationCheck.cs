namespace KvmTop.Collectors.Checks;

/// <summary>Guests that are emulated.</summary>
public sealed class VmAccelerationCheck() : VmCheck("vm-acceleration", "Runs under KVM")
{
    /// <inheritdoc/>
    protected override IEnumerable<CheckFinding> Run(CheckContext context, VmModel vm)
    {
        if (vm.Info.Accelerator == "tcg")
        {
            var foreign = vm.Info.Arguments.Count > 0 && !vm.Info.Arguments[0].EndsWith("x86_64", StringComparison.Ordinal) && context.Cpu.IsX86;
            yield return foreign
                ? Info("emulated: its architecture is another one", vm.Info.Arguments[0], "every instruction is translated; KVM cannot help")
                : Warning("emulated, without KVM", FormattableString.Invariant($"pid {vm.Info.Pid} runs by TCG"), "every instruction is translated: ten times slower and more", "start it with -accel kvm (libvirt: <domain type='kvm'>)");
        }
    }
}
