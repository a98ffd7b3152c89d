namespace KvmTop.RealTests.Harness;

/// <summary>How a test wants its guest.</summary>
public sealed record GuestOptions
{
    /// <summary>The guest's name; one that no other guest on the machine has when null.</summary>
    public string? Name { get; init; }

    public GuestWork Work { get; init; } = GuestWork.Spin;

    public int Vcpus { get; init; } = 1;

    public int MemoryMiB { get; init; } = 64;

    /// <summary>The group to put all of the guest's threads in; the caller disposes it after the guest.</summary>
    public CgroupBox? Cgroup { get; init; }

    /// <summary>The CPU to bind every vCPU thread to.</summary>
    public int? PinTo { get; init; }

    /// <summary>False: QEMU names no threads, so that <c>CPU n/KVM</c> is nowhere to be seen.</summary>
    public bool DebugThreads { get; init; } = true;

    /// <summary>True: emulated without KVM (<c>accel=tcg</c>).</summary>
    public bool Tcg { get; init; }

    /// <summary>Another QEMU than that on the PATH.</summary>
    public string? Qemu { get; init; }

    /// <summary>A program, with arguments, that runs QEMU: <c>ip netns exec NAME</c>.</summary>
    public IReadOnlyList<string> Prefix { get; init; } = [];

    /// <summary>More QEMU arguments, at the end of its command line.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];
}
