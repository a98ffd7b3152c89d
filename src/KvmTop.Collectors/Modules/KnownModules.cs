using KvmTop.Linux;

namespace KvmTop.Collectors;

/// <summary>The modules that matter to virtual machines, and what is known of their parameters beyond what they say of themselves.</summary>
internal static class KnownModules
{
    private static readonly (string Name, string Purpose)[] s_modules =
    [
        ("kvm", "runs guests: the part that all CPUs share"),
        ("irqbypass", "lets interrupts of passed-through devices reach a guest without the host"),
        ("vhost", "moves virtio queues inside the kernel: the common part"),
        ("vhost_net", "network cards of guests inside the kernel, without QEMU in between"),
        ("vhost_vsock", "sockets between host and guest"),
        ("vhost_scsi", "SCSI disks of guests inside the kernel"),
        ("vfio", "gives devices of the host to guests: the common part"),
        ("vfio_pci", "gives PCI devices to guests"),
        ("vfio_iommu_type1", "maps guest memory for passed-through devices by the IOMMU"),
        ("mdev", "divides a device (a GPU) among guests"),
        ("tun", "tap devices: the host's end of a guest's network card"),
        ("macvtap", "a guest's network card directly on one of the host's"),
        ("bridge", "joins the network cards of guests and the host"),
        ("nbd", "disk images as block devices of the host (qemu-nbd)"),
    ];

    // What Linux 6.x takes when nobody says otherwise, where modinfo does not tell.
    private static readonly Dictionary<string, string> s_defaults = new(StringComparer.Ordinal)
    {
        ["kvm.halt_poll_ns"] = "200000", ["kvm.halt_poll_ns_grow"] = "2", ["kvm.halt_poll_ns_grow_start"] = "10000", ["kvm.halt_poll_ns_shrink"] = "0",
        ["kvm.ignore_msrs"] = "N", ["kvm.report_ignored_msrs"] = "Y", ["kvm.min_timer_period_us"] = "200", ["kvm.nx_huge_pages"] = "auto",
        ["kvm.tdp_mmu"] = "Y", ["kvm.mmio_caching"] = "Y", ["kvm.enable_pmu"] = "Y", ["kvm.eager_page_split"] = "Y", ["kvm.kvmclock_periodic_sync"] = "Y",
        ["kvm.enable_vmware_backdoor"] = "N", ["kvm.tsc_tolerance_ppm"] = "250", ["kvm.vector_hashing"] = "Y", ["kvm.force_emulation_prefix"] = "0",
        ["kvm_intel.nested"] = "Y", ["kvm_intel.ept"] = "Y", ["kvm_intel.vpid"] = "Y", ["kvm_intel.unrestricted_guest"] = "Y", ["kvm_intel.eptad"] = "Y",
        ["kvm_intel.flexpriority"] = "Y", ["kvm_intel.enable_apicv"] = "Y", ["kvm_intel.ple_gap"] = "128", ["kvm_intel.ple_window"] = "4096",
        ["kvm_intel.pml"] = "Y", ["kvm_intel.preemption_timer"] = "Y", ["kvm_intel.emulate_invalid_guest_state"] = "Y", ["kvm_intel.tdx"] = "N",
        ["kvm_amd.nested"] = "1", ["kvm_amd.npt"] = "Y", ["kvm_amd.avic"] = "N", ["kvm_amd.vgif"] = "1", ["kvm_amd.vls"] = "1", ["kvm_amd.nrips"] = "1",
        ["kvm_intel.dump_invalid_vmcs"] = "N", ["kvm_intel.enable_shadow_vmcs"] = "Y", ["kvm_intel.enable_ipiv"] = "Y", ["kvm_intel.fasteoi"] = "Y", ["kvm_intel.allow_smaller_maxphyaddr"] = "N",
        ["kvm_intel.nested_early_check"] = "N", ["kvm_intel.error_on_inconsistent_vmcs_config"] = "Y", ["kvm_intel.ple_window_grow"] = "2", ["kvm_intel.ple_window_shrink"] = "0",
        ["kvm_intel.ple_window_max"] = "4294967295", ["kvm_intel.pt_mode"] = "0", ["kvm_intel.vnmi"] = "Y",
        ["kvm_amd.dump_invalid_vmcb"] = "N", ["kvm_amd.force_avic"] = "N", ["kvm_amd.intercept_smi"] = "Y", ["kvm_amd.tsc_scaling"] = "1", ["kvm_amd.vnmi"] = "Y",
        ["kvm_amd.pause_filter_count_grow"] = "2", ["kvm_amd.pause_filter_count_shrink"] = "0", ["kvm_amd.pause_filter_count_max"] = "65535",
        ["kvm_amd.pause_filter_thresh"] = "128", ["kvm_amd.pause_filter_count"] = "3000", ["kvm_amd.lbrv"] = "1",
        ["vhost_net.experimental_zcopytx"] = "0", ["vhost.max_mem_regions"] = "64", ["vhost.max_iotlb_entries"] = "2048",
        ["vfio_iommu_type1.allow_unsafe_interrupts"] = "N", ["vfio_iommu_type1.disable_hugepages"] = "N", ["vfio_pci.disable_vga"] = "N",
        ["nbd.nbds_max"] = "16", ["nbd.max_part"] = "16",
    };

    /// <summary>The names to look at on a host: KVM's vendor part is that of its CPU, and whatever else is there.</summary>
    public static List<string> NamesOf(HostRoot host, CpuFlags cpu)
    {
        var there = new List<string>();
        _ = host.List("/sys/module", there);
        var names = new List<string> { "kvm" };
        names.AddRange(there.Where(n => n.StartsWith("kvm_", StringComparison.Ordinal) && n.Length <= 32).Order(StringComparer.Ordinal));
        if (VendorOf(cpu) is { } vendor && !names.Contains(vendor) && names.Count == 1)
        {
            names.Add(vendor);
        }

        names.AddRange(s_modules.Select(m => m.Name).Where(n => n != "kvm"));
        return names;
    }

    /// <summary>KVM's part for a CPU by its maker; null on architectures where KVM is in one piece.</summary>
    public static string? VendorOf(CpuFlags cpu) => cpu.Vendor switch
    {
        "GenuineIntel" or "CentaurHauls" or "  Shanghai  " or "Shanghai" => "kvm_intel",
        "AuthenticAMD" or "HygonGenuine" => "kvm_amd",
        _ => null,
    };

    public static string PurposeOf(string module)
    {
        foreach (var (name, purpose) in s_modules)
        {
            if (name == module)
                return purpose;
        }

        return module switch
        {
            "kvm_intel" => "runs guests by Intel VMX",
            "kvm_amd" => "runs guests by AMD SVM",
            "kvm_pvm" => "runs guests without help of the CPU, inside another hypervisor",
            _ => module.StartsWith("kvm_", StringComparison.Ordinal) ? "KVM's part for this CPU" : "",
        };
    }

    public static string? DefaultOf(string module, string parameter) => s_defaults.GetValueOrDefault(module + "." + parameter);
}
