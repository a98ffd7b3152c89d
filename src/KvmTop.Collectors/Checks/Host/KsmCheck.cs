namespace KvmTop.Collectors.Checks;

/// <summary>Kernel same-page merging.</summary>
public sealed class KsmCheck() : Check("ksm", "Same-page merging (KSM)", CheckGroup.Memory)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var run = context.Read("/sys/kernel/mm/ksm/run");
        if (run.Number is not { } mode)
        {
            yield break;
        }

        if (mode != 1)
        {
            yield return Ok("KSM does not scan", run.Evidence);
            yield break;
        }

        var sharing = context.Read("/sys/kernel/mm/ksm/pages_sharing");
        if (context.Host.PageSize is not { } page)
        {
            yield return Unknown("what KSM saves cannot be seen: the size of this host's pages is not known", sharing.Evidence);
            yield break;
        }

        var saved = (ulong)Math.Max(sharing.Number ?? 0, 0) * (ulong)page;
        yield return saved < 64 << 20
            ? Warning(
                $"KSM scans memory and saves {Sizes.Text(saved)}", $"{run.Evidence}; {sharing.Evidence}", "ksmd uses CPU time, and shared pages let one guest guess at another's memory",
                "kvmtop ksm unmerge; by hand: echo 2 > /sys/kernel/mm/ksm/run (gives shared pages back); keep ksmtuned from starting it: systemctl disable --now ksmtuned ksm")
            : Info($"KSM saves {Sizes.Text(saved)}", $"{run.Evidence}; {sharing.Evidence}", "shared pages let one guest guess at another's memory, and are copied when written");
        var nodes = context.Read("/sys/kernel/mm/ksm/merge_across_nodes");
        if (nodes.Number == 1 && context.Machine?.Topology.Nodes.Count > 1)
        {
            yield return Info("KSM merges pages across NUMA nodes", nodes.Evidence, "guests then read memory of another node", "echo 2 > /sys/kernel/mm/ksm/run; echo 0 > /sys/kernel/mm/ksm/merge_across_nodes; echo 1 > /sys/kernel/mm/ksm/run");
        }
    }
}
