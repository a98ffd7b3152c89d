using System.Globalization;
using System.Text;

namespace KvmTop.Simulator.Model;

/// <summary>
/// Sockets, cores and threads as an EPYC server numbers them: all first threads of socket 0, of socket 1, then all second threads. One node per socket.
/// </summary>
internal sealed class Topology
{
    private readonly int _threads;

    public Topology(int cpus)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cpus, 1);
        Cpus = cpus;
        Nodes = cpus >= 4 && cpus % 4 == 0 ? 2 : 1;
        _threads = Nodes;
        CoresPerSocket = cpus / _threads / Nodes;
        All = CpuSet.Of(Enumerable.Range(0, cpus), cpus);
        Isolated = CpuSet.Of(cpus >= 16 ? Enumerable.Range(2, 6) : [], cpus);
        NodeCpus = [.. Enumerable.Range(0, Nodes).Select(n => CpuSet.Of(All.Cpus.Where(c => NodeOf(c) == n), cpus))];
    }

    public int Cpus { get; }

    public int Nodes { get; }

    public int CoresPerSocket { get; }

    public int ThreadsPerSocket => CoresPerSocket * _threads;

    public CpuSet All { get; }

    public CpuSet[] NodeCpus { get; }

    /// <summary>CPUs that isolcpus= and nohz_full= keep for pinned vCPUs; none on a small host.</summary>
    public CpuSet Isolated { get; }

    public CpuSet Housekeeping => CpuSet.Of(All.Cpus.Except(Isolated.Cpus), Cpus);

    public int NodeOf(int cpu) => cpu % (Cpus / _threads) / CoresPerSocket;

    public int CoreOf(int cpu) => cpu % CoresPerSocket;

    public CpuSet SiblingsOf(int cpu) => CpuSet.Of(All.Cpus.Where(c => c % (Cpus / _threads) == cpu % (Cpus / _threads)), Cpus);
}

/// <summary>A set of CPUs with the two spellings that the kernel has for it.</summary>
internal sealed class CpuSet
{
    private CpuSet(int[] cpus, int possible)
    {
        Cpus = cpus;
        List = ListOf(cpus);
        Mask = MaskOf(cpus, possible);
    }

    public int[] Cpus { get; }

    /// <summary>"0-3,8".</summary>
    public string List { get; }

    /// <summary>"ffffffff,0000000f": 32 bits per group, the highest first, leading zeros of the first left out for a small host.</summary>
    public string Mask { get; }

    public static CpuSet Of(IEnumerable<int> cpus, int possible) => new([.. cpus.Where(c => c < possible).Distinct().Order()], possible);

    private static string ListOf(int[] cpus)
    {
        var text = new StringBuilder();
        for (var i = 0; i < cpus.Length; i++)
        {
            var last = i;
            while (last + 1 < cpus.Length && cpus[last + 1] == cpus[last] + 1)
            {
                last++;
            }

            text.Append(text.Length > 0 ? "," : "").Append(cpus[i]);
            if (last > i)
            {
                text.Append('-').Append(cpus[last]);
            }

            i = last;
        }

        return text.ToString();
    }

    private static string MaskOf(int[] cpus, int possible)
    {
        var words = new uint[(possible + 31) / 32];
        foreach (var cpu in cpus)
        {
            words[cpu / 32] |= 1u << (cpu % 32);
        }

        var digits = (possible - 1) % 32 / 4 + 1;
        return string.Join(',', words.Reverse().Select((w, i) =>
            w.ToString(i == 0 ? "x" + digits.ToString(CultureInfo.InvariantCulture) : "x8", CultureInfo.InvariantCulture)));
    }
}
