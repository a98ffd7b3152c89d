namespace KvmTop.Collectors.Checks;

/// <summary>Idle states from which waking takes long.</summary>
public sealed class IdleStatesCheck() : Check("idle-states", "CPU idle states", CheckGroup.Cpu)
{
    // Microseconds. A network packet's way through a host is of this order.
    private const long Slow = 150;

    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var first = context.Machine?.Topology.Online.First ?? 0;
        var folder = FormattableString.Invariant($"/sys/devices/system/cpu/cpu{first}/cpuidle");
        var states = context.List(folder);
        if (states.Count == 0)
        {
            yield return Info("the kernel chooses no idle states", $"{folder}: no such file", context.Cpu.IsGuest ? "idle CPUs are given back to the hypervisor below" : "idle CPUs halt");
            yield break;
        }

        var deepest = (Name: "", Latency: 0L, Path: "");
        foreach (var state in states)
        {
            if (context.Read($"{folder}/{state}/disable").Value != "1" && context.Read($"{folder}/{state}/latency").Number is { } latency && latency > deepest.Latency)
            {
                deepest = (context.Read($"{folder}/{state}/name").Value ?? state, latency, $"{folder}/{state}");
            }
        }

        yield return deepest.Latency > Slow
            ? Info(
                FormattableString.Invariant($"waking a CPU from {deepest.Name} takes {deepest.Latency} us"), FormattableString.Invariant($"{deepest.Path}/latency: {deepest.Latency}"),
                "it adds to the latency of guests that are idle most of the time; sleeping deeply saves power and lets other cores run faster",
                FormattableString.Invariant($"for low latency: cpupower idle-set -D {Slow}"))
            : Ok(deepest.Latency == 0 ? "only shallow idle states are in use" : FormattableString.Invariant($"the deepest idle state in use is {deepest.Name}, {deepest.Latency} us"), folder);
    }
}
