namespace KvmTop.Collectors.Checks;

/// <summary>CPU vulnerabilities that a guest could use.</summary>
public sealed class CpuVulnerabilitiesCheck() : Check("cpu-vulnerabilities", "CPU vulnerabilities", CheckGroup.Cpu)
{
    private const string Folder = "/sys/devices/system/cpu/vulnerabilities";

    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var names = context.List(Folder);
        if (names.Count == 0)
        {
            yield return Unknown("the kernel says nothing of CPU vulnerabilities", $"{Folder} is not there");
            yield break;
        }

        const string guest = "this machine is a virtual machine: the hypervisor below must be updated and pass the microcode's flags on";
        var open = 0;
        foreach (var name in names)
        {
            var file = context.Read(Folder + "/" + name);
            if (file.Value?.StartsWith("Vulnerable", StringComparison.Ordinal) == true)
            {
                open++;
                yield return Warning(
                    $"vulnerable to {name}", file.Evidence, "a guest may read memory of the host or of other guests",
                    context.Cpu.IsGuest ? guest : "update the CPU's microcode and the kernel, and remove mitigations=off from the kernel command line");
            }
            else if (file.Value?.Contains(": Vulnerable", StringComparison.Ordinal) == true)
            {
                // "Mitigation: Enhanced IBRS; ..; BHI: Vulnerable"
                open++;
                var part = file.Value.Split(';').First(p => p.Contains(": Vulnerable", StringComparison.Ordinal)).Trim();
                yield return Warning(
                    $"{name} is mitigated in part: {part}", file.Evidence, "a guest may read memory of the host or of other guests",
                    (context.Cpu.IsGuest ? guest + "; look also" : "update the CPU's microcode and the kernel, and look") + " for what the kernel command line switches off (mitigations=)");
            }
            else if (file.Value?.Contains("SMT vulnerable", StringComparison.Ordinal) == true)
            {
                yield return Info($"{name}: mitigated, except between threads of one core", file.Evidence, "a guest may read what runs on the other thread of its core", "give whole cores to guests that do not trust each other, or: echo off > /sys/devices/system/cpu/smt/control");
            }
        }

        if (open == 0)
        {
            yield return Ok(FormattableString.Invariant($"{names.Count} known CPU vulnerabilities: none open"), Folder);
        }
    }
}
