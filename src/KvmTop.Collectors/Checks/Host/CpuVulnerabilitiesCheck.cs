using KvmTop.Linux;

namespace KvmTop.Collectors.Checks;

/// <summary>CPU vulnerabilities, and which of them a guest could use.</summary>
public sealed class CpuVulnerabilitiesCheck() : Check("cpu-vulnerabilities", "CPU vulnerabilities", CheckGroup.Cpu)
{
    private const string Folder = "/sys/devices/system/cpu/vulnerabilities";
    private const string Leak = "a guest may read memory of the host or of other guests";

    // Words of the kernel command line that leave one open (Documentation/admin-guide/kernel-parameters.txt), besides mitigations=.
    private static readonly (string Entry, string Word, string[] Values)[] s_words =
    [
        ("l1tf", "l1tf", ["off"]), ("l1tf", "kvm-intel.vmentry_l1d_flush", ["never"]), ("l1tf", "kvm_intel.vmentry_l1d_flush", ["never"]),
        ("mds", "mds", ["off"]), ("tsx_async_abort", "tsx_async_abort", ["off"]), ("mmio_stale_data", "mmio_stale_data", ["off"]), ("srbds", "srbds", ["off"]),
        ("gather_data_sampling", "gather_data_sampling", ["off"]), ("reg_file_data_sampling", "reg_file_data_sampling", ["off"]), ("retbleed", "retbleed", ["off"]),
        ("spec_rstack_overflow", "spec_rstack_overflow", ["off"]), ("indirect_target_selection", "indirect_target_selection", ["off", "vmexit"]), ("tsa", "tsa", ["off", "user"]), ("vmscape", "vmscape", ["off"]),
        ("itlb_multihit", "kvm.nx_huge_pages", ["off", "never", "0", "n", "N"]), ("meltdown", "nopti", [""]), ("meltdown", "pti", ["off"]), ("meltdown", "kpti", ["0", "off", "n", "no"]),
        ("spectre_v1", "nospectre_v1", [""]), ("spectre_v2", "nospectre_v2", [""]), ("spectre_v2", "spectre_v2", ["off"]), ("spectre_v2", "spectre_bhi", ["off"]), ("spectre_v2", "nospectre_bhb", [""]),
        ("spectre_v2", "nobp", ["0"]), ("spec_store_bypass", "spec_store_bypass_disable", ["off"]), ("spec_store_bypass", "nospec_store_bypass_disable", [""]), ("spec_store_bypass", "ssbd", ["force-off"]),
    ];

    /// <inheritdoc/>
    public override IEnumerable<CheckFinding> Run(CheckContext context)
    {
        var names = context.List(Folder);
        if (names.Count == 0)
        {
            yield return Unknown("the kernel says nothing of CPU vulnerabilities", $"{Folder} is not there");
            yield break;
        }

        var open = 0;
        var threads = new List<string>();
        var unknown = new List<string>();
        var (threadsSeen, unknownSeen) = ("", "");
        foreach (var name in names)
        {
            var file = context.Read(Folder + "/" + name);
            var entry = CpuVulnerability.Parse(name, file.Value ?? "Unknown");
            switch (entry.State)
            {
                case VulnerabilityState.Open or VulnerabilityState.OpenInPart:
                    open++;
                    yield return Open(context, name, file, entry);
                    break;
                case VulnerabilityState.OpenToProcesses:
                    yield return Info($"{name}: open to processes of the host, and not to guests", file.Evidence, "a process of the host, a monitor that was broken into as well, may read the kernel's memory", Fix(context, name, file));
                    break;
                case VulnerabilityState.OpenBetweenThreads:
                    threads.Add(name);
                    threadsSeen = file.Evidence;
                    break;
                case VulnerabilityState.Unknown:
                    unknown.Add(name);
                    unknownSeen = file.Evidence;
                    break;
            }
        }

        if (threads.Count > 0)
        {
            yield return Info($"{string.Join(", ", threads)}: mitigated, except between threads of one core", threadsSeen, "a guest may read what runs on the other thread of its core", "give whole cores to guests that do not trust each other, or: echo off > /sys/devices/system/cpu/smt/control");
        }

        if (unknown.Count > 0)
        {
            yield return Unknown($"{string.Join(", ", unknown)}: how it stands cannot be seen from here", unknownSeen);
        }

        if (open == 0)
        {
            yield return Ok(FormattableString.Invariant($"{names.Count} known CPU vulnerabilities: none open to guests"), Folder);
        }
    }

