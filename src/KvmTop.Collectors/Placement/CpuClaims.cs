using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>How many vCPUs each CPU has to bear, in parts: of one that may run on two CPUs each bears a half.</summary>
public sealed class CpuClaims
{
    private readonly List<double> _claims = [];

    /// <summary>No claims.</summary>
    public CpuClaims()
    {
    }

    /// <summary>A copy, to go on from.</summary>
    public CpuClaims(CpuClaims other) => _claims.AddRange(other._claims);

    /// <summary>True when no CPU has anything to bear.</summary>
    public bool IsEmpty => _claims.Count == 0;

    /// <summary>The CPUs that have something to bear.</summary>
    public CpuSet Cpus => CpuSet.Of(Enumerable.Range(0, _claims.Count).Where(Has));

    /// <summary>What a CPU has to bear; 0 for nothing.</summary>
    public double Of(int cpu) => cpu < _claims.Count ? _claims[cpu] : 0;

    /// <summary>True when a CPU has something to bear.</summary>
    public bool Has(int cpu) => Of(cpu) > 0;

    /// <summary>Adds vCPUs that may all run on the same CPUs.</summary>
    public void Add(CpuSet cpus, int vcpus)
    {
        foreach (var cpu in cpus)
        {
            while (_claims.Count <= cpu)
                _claims.Add(0);
            _claims[cpu] += (double)vcpus / cpus.Count;
        }
    }
}
