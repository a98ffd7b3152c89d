using System.Globalization;
using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>What the machine can do for guests, as its CPU flags, the parameters of KVM's modules and /dev/kvm say.</summary>
internal static class KvmCapabilities
{
    public static IReadOnlyList<Capability> Of(HostRoot host, CpuFlags cpu, IReadOnlyList<ModuleEntry> modules, IReadOnlyList<KvmAnswer> answers)
    {
        var all = new List<Capability>();
        var vendor = modules.FirstOrDefault(m => m.Module.Name.StartsWith("kvm_", StringComparison.Ordinal) && m.Module.IsPresent);
        var intel = vendor?.Module.Name == "kvm_intel" || (vendor is null && cpu.Has("vmx"));
        var amd = vendor?.Module.Name == "kvm_amd" || (vendor is null && cpu.Has("svm"));
        if (intel)
        {
            Add("EPT", "ept", "second-level page tables: without them every guest page fault exits", cpu.HasVmxLine ? cpu.HasVmx("ept") : cpu.Has("ept"));
            Add("VPID", "vpid", "guest TLB entries survive exits", cpu.HasVmxLine ? cpu.HasVmx("vpid") : cpu.Has("vpid"));
            Add("APICv", "enable_apicv", "interrupts are delivered without an exit", cpu.HasVmxLine ? cpu.HasVmx("vapic_reg") || cpu.HasVmx("apicv") : null);
            AddNumber("PLE", "ple_gap", "a vCPU that spins on a lock gives its CPU away", cpu.HasVmxLine ? cpu.HasVmx("ple") : null);
            Add("TDX", "tdx", "guests whose memory the host cannot read", cpu.Has("tdx_host_platform") ? true : null);
            all.Add(new Capability("huge EPT", Flag(cpu.HasVmxLine ? cpu.HasVmx("ept_1gb") : null), cpu.HasVmx("ept_1gb") ? "1G" : null, "/proc/cpuinfo: vmx flags", "guest memory mapped by 1 GiB pages"));
        }
        else if (amd)
        {
            Add("NPT", "npt", "second-level page tables: without them every guest page fault exits", cpu.Has("npt"));
            all.Add(new Capability("ASID", Flag(cpu.Has("flushbyasid")), null, "/proc/cpuinfo: flushbyasid", "guest TLB entries survive exits"));
            Add("AVIC", "avic", "interrupts are delivered without an exit", cpu.Has("avic"));
            AddNumber("PLE", "pause_filter_thresh", "a vCPU that spins on a lock gives its CPU away", cpu.Has("pausefilter") && cpu.Has("pfthreshold"));
            Add("SEV", "sev", "guests with encrypted memory", cpu.Has("sev"));
            Add("SEV-SNP", "sev_snp", "guests whose memory the host cannot read or change", cpu.Has("sev_snp"));
            all.Add(new Capability("huge NPT", Flag(cpu.Has("pdpe1gb")), cpu.Has("pdpe1gb") ? "1G" : null, "/proc/cpuinfo: pdpe1gb", "guest memory mapped by 1 GiB pages"));
        }

        all.Add(Nested(host, vendor ?? modules.FirstOrDefault(m => m.Module.Name == "kvm" && m.Module.IsPresent && cpu.Architecture == CpuArchitecture.S390), cpu));
        all.Add(Iommu(host));
        foreach (var (extension, answer) in answers)
        {
            var (name, meaning) = extension switch
            {
                KvmExtension.MaxVcpus => ("max vCPUs", "of one guest"),
                KvmExtension.RecommendedVcpus => ("recommended vCPUs", "of one guest: the CPUs of the host"),
                KvmExtension.MemorySlots => ("memory slots", "of one guest: memory modules and mapped devices"),
                KvmExtension.StatsFd => ("stats fd", "figures of guests without debugfs"),
                KvmExtension.GuestMemfd => ("guest_memfd", "guest memory that user space cannot map"),
                _ => (extension.ToString(), ""),
            };
            all.Add(new Capability(
                name, Flag(answer > 0), answer > 1 ? answer.ToString(CultureInfo.InvariantCulture) : null, string.Create(CultureInfo.InvariantCulture, $"/dev/kvm: KVM_CHECK_EXTENSION({(int)extension}) = {answer}"), meaning));
        }

        return all;

        void Add(string name, string parameter, string meaning, bool? supported)
        {
            var entry = vendor?.Parameters.FirstOrDefault(p => p.Name == parameter);
            var state = entry?.Value switch
            {
                "Y" or "y" or "1" => CapabilityState.Yes,
                "N" or "n" or "0" => supported == true ? CapabilityState.Off : CapabilityState.No,
                _ => Flag(supported),
            };
            all.Add(new Capability(name, state, null, entry?.Value is { } value ? $"/sys/module/{vendor!.Module.Name}/parameters/{parameter}: {value}" : "/proc/cpuinfo", meaning));
        }

        void AddNumber(string name, string parameter, string meaning, bool? supported)
        {
            var entry = vendor?.Parameters.FirstOrDefault(p => p.Name == parameter);
            var state = entry?.Value is { } value ? value == "0" ? supported == true ? CapabilityState.Off : CapabilityState.No : CapabilityState.Yes : Flag(supported);
            all.Add(new Capability(name, state, entry?.Value, entry?.Value is { } n ? $"/sys/module/{vendor!.Module.Name}/parameters/{parameter}: {n}" : "/proc/cpuinfo", meaning));
        }
    }

