namespace KvmTop.Simulator;

/// <summary>What a <see cref="SimulatedHost"/> looks like. Two hosts with the same options and the same clock answer alike to the last digit.</summary>
public sealed record SimulatedHostOptions
{
    /// <summary>Virtual machines, or 0 for the demo's hand-made population.</summary>
    public int Vms { get; init; }

    /// <summary>vCPUs of each VM; of no meaning to the demo.</summary>
    public int VcpusPerVm { get; init; }

    /// <summary>Logical CPUs of the host.</summary>
    public int PCpus { get; init; } = 32;

    /// <summary>Chooses among the possible courses of the loads.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The clock that drives everything; the system's unless a test brings its own.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>A dozen and a few VMs on a two-socket host, some of them in trouble.</summary>
    public static SimulatedHostOptions Demo { get; } = new();

    /// <summary>Many VMs of one kind, for load tests. The host grows with them up to 256 CPUs; its loads shrink where that is not enough.</summary>
    public static SimulatedHostOptions Scale(int vms, int vcpus)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vms, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(vcpus, 1);
        return new() { Vms = vms, VcpusPerVm = vcpus, PCpus = Math.Clamp((int)Math.Min((long)vms * vcpus / 4, 256) / 32 * 32, 32, 256) };
    }
}
