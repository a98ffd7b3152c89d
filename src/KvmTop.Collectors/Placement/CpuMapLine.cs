using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>A vCPU, or several that may run on the same CPUs, as a row of a <see cref="CpuMap"/>.</summary>
/// <param name="Label">Whose it is, cleaned.</param>
/// <param name="Allowed">Where it may run; null when that is not known.</param>
/// <param name="Last">Where it runs or ran last; empty when that is not known.</param>
/// <param name="Vcpus">How many vCPUs the row stands for; 0 for a row that competes for nothing.</param>
public sealed record CpuMapRow(string Label, CpuSet? Allowed, CpuSet Last, int Vcpus = 1)
{
    /// <summary>The row of one vCPU.</summary>
    /// <param name="label">Whose it is, cleaned.</param>
    /// <param name="allowed">Where it may run; null when that is not known.</param>
    /// <param name="last">Where it ran last; negative when that is not known.</param>
    public static CpuMapRow Of(string label, CpuSet? allowed, int last) => new(label, allowed, last < 0 ? CpuSet.Empty : CpuSet.Of([last]));
}

/// <summary>What a character of a map means, from which the screen decides how it looks.</summary>
public enum CpuMapInk : byte
{
    /// <summary>Blank.</summary>
    None,

    /// <summary>Name of a node.</summary>
    Heading,

    /// <summary>Number of a CPU.</summary>
    Number,

    /// <summary>Number of a CPU that the scheduler keeps free.</summary>
    Isolated,

    /// <summary>May run here, as on most others.</summary>
    Floating,

    /// <summary>May run here and on few others.</summary>
    Pinned,

    /// <summary>May run here and on few others, and more vCPUs are pinned there than there are CPUs.</summary>
    Crowded,

    /// <summary>Runs or ran here last.</summary>
    Running,

    /// <summary>The same where too many are pinned.</summary>
    RunningCrowded,

    /// <summary>Ran where it may not run any more.</summary>
    Astray,

    /// <summary>May run here from now on.</summary>
    Added,

    /// <summary>May not run here any more.</summary>
    Removed,
}

/// <summary>A line of a map.</summary>
/// <param name="Label">What stands in front; may be longer than there is room for.</param>
/// <param name="Cells">The columns of the CPUs, in characters of one column.</param>
/// <param name="Inks">What each character of the cells means.</param>
/// <param name="Note">What stands behind: the CPUs as a list.</param>
public sealed record CpuMapLine(string Label, string Cells, CpuMapInk[] Inks, string Note);
