namespace KvmTop.Collectors;

/// <summary>What a trace event says.</summary>
public enum KvmTraceKind : byte
{
    /// <summary>Not one of ours.</summary>
    None,

    /// <summary>kvm_exit: the guest left. Code is the reason, Sub the instruction set (1 VMX, 2 SVM), Value the guest's instruction pointer.</summary>
    Exit,

    /// <summary>kvm_entry: the guest goes on.</summary>
    Entry,

    /// <summary>kvm_userspace_exit: KVM hands over to the VMM. Code is KVM_EXIT_*, Sub the negated error number as 32 bits (0: none).</summary>
    UserspaceExit,

    /// <summary>kvm_fpu with load=1: the VMM has called KVM_RUN again.</summary>
    RunStart,

    /// <summary>kvm_pio: Value is the port, Code the size, Sub 1 for a write.</summary>
    Pio,

    /// <summary>kvm_mmio: Value is the guest's physical address, Code the size, Sub 0 read that the VMM must answer, 1 read that is answered, 2 write.</summary>
    Mmio,

    /// <summary>kvm_msr: Value is the register, Sub 1 for a write.</summary>
    Msr,

    /// <summary>kvm_cpuid: Value is the leaf, Sub the subleaf.</summary>
    Cpuid,

    /// <summary>kvm_hypercall or kvm_hv_hypercall: Value is the number, Sub 1 for Hyper-V's.</summary>
    Hypercall,
}

/// <summary>One event of a vCPU's thread, decoded.</summary>
/// <param name="Kind">Which; it decides what the rest means.</param>
/// <param name="Time">Nanoseconds on the kernel's clock.</param>
/// <param name="Code">See <see cref="KvmTraceKind"/>.</param>
/// <param name="Sub">See <see cref="KvmTraceKind"/>.</param>
/// <param name="Value">See <see cref="KvmTraceKind"/>.</param>
public readonly record struct KvmTraceEvent(KvmTraceKind Kind, ulong Time, uint Code, uint Sub, ulong Value);
