namespace KvmTop.Simulator.Model;

/// <summary>Gives each thread its CPUs, the emptiest first, and sees to it that no CPU is ever asked for more than it has.</summary>
internal static class Placement
{
    /// <summary>What threads may take of a CPU at most; the rest is for interrupts and a margin.</summary>
    private const double Ceiling = 0.95;

    public static void Place(IReadOnlyList<SimProcess> processes, Topology topology)
    {
        var load = new double[topology.Cpus];
        // Those with the least choice choose first, then the largest.
        var threads = processes.SelectMany(p => p.Threads).OrderBy(t => t.Affinity.Cpus.Length).ThenByDescending(t => t.Run.Max).ToArray();
        foreach (var thread in threads)
        {
            var homes = new int[3];
            for (var i = 0; i < homes.Length; i++)
            {
                homes[i] = Emptiest(thread.Affinity.Cpus, load, homes.AsSpan(0, i));
                load[homes[i]] += thread.Run.Max * SimThread.HomeShares[i];
            }

            thread.Homes = homes;
        }

        var fullest = load.Max();
        if (fullest <= Ceiling)
        {
            return;
        }

        foreach (var thread in threads)
        {
            thread.Run = thread.Run.Times(Ceiling / fullest);
        }
    }

    private static int Emptiest(int[] allowed, double[] load, ReadOnlySpan<int> taken)
    {
        var best = -1;
        foreach (var cpu in allowed)
        {
            if ((best < 0 || load[cpu] < load[best]) && !taken.Contains(cpu))
            {
                best = cpu;
            }
        }

        return best < 0 ? allowed[0] : best;
    }
}
