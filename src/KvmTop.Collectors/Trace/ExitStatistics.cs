namespace KvmTop.Collectors;

/// <summary>What was counted for one exit reason on one vCPU, or on several together.</summary>
public sealed class ExitStatistics(ExitReason reason)
{
    private TopTable? _details;
    private TopTable? _rips;
    private TopTable? _userspace;

    /// <summary>Which reason.</summary>
    public ExitReason Reason { get; } = reason;

    /// <summary>Exits, those included whose end was not seen.</summary>
    public long Count { get; private set; }

    /// <summary>How many of them went on to the VMM.</summary>
    public long UserspaceCount { get; private set; }

    /// <summary>From leaving the guest to going on; where no kvm_exit was seen, what <see cref="Vmm"/> has.</summary>
    public LatencyHistogram Total { get; } = new();

    /// <summary>The part of it that passed in the kernel. Empty where no kvm_exit was seen: the kernel's part is then not known.</summary>
    public LatencyHistogram Kernel { get; } = new();

    /// <summary>The part of it that passed in the VMM, for those exits that went there.</summary>
    public LatencyHistogram Vmm { get; } = new();

    /// <summary>Ports, addresses, registers, leaves, numbers: keys are those of <see cref="ExitDetail"/>.</summary>
    public TopTable? Details => _details;

    /// <summary>The guest's instruction pointers.</summary>
    public TopTable? Rips => _rips;

    /// <summary>The KVM_EXIT_* reasons of those that went to the VMM.</summary>
    public TopTable? Userspace => _userspace;

    internal void CountExit() => Count++;

    internal void CountUserspace() => UserspaceCount++;

    internal void AddDetail(ulong key, ulong nanoseconds) => (_details ??= new TopTable()).Add(key, nanoseconds);

    internal void AddRip(ulong rip, ulong nanoseconds) => (_rips ??= new TopTable()).Add(new ExitDetail(ExitDetailKind.Rip, 0, rip).Key, nanoseconds);

    internal void AddUserspace(uint code, ulong nanoseconds) => (_userspace ??= new TopTable()).Add(new ExitDetail(ExitDetailKind.Userspace, 0, code).Key, nanoseconds);

    internal void Add(ExitStatistics other)
    {
        Count += other.Count;
        UserspaceCount += other.UserspaceCount;
        Total.Add(other.Total);
        Kernel.Add(other.Kernel);
        Vmm.Add(other.Vmm);
        Merge(ref _details, other._details);
        Merge(ref _rips, other._rips);
        Merge(ref _userspace, other._userspace);
    }

    private static void Merge(ref TopTable? into, TopTable? from)
    {
        if (from is not null)
        {
            (into ??= new TopTable()).Add(from);
        }
    }
}
