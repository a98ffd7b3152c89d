namespace KvmTop.Simulator.Model;

/// <summary>An entry of /proc/PID/fd.</summary>
internal readonly record struct Descriptor(int Number, string Target, string? ExtraInfo = null);

/// <summary>A user of the host, a line of /etc/passwd.</summary>
internal sealed record SimUser(string Name, int Uid, int Gid, string Home);

/// <summary>Memory of a process in kB, resident memory moving between two levels, and what of it is swapped out.</summary>
internal sealed class SimMemory
{
    public required long ResidentKb { get; init; }

    /// <summary>Moves above <see cref="ResidentKb"/>, in kB.</summary>
    public Pulse? Swing { get; init; }

    /// <summary>What is swapped out, in kB; taken off the resident memory.</summary>
    public Pulse? Swapped { get; init; }

    /// <summary>Guest memory on hugetlbfs, which does not count as resident.</summary>
    public long HugetlbKb { get; init; }

    /// <summary>Share of the resident memory that lies in transparent hugepages.</summary>
    public double Thp { get; init; }

    /// <summary>Share of the resident memory that is merged with equal pages.</summary>
    public double Merged { get; init; }

    public required long VirtualKb { get; init; }

    public long PeakKb => ResidentKb + (long)(Swing?.Height ?? 0);

    public long Resident(long now) => ResidentKb + (long)(Swing?.Value(now) ?? 0) - Swap(now);

    public long Swap(long now) => (long)(Swapped?.Value(now) ?? 0);
}

/// <summary>A process of the simulated host: a virtual machine's monitor, an ordinary program or a kernel thread.</summary>
internal sealed class SimProcess
{
    public required Lifetime Life { get; init; }

    public required string Comm { get; init; }

    /// <summary>Null for a kernel thread.</summary>
    public string? Executable { get; init; }

    /// <summary>NUL-terminated arguments; empty for a kernel thread.</summary>
    public byte[] CommandLine { get; init; } = [];

    public required SimUser User { get; init; }

    public int Parent { get; init; } = 1;

    /// <summary>The main thread first.</summary>
    public required SimThread[] Threads { get; init; }

    public required SimMemory Memory { get; init; }

    /// <summary>Node of its memory, or -1 for evenly over all.</summary>
    public int Node { get; init; } = -1;

    public Wave ReadBytes { get; init; } = Wave.None;

    public Wave WrittenBytes { get; init; } = Wave.None;

    public Descriptor[] Descriptors { get; init; } = [];

    public string Cgroup { get; init; } = "/";

    /// <summary>CPU time per time that the cgroup may use, or null; <see cref="Throttled"/> is what it is held back by.</summary>
    public double? Quota { get; init; }

    public Wave Throttled { get; init; } = Wave.None;

    /// <summary>A QMP monitor that answers; null for none.</summary>
    public SimMonitor? Qmp { get; init; }

    /// <summary>Holds a KVM VM.</summary>
    public bool IsKvm { get; init; }

    public bool IsPaused { get; init; }

    /// <summary>Its guest runs guests of its own.</summary>
    public bool IsNesting { get; init; }

    public bool IsKernel => Executable is null;

    /// <summary>Times of one generation's threads together.</summary>
    public CpuUse Times(long lived, long livedBefore)
    {
        var sum = default(CpuUse);
        foreach (var thread in Threads)
        {
            sum += thread.Times(lived);
            if (livedBefore > 0)
            {
                sum -= thread.Times(livedBefore);
            }
        }

        return sum;
    }
}
