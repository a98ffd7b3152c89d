namespace KvmTop.Collectors.Checks;

/// <summary>How many vCPUs there are for each CPU.</summary>
public sealed class CpuOvercommitCheck() : Check("cpu-overcommit", "vCPUs against CPUs", CheckGroup.Cpu)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        if (context.Machine?.Topology.Online.Count is not (> 0 and var cpus) || context.AllVms.Count == 0)
        {
            yield break;
        }

        var vcpus = context.AllVms.Sum(v => v.State is VmState.Running or VmState.Starting ? v.Info.VcpuCount ?? 0 : 0);
        var unknown = context.AllVms.Count(v => v.State == VmState.Unknown);
        var ratio = (double)vcpus / cpus;
        var evidence = FormattableString.Invariant($"{vcpus} vCPUs of running VMs on {cpus} CPUs ({ratio:0.0}x){(unknown > 0 ? FormattableString.Invariant($"; whether {unknown} more VMs run cannot be seen") : "")}");
        var ready = context.AllVms.Where(v => v.Ready.Worst >= 10).OrderByDescending(v => v.Ready.Worst).FirstOrDefault();
        yield return ready is not null && ratio > 1
            ? Warning(
                FormattableString.Invariant($"vCPUs wait for CPUs: {ready.Info.Name} {ready.Ready.Worst:0} % of the time"), evidence, "what a vCPU waits, its guest calls steal time; locks held by a waiting vCPU stop the others",
                "move VMs to another host, give them fewer vCPUs, or pin those that matter to CPUs of their own")
            : ratio > 4
            ? Warning("more than four vCPUs for each CPU", evidence, "when a few guests get busy at once, all wait", "move VMs to another host, or give them fewer vCPUs")
            : Ok("vCPUs have CPUs enough", evidence);
    }
}
