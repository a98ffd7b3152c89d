using System.Globalization;

namespace KvmTop.Collectors;

/// <summary>The memory of all VMs, each as of its own latest reading.</summary>
/// <param name="Vms">By identity.</param>
public sealed record VmMemoryModel(IReadOnlyDictionary<VmKey, VmMemoryState> Vms)
{
    /// <summary>The memory of a VM, or why it is not known.</summary>
    public VmMemory? Find(VmKey vm, out string? reason)
    {
        var state = Vms.GetValueOrDefault(vm);
        reason = state switch
        {
            { Memory: not null } => null,
            { Hanging: { } hanging } => string.Create(CultureInfo.InvariantCulture, $"reading it has hung for {hanging.TotalSeconds:0} s: its memory lock is held"),
            null => "it has just appeared",
            _ => "not read yet: VMs are read one after the other",
        };
        return state?.Memory;
    }
}

/// <summary>
/// What each VM's memory is made of and where it lies: smaps_rollup, numa_maps and ksm_stat, read in rounds on a thread of its own, because each costs
/// milliseconds to seconds and can hang. A tick takes the latest of each, with its age, and waits for none.
/// </summary>
public sealed class VmMemoryTopic : PlainTopic<VmMemoryModel>
{
    private VmMemoryTopic()
        : base("vm_memory", "Memory of the VMs", TimeSpan.Zero, VmsTopic.Instance)
    {
    }

    /// <summary>The topic.</summary>
    public static VmMemoryTopic Instance { get; } = new();

    /// <inheritdoc/>
    public override ICollector<VmMemoryModel> CreateCollector(CollectorContext context) => new Collector(context, RoundPace.Default, context.Host.IsLive);

    /// <inheritdoc/>
    public override IEnumerable<HostEvent> Compare(VmMemoryModel before, VmMemoryModel now, DateTimeOffset time)
    {
        foreach (var (key, state) in now.Vms)
        {
            if (state.Hanging is not null && before.Vms.TryGetValue(key, out var was) && was.Hanging is null)
            {
                yield return new(
                    time, Severity.Warning, Id, string.Create(CultureInfo.InvariantCulture, $"pid {key.Pid}"), "reading its memory hangs: something holds its memory lock");
            }
        }
    }

    /// <summary>Hands the VMs to the rounds and takes what they have.</summary>
    internal sealed class Collector(CollectorContext context, RoundPace pace, bool threaded) : ICollector<VmMemoryModel>, ILeisurely
    {
        private readonly VmRegistry _registry = context.Services.Get(() => new VmRegistry(context.Host));
        private readonly VmMemoryRounds _rounds = new(context.Host, pace, threaded);

        public bool AtLeisure { get; set; }

        public Reading<VmMemoryModel> Collect()
        {
            var states = _rounds.Look(_registry.Vms, AtLeisure);
            var (hanging, unread) = (0, 0);
            foreach (var state in states.Values)
            {
                hanging += state.Hanging is null ? 0 : 1;
                unread += state.Memory is null ? 1 : 0;
            }

            return Reading<VmMemoryModel>.Partly(
                new VmMemoryModel(states),
                hanging > 0 ? Invariant($"reading {hanging} of {states.Count} VMs hangs: their memory lock is held")
                : unread > 0 ? Invariant($"{unread} of {states.Count} VMs not read yet: they are read one after the other")
                : null);
        }

        private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

        public void Dispose() => _rounds.Dispose();
    }
}
