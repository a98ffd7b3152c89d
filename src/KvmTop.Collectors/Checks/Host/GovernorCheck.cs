using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>Frequency governors.</summary>
public sealed class GovernorCheck() : Check("governor", "CPU frequency governors", CheckGroup.Cpu)
{
    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        if (context.Machine is not { } machine)
        {
            yield break;
        }

        var slow = new List<int>();
        var known = 0;
        for (var i = 0; i < machine.Frequencies.Count && i < machine.Topology.Cpus.Count; i++)
        {
            known += machine.Frequencies[i].Governor is null ? 0 : 1;
            if (machine.Frequencies[i].Governor == "powersave" && !DrivenByHardware(context, machine.Topology.Cpus[i].Cpu))
            {
                slow.Add(machine.Topology.Cpus[i].Cpu);
            }
        }

        if (slow.Count > 0)
        {
            var set = CpuSet.Of(slow);
            var there = context.Read(FormattableString.Invariant($"/sys/devices/system/cpu/cpu{set.First}/cpufreq/scaling_available_governors")).Value?.Split(' ');
            var other = there is null || there.Contains("schedutil") ? "schedutil" : there.Contains("ondemand") ? "ondemand" : "performance";
            yield return Warning(
                FormattableString.Invariant($"governor powersave keeps CPU{(set.Count == 1 ? "" : "s")} {set} at the lowest frequency"), FormattableString.Invariant($"/sys/devices/system/cpu/cpu{set.First}/cpufreq/scaling_governor: powersave"),
                "guests there run at a fraction of the CPU's speed", slow.Count == known ? $"kvmtop governor {other}; by hand: cpupower frequency-set -g {other}" : FormattableString.Invariant($"kvmtop governor {other} --cpus {set}; by hand: cpupower -c {set} frequency-set -g {other}"));
        }
        else if (known > 0)
        {
            yield return Ok("no CPU is kept at its lowest frequency", "/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor");
        }
        else
        {
            yield return Info("the kernel does not control CPU frequencies", "/sys/devices/system/cpu/cpu0/cpufreq: no such file", context.Cpu.IsGuest ? "the hypervisor below does" : "the firmware does");
        }
    }

    // With intel_pstate and amd-pstate the hardware chooses, and powersave is the usual, dynamic mode.
    private static bool DrivenByHardware(CheckContext context, int cpu) =>
        context.Read(FormattableString.Invariant($"/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_driver")).Value is "intel_pstate" or "amd-pstate-epp" or "amd_pstate_epp";
}
