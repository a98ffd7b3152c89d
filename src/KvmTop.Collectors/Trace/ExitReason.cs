namespace KvmTop.Collectors;

/// <summary>Who told why a vCPU left the guest.</summary>
public enum ExitReasonKind : byte
{
    /// <summary>The processor: kvm_exit. Time runs from there to kvm_entry.</summary>
    Hardware,

    /// <summary>KVM, on leaving for the VMM, where no kvm_exit was seen before: KVM emulates the guest. Time is the VMM's alone.</summary>
    Userspace,

    /// <summary>KVM_RUN ended with an error number (a signal, mostly), where no kvm_exit was seen before.</summary>
    Interrupted,

    /// <summary>Something that KVM did for the guest without a kvm_exit and without leaving for the VMM: counted, no time is known.</summary>
    InKernel,
}

/// <summary>Why a vCPU left the guest.</summary>
/// <param name="Kind">Who told.</param>
/// <param name="Code">The reason as the processor (exit_reason) or KVM (KVM_EXIT_*, error number, <see cref="KvmTraceKind"/>) numbers it.</param>
/// <param name="Isa">1 VMX, 2 SVM; 0 for other kinds.</param>
public readonly record struct ExitReason(ExitReasonKind Kind, uint Code, uint Isa)
{
    internal ulong Key => ((ulong)Kind << 56) | ((ulong)(Isa & 0xff) << 48) | Code;
}

/// <summary>What the details of an exit are.</summary>
public enum ExitDetailKind : byte
{
    /// <summary>A read from an I/O port.</summary>
    PortRead,

    /// <summary>A write to an I/O port.</summary>
    PortWrite,

    /// <summary>A read from a device's memory.</summary>
    MmioRead,

    /// <summary>A write to a device's memory.</summary>
    MmioWrite,

    /// <summary>A read of a model specific register.</summary>
    MsrRead,

    /// <summary>A write of a model specific register.</summary>
    MsrWrite,

    /// <summary>A CPUID leaf and its subleaf.</summary>
    Cpuid,

    /// <summary>A hypercall to KVM.</summary>
    Hypercall,

    /// <summary>A hypercall to KVM's Hyper-V interface.</summary>
    HyperVHypercall,

    /// <summary>The exit went on to the VMM, for this KVM_EXIT_* reason.</summary>
    Userspace,

    /// <summary>The guest's instruction pointer.</summary>
    Rip,
}

/// <summary>One thing a guest asked for, as a key: 4 bits of kind, 4 of size, 56 of address or number.</summary>
public readonly record struct ExitDetail(ExitDetailKind Kind, int Size, ulong Address)
{
    private const ulong AddressMask = (1UL << 56) - 1;

    /// <summary>As the key of a <see cref="TopTable"/>.</summary>
    public ulong Key => ((ulong)Kind << 60) | ((ulong)(Size & 15) << 56) | (Address & AddressMask);

    /// <summary>Out of such a key.</summary>
    public static ExitDetail Of(ulong key)
    {
        var address = key & AddressMask;
        var kind = (ExitDetailKind)(key >> 60);

        // Kernel addresses have all upper bits set.
        return new ExitDetail(kind, (int)(key >> 56) & 15, kind == ExitDetailKind.Rip && (address >> 55) != 0 ? address | ~AddressMask : address);
    }
}