    private static CheckFinding Open(CheckContext context, string name, FileText file, CpuVulnerability entry)
    {
        var why = name switch
        {
            "l1tf" => "the host's level 1 cache is not emptied before a guest runs: it may read what other guests and the host have there",
            "itlb_multihit" => "a guest may stop the whole host by a machine check",
            "vmscape" => "a guest may read memory of its monitor, with the keys and disks that this holds",
            _ when !IsOfGuests(name) => "no guest can use it against the host: processes of the host, a monitor that was broken into as well, may read what is not theirs",
            "ghostwrite" => "whoever runs vector instructions may write to any memory of the host",
            "old_microcode" => "what newer microcode closes is open here",
            _ => Leak,
        };
        return entry.State == VulnerabilityState.Open
            ? Warning($"vulnerable to {name}", file.Evidence, why, Fix(context, name, file))
            : Warning($"{name} is mitigated in part: {entry.Part}", file.Evidence, why, Fix(context, name, file));
    }

    private static string Fix(CheckContext context, string name, FileText file)
    {
        if (name == "l1tf" && context.Read("/sys/module/kvm_intel/parameters/vmentry_l1d_flush").Value == "never")
        {
            var said = SwitchedOffBy(context, name, false);
            return $"echo cond > /sys/module/kvm_intel/parameters/vmentry_l1d_flush; {(said is null ? "and look for vmentry_l1d_flush=never in /etc/modprobe.d" : $"remove {said} from the kernel command line, or it is back at the next boot")}";
        }

        var wantsMicrocode = name == "old_microcode" || file.Value?.Contains("no microcode", StringComparison.OrdinalIgnoreCase) == true;
        if (SwitchedOffBy(context, name, wantsMicrocode) is { } word)
        {
            return $"remove {word} from the kernel command line, and reboot";
        }

        if (name == "itlb_multihit" && context.Host.Exists("/sys/module/kvm/parameters/nx_huge_pages"))
        {
            return "echo auto > /sys/module/kvm/parameters/nx_huge_pages";
        }

        if (context.Cpu.IsGuest)
        {
            return "this machine is a virtual machine: the hypervisor below must be updated and pass the microcode's flags on";
        }

        var microcode = context.Cpu.Architecture switch
        {
            CpuArchitecture.X86 => wantsMicrocode ? "update the CPU's microcode (the firmware, or the distribution's package of it), then the kernel" : "update the kernel and the CPU's microcode",
            CpuArchitecture.S390 => "update the machine's licensed internal code and the kernel",
            _ => "update the machine's firmware and the kernel",
        };
        return microcode + ", and reboot";
    }

    private static bool IsOfGuests(string name) => name is not ("meltdown" or "spec_store_bypass");

    /// <summary>What on the kernel command line switches it off, as it stands there; null for nothing.</summary>
    private static string? SwitchedOffBy(CheckContext context, string name, bool wantsMicrocode)
    {
        foreach (var (word, value) in context.CommandLine.Words)
        {
            // "mitigations=off", since 6.17 also "auto;no_guest_host" (Documentation/admin-guide/hw-vuln/attack_vector_controls.rst).
            if (word == "mitigations" && value is not null && (value == "off" || (!wantsMicrocode && IsOfGuests(name) && value.Contains("no_guest", StringComparison.Ordinal))))
            {
                return $"{word}={value}";
            }

            foreach (var (entry, off, values) in s_words)
            {
                if (entry == name && off == word && Array.IndexOf(values, value ?? "") >= 0)
                {
                    return value is null ? word : $"{word}={value}";
                }
            }
        }

        return null;
    }
}
