namespace KvmTop.Simulator.Model;

/// <summary>What a thread does when it waits, which is what wchan and syscall tell.</summary>
internal enum ThreadRole
{
    Main,
    Vcpu,
    TcgVcpu,
    EventLoop,
    Worker,
    Kernel,
}

/// <summary>CPU times of a thread or a sum of them, in ns.</summary>
internal struct CpuUse
{
    public long Run;
    public long Guest;

    /// <summary>Includes <see cref="Guest"/>.</summary>
    public long User;

    public readonly long System => Run - User;

    public static CpuUse operator -(CpuUse a, CpuUse b) => new() { Run = a.Run - b.Run, Guest = a.Guest - b.Guest, User = a.User - b.User };

    public static CpuUse operator +(CpuUse a, CpuUse b) => new() { Run = a.Run + b.Run, Guest = a.Guest + b.Guest, User = a.User + b.User };
}

/// <summary>One thread: what it runs, what it waits for a CPU, and where.</summary>
internal sealed class SimThread
{
    private const long RunningSlot = 20_000_000;
    private const double OnHome = 0.7;
    private const double OnSecond = 0.9;

    /// <summary>Added to the process id gives the thread id.</summary>
    public required int Offset { get; init; }

    public required string Name { get; init; }

    public required ThreadRole Role { get; init; }

    /// <summary>Index of the vCPU, or -1.</summary>
    public int Vcpu { get; init; } = -1;

    /// <summary>CPU time per time, at most 1.</summary>
    public required Wave Run { get; set; }

    /// <summary>Time runnable without a CPU, per time. Together with <see cref="Run"/> at most 1.</summary>
    public Wave Delay { get; init; } = Wave.None;

    /// <summary>Share of the CPU time that the guest had.</summary>
    public double GuestShare { get; init; }

    /// <summary>Share of the CPU time in user mode, that of the guest included.</summary>
    public double UserShare { get; init; } = 0.6;

    public required CpuSet Affinity { get; init; }

    /// <summary>The CPUs that it runs on, 70, 20 and 10 % of its time; the same one thrice when it is pinned to one.</summary>
    public int[] Homes { get; set; } = [0, 0, 0];

    public string? Cgroup { get; init; }

    public ulong Salt { get; init; }

    public CpuUse Times(long lived)
    {
        var run = Run.Integral(lived);
        return new CpuUse { Run = run, Guest = (long)(run * GuestShare), User = (long)(run * UserShare) };
    }

    /// <summary>On a CPU, or waiting for one, at this moment; true as often as the waves say.</summary>
    public bool IsRunning(long now, long lived) => SplitMix.Unit(Salt, now / RunningSlot) < Run.Rate(lived) + Delay.Rate(lived);

    /// <summary>The CPU that it ran on last.</summary>
    public int CpuAt(long now)
    {
        // Moves every second or so, each thread in its own time.
        var slot = (now + (long)(Salt & 0x3FFF_FFFF)) / (700_000_000 + (long)(Salt >> 36));
        var draw = SplitMix.Unit(~Salt, slot);
        return Homes[draw < OnHome ? 0 : draw < OnSecond ? 1 : 2];
    }

    /// <summary>Divides nanoseconds among the three homes; each part never falls while the whole grows.</summary>
    public static void Divide(long whole, out long first, out long second, out long third)
    {
        first = (long)(whole * OnHome);
        var rest = whole - first;
        second = rest * 2 / 3;
        third = rest - second;
    }

    /// <summary>The shares by which <see cref="Divide"/> divides.</summary>
    public static ReadOnlySpan<double> HomeShares => [OnHome, OnSecond - OnHome, 1 - OnSecond];
}
