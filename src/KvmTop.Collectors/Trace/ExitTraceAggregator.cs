namespace KvmTop.Collectors;

/// <summary>
/// Trace events in, statistics by exit reason out. Pure: knows no kernel and no clock, so that a stream of made-up events has answers that are known
/// beforehand. Used from one thread at a time.
/// </summary>
public sealed class ExitTraceAggregator
{
    private readonly VcpuExits[] _vcpus;

    /// <param name="vcpus">How many streams of events there are, one for each vCPU.</param>
    public ExitTraceAggregator(int vcpus)
    {
        _vcpus = new VcpuExits[vcpus];
        for (var i = 0; i < vcpus; i++)
        {
            _vcpus[i] = new VcpuExits();
        }
    }

    /// <summary>Events that were counted in.</summary>
    public long Events { get; private set; }

    /// <summary>Events that were lost on the way, as far as has been told.</summary>
    public long Lost { get; private set; }

    /// <summary>Streams of events.</summary>
    public int Vcpus => _vcpus.Length;

    /// <summary>Takes the next event of a vCPU's stream.</summary>
    public void Add(int vcpu, in KvmTraceEvent e)
    {
        if (e.Kind != KvmTraceKind.None)
        {
            Events++;
            _vcpus[vcpu].Add(e);
        }
    }

    /// <summary>Events of a vCPU's stream are missing from here on, <paramref name="count"/> of them (0: it is not known how many).</summary>
    public void AddLost(int vcpu, long count)
    {
        Lost += count;
        _vcpus[vcpu].Gap();
    }

    /// <summary>What has been counted, by reason, for one vCPU's stream or for all of them (-1).</summary>
    public ExitTotals Totals(int vcpu = -1)
    {
        var merged = new Dictionary<ulong, ExitStatistics>();
        long unfinished = 0;
        var (hardware, userspaceOnly) = (false, false);
        for (var i = 0; i < _vcpus.Length; i++)
        {
            if (vcpu >= 0 && vcpu != i)
            {
                continue;
            }

            var one = _vcpus[i];
            unfinished += one.Unfinished;
            hardware |= one.SawHardwareExit;
            userspaceOnly |= one.SawUserspaceOnly;
            foreach (var (key, statistics) in one.Reasons)
            {
                if (!merged.TryGetValue(key, out var sum))
                {
                    merged.Add(key, sum = new ExitStatistics(statistics.Reason));
                }

                sum.Add(statistics);
            }

            one.AddOpenDetails(merged);
        }

        return new ExitTotals([.. merged.Values], unfinished, hardware, userspaceOnly);
    }
}

/// <summary>The sums of an <see cref="ExitTraceAggregator"/>; nothing changes in them any more.</summary>
/// <param name="Reasons">By reason, in no particular order.</param>
/// <param name="Unfinished">Exits that were counted without a time.</param>
/// <param name="SawHardwareExits">kvm_exit was heard.</param>
/// <param name="SawUserspaceOnly">The VMM was called without a kvm_exit before it.</param>
public sealed record ExitTotals(IReadOnlyList<ExitStatistics> Reasons, long Unfinished, bool SawHardwareExits, bool SawUserspaceOnly);
