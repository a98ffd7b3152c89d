namespace KvmTop;

/// <summary>The columns that a table shows unless the configuration says otherwise, by metric id.</summary>
internal static class DefaultColumns
{
    /// <summary>Of the VMs table: what tells who suffers and from what comes first. The first ten fit in 80 columns, the first sixteen in 120.</summary>
    public static IReadOnlyList<string> Vms { get; } =
    [
        "name", "state", "vcpu_count", "cpu_pct", "ready_pct", "ready_max_pct", "guest_pct", "exits_per_s", "rss_bytes", "swap_bytes",
        "throttled_pct", "disk_latency_s", "numa_local_pct", "emulator_pct", "mem_configured_bytes", "hugepages_pct",
        "read_bytes_per_s", "write_bytes_per_s", "rx_bytes_per_s", "tx_bytes_per_s", "halt_poll_pct", "user", "accel", "pid",
    ];

    /// <summary>Of the table of VMs in the memory pane.</summary>
    public static IReadOnlyList<string> Memory { get; } =
    [
        "name", "mem_configured_bytes", "rss_bytes", "hugepages_pct", "numa_split", "numa_local_pct", "swap_bytes", "balloon_bytes", "guest_available_bytes", "guest_free_bytes", "hugetlb_bytes", "thp_bytes", "kvm_4k_bytes", "kvm_2m_bytes", "kvm_1g_bytes", "pss_bytes",
        "ksm_bytes", "locked_bytes", "mem_age_s", "mem_backing",
    ];

    /// <summary>Of the vCPUs table.</summary>
    public static IReadOnlyList<string> Vcpus { get; } =
    [
        "vm", "index", "cpu_pct", "ready_pct", "guest_pct", "user_pct", "system_pct", "halt_poll_pct", "exits_per_s", "pcpu", "node", "affinity", "slices_per_s",
        "voluntary_switches_per_s", "involuntary_switches_per_s", "tid",
    ];

    /// <summary>Of the table of disks and networks.</summary>
    public static IReadOnlyList<string> Io { get; } =
    [
        "vm", "device", "kind", "in_bytes_per_s", "out_bytes_per_s", "in_ops_per_s", "out_ops_per_s", "latency_s", "errors_per_s", "queue", "behind", "bus", "cache",
        "limits", "p99_s", "vhost", "emulator_pct", "iothread_pct", "vhost_pct",
    ];

    /// <summary>Of the host.</summary>
    public static IReadOnlyList<string> Host { get; } =
    [
        "name", "cpus", "cpu_pct", "guest_pct", "user_pct", "system_pct", "iowait_pct", "load1", "mem_total_bytes", "mem_used_bytes", "swap_used_bytes",
        "psi_cpu_some_pct", "psi_memory_some_pct", "psi_io_some_pct",
    ];
}