    private static Capability Nested(HostRoot host, ModuleEntry? vendor, CpuFlags cpu)
    {
        const string meaning = "guests may run guests";
        if (vendor is null && cpu.Architecture == CpuArchitecture.Arm)
        {
            // Linux 6.16, on CPUs with FEAT_NV2.
            var mode = KernelCommandLine.Read(host).ValueOf("kvm-arm.mode");
            return new Capability("nested", mode == "nested" ? CapabilityState.Yes : CapabilityState.Off, null, $"/proc/cmdline: {(mode is null ? "no kvm-arm.mode" : "kvm-arm.mode=" + mode)}", meaning);
        }

        if (vendor is null && cpu.Architecture == CpuArchitecture.Riscv)
        {
            return new Capability("nested", CapabilityState.No, null, "KVM on RISC-V has none", meaning);
        }

        if (vendor is null)
        {
            return new Capability("nested", CapabilityState.Unknown, null, "no KVM part for this CPU is loaded", meaning);
        }

        var entry = vendor.Parameters.FirstOrDefault(p => p.Name == "nested");
        var file = $"/sys/module/{vendor.Module.Name}/parameters/nested";
        return entry?.Value switch
        {
            "Y" or "y" or "1" => new("nested", CapabilityState.Yes, null, $"{file}: {entry.Value}", meaning),
            "N" or "n" or "0" => new("nested", CapabilityState.Off, null, $"{file}: {entry.Value}", meaning),
            _ => new("nested", cpu.IsX86 && entry is null ? CapabilityState.No : CapabilityState.Unknown, null, $"{file} does not exist", meaning),
        };
    }

    private static Capability Iommu(HostRoot host)
    {
        const string meaning = "devices can be given to guests";
        var groups = new List<string>();
        _ = host.List("/sys/kernel/iommu_groups", groups);
        var units = new List<string>();
        _ = host.List("/sys/class/iommu", units);
        return groups.Count > 0
            ? new("IOMMU", CapabilityState.Yes, string.Create(CultureInfo.InvariantCulture, $"{groups.Count} groups"), "/sys/kernel/iommu_groups", meaning)
            : new("IOMMU", units.Count > 0 ? CapabilityState.Off : CapabilityState.No, null, "/sys/kernel/iommu_groups is empty", meaning);
    }

    private static CapabilityState Flag(bool? supported) => supported switch { true => CapabilityState.Yes, false => CapabilityState.No, _ => CapabilityState.Unknown };
}

/// <summary>What /dev/kvm says to KVM_CHECK_EXTENSION.</summary>
public sealed record KvmAnswer(KvmExtension Extension, int Answer);
