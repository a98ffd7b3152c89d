namespace KvmTop.Collectors;

/// <summary>The figures of a VM and of a vCPU that <see cref="VmsTopic"/> delivers.</summary>
public static class VmsMetrics
{
    private const string Schedstat = "/proc/PID/task/TID/schedstat";
    private const string CommandLine = "command line";
    private const string NotOnCommandLine = "the command line does not say";

    private static readonly Topic[] s_vms = [VmsTopic.Instance];

    /// <summary>Per VM.</summary>
    public static IReadOnlyList<Metric<VmRow>> PerVm { get; } =
    [
        new()
        {
            Id = "name", Title = "NAME", Unit = Unit.Text, Width = 14, Needs = s_vms, Source = CommandLine,
            Help = "The VM's name on its command line, else its program and pid. Control characters are taken out.",
            Get = r => Figure.Of(r.Vm.Info.Name),
        },
        new()
        {
            Id = "pid", Title = "PID", Unit = Unit.Count, Width = 7, Needs = s_vms, Source = "/proc",
            Help = "Process id of the VMM.",
            Get = r => Figure.Of(r.Vm.Info.Pid),
        },
        new()
        {
            Id = "uuid", Title = "UUID", Unit = Unit.Text, Width = 36, Needs = s_vms, Source = CommandLine,
            Help = "The VM's UUID: of -uuid or -smbios type=1, else as its monitor says.",
            Get = r => Figure.Of(r.Vm.Info.Description.Uuid ?? QmpTopic.Of(r)?.Uuid, NotOnCommandLine),
        },
        new()
        {
            Id = "vmm", Title = "VMM", Unit = Unit.Text, Width = 11, Needs = s_vms, Source = "/proc/PID/exe, /proc/PID/fd",
            Help = "The program that runs it: qemu, firecracker, cloud-hypervisor, crosvm, kvmtool, or unknown for another that holds a KVM VM.",
            Get = r => Figure.Of(Name(r.Vm.Info.Vmm)),
        },
        new()
        {
            Id = "accel", Title = "ACCEL", Unit = Unit.Text, Width = 5, Needs = s_vms, Source = "/proc/PID/fd, command line",
            Help = "kvm, or tcg for QEMU that is proved to have no KVM (software emulation). KVM figures do not exist for tcg.",
            Get = r => Figure.Of(r.Vm.Info.Accelerator, !r.Vm.Info.Confirmed ? "its descriptors may not be listed: needs root"
                : r.Vm.Info.Description is { Accelerator: "kvm", MayEmulate: false } ? "its command line wants KVM alone, and it has no KVM descriptor" : "it has just started"),
        },
        new()
        {
            Id = "state", Title = "STATE", Unit = Unit.Text, Width = 8, Needs = s_vms, Source = "/proc/PID/stat, /proc/PID/task/TID/syscall, QMP query-status, libvirt",
            Help = "running; paused (every vCPU waits outside KVM_RUN); starting; stopped (by a signal); zombie (hangs in its exit); off (a domain of libvirt's that does not run). Where its monitor is being asked, what QEMU says, and libvirt of its own: also io-error, watchdog, guest-panicked, internal-error, shutdown, crashed, suspended.",
            Get = r => r.Vm.State is not (VmState.Stopped or VmState.Zombie or VmState.Off) && (QmpTopic.StateOf(r) ?? LibvirtTopic.StateOf(r)) is { } state ? Figure.Of(state)
                : r.Vm.State == VmState.Unknown
                ? Figure.Missing(r.Vm.Info.Accelerator == "tcg" ? "under TCG an idle guest looks like a paused one"
                    : r.Vm.Info is { Confirmed: true, Accelerator: null } ? "it has no KVM descriptor" : "/proc/PID/task/TID/syscall: needs root")
                : Figure.Of(r.Vm.State.ToString().ToLowerInvariant()),
        },
        new()
        {
            Id = "user", Title = "USER", Unit = Unit.Text, Width = 12, Needs = s_vms, Source = "/proc/PID/status, /etc/passwd",
            Help = "Who the VMM runs as.",
            Get = r => Figure.Of(r.Vm.Info.User, "/proc/PID/status could not be read"),
        },
        new()
        {
            Id = "vcpu_count", Title = "VCPU", Unit = Unit.Count, Width = 4, Needs = s_vms, Source = "threads, else command line",
            Help = "vCPUs: the threads seen, else as configured.",
            Get = r => Figure.Of(r.Vm.Info.VcpuCount, r.Vm.Info.VcpuSource),
        },
        new()
        {
            Id = "cpu_pct", Title = "CPU%", Unit = Unit.Percent, Width = 6, Needs = s_vms, PerVcpu = true, Source = Schedstat,
            Help = "CPU time of all its threads, vCPUs and emulator, in percent of one CPU.",
            Get = r => Figure.Of(r.Vm.CpuPct, RateReason(r)),
        },
        new()
        {
            Id = "vcpu_pct", Title = "VCPU%", Unit = Unit.Percent, Width = 6, Needs = s_vms, PerVcpu = true, Source = Schedstat,
            Help = "CPU time of its vCPU threads, in percent of one CPU.",
            Get = r => Figure.Of(r.Vm.VcpuPct, VcpuReason(r)),
        },
        new()
        {
            Id = "ready_pct", Title = "RDY%", Unit = Unit.Percent, Width = 6, Needs = s_vms, PerVcpu = true, Source = Schedstat,
            Help = "Time its vCPUs were runnable but got no CPU, summed, in percent: the guest sees it as steal. Time held back by a quota (THR%) is in it. Per vCPU under 5 is healthy, over 10 is bad.",
            Thresholds = new(5, 10),
            Get = r => Figure.Of(r.Vm.Ready.Sum, VcpuReason(r)),
        },
        new()
        {
            Id = "ready_max_pct", Title = "RDYMX", Unit = Unit.Percent, Width = 5, Needs = s_vms, Source = Schedstat,
            Help = "Ready time of the vCPU that waits most, in percent.",
            Thresholds = new(5, 10),
            Get = r => Figure.Of(r.Vm.Ready.Worst, VcpuReason(r)),
        },
        new()
        {
            Id = "guest_pct", Title = "GST%", Unit = Unit.Percent, Width = 6, Needs = s_vms, PerVcpu = true, Source = "/proc/PID/stat",
            Help = "Time in guest code, all vCPUs, in percent of one CPU. Counted in ticks of 10 ms.",
            Get = r => Figure.Of(r.Vm.Times.Guest, RateReason(r)),
        },
        new()
        {
            Id = "user_pct", Title = "USR%", Unit = Unit.Percent, Width = 5, Needs = s_vms, PerVcpu = true, Source = "/proc/PID/stat",
            Help = "Time in the VMM's own code, in percent of one CPU. Counted in ticks of 10 ms.",
            Get = r => Figure.Of(r.Vm.Times.User, RateReason(r)),
        },
        new()
        {
            Id = "system_pct", Title = "SYS%", Unit = Unit.Percent, Width = 5, Needs = s_vms, PerVcpu = true, Source = "/proc/PID/stat",
            Help = "Time in the host's kernel on behalf of the VM, in percent of one CPU. Counted in ticks of 10 ms.",
            Get = r => Figure.Of(r.Vm.Times.System, RateReason(r)),
        },
        new()
        {
            Id = "emulator_pct", Title = "EMU%", Unit = Unit.Percent, Width = 5, Needs = s_vms, Source = Schedstat,
            Help = "CPU time of the threads that run no vCPU: main loop, I/O threads, workers, vhost. What the VM costs on top of its vCPUs.",
            // With no vCPU thread known, all threads would pass for the emulator's.
            Get = r => Figure.Of(r.Vm.Info.VcpuThreads == 0 ? double.NaN : r.Vm.EmulatorPct, VcpuReason(r)),
        },
        new()
        {
            Id = "throttled_pct", Title = "THR%", Unit = Unit.Percent, Width = 5, Needs = s_vms, Source = "cpu.stat of its cgroups",
            Help = "Time a CPU quota of its cgroup (or of those around it, or of libvirt's below it) held its threads back, summed over CPUs, in percent. Of a quota that it shares with others, as much as it waited for a CPU itself.",
            Thresholds = new(1, 10),
            Get = r => Figure.Of(r.Vm.ThrottledPct, r.Vm.CgroupReason ?? RateReason(r)),
        },
        new()
        {
            Id = "mem_configured_bytes", Title = "MEM", Unit = Unit.Bytes, Width = 6, Needs = s_vms, Source = "QMP query-memory-size-summary and query-memory-devices, else libvirt or command line",
            Help = "Memory given to the guest, DIMMs and what virtio-mem has plugged included, persistent memory not. Where its monitor is being asked, what is plugged now; else as at start.",
            Get = r => Figure.Of(GivenMemory.Of(r.Snapshot, r.Vm), NotOnCommandLine),
        },
        new()
        {
            Id = "rss_bytes", Title = "RSS", Unit = Unit.Bytes, Width = 6, Needs = s_vms, Source = "/proc/PID/stat rss",
            Help = "Resident memory of the VMM, guest memory included; hugetlb pages are not in it.",
            Get = r => Figure.Of(r.Vm.RssBytes, r.Vm.State == VmState.Zombie ? "the process has ended and holds no memory" : "the size of this host's pages is not known"),
        },
        new()
        {
            Id = "hugetlb_bytes", Title = "HUGETB", Unit = Unit.Bytes, Width = 6, Needs = s_vms, Source = "/proc/PID/status HugetlbPages",
            Help = "Memory in hugetlb pages (those of the host's pools), of any size. Transparent hugepages are THP. Read every 5 s.",
            Get = r => Figure.Of(r.Vm.Memory?.HugetlbBytes, "/proc/PID/status has no HugetlbPages"),
        },
        new()
        {
            Id = "swap_bytes", Title = "SWAP", Unit = Unit.Bytes, Width = 6, Needs = s_vms, Source = "/proc/PID/status VmSwap",
            Help = "Memory swapped out by the host. Any is worth a look. Read every 5 s.",
            Thresholds = new(1, 256 << 20),
            Get = r => Figure.Of(r.Vm.Memory?.SwapBytes, "/proc/PID/status has no VmSwap"),
        },
        new()
        {
            Id = "read_bytes_per_s", Title = "RD/s", Unit = Unit.BytesPerSecond, Width = 6, Needs = s_vms, Source = "/proc/PID/io read_bytes",
            Help = "Bytes a second fetched from storage for the VM.",
            Get = r => Figure.Of(r.Vm.ReadBytesPerSecond, r.Vm.IoReason ?? RateReason(r)),
        },
        new()
        {
            Id = "write_bytes_per_s", Title = "WR/s", Unit = Unit.BytesPerSecond, Width = 6, Needs = s_vms, Source = "/proc/PID/io write_bytes",
            Help = "Bytes a second sent to storage for the VM.",
            Get = r => Figure.Of(r.Vm.WriteBytesPerSecond, r.Vm.IoReason ?? RateReason(r)),
        },
        new()
        {
            Id = "confirmed", Title = "KVMFD", Unit = Unit.Text, Width = 5, Needs = s_vms, ScreenOnly = true, Source = "/proc/PID/fd",
            Help = "yes when the KVM descriptor (or its absence) was seen; no when only the program's name says that this is a VM.",
            Get = r => Figure.Of(r.Vm.Info.Confirmed ? "yes" : "no"),
        },
    ];

    /// <summary>Per vCPU.</summary>
    public static IReadOnlyList<Metric<VcpuRow>> PerVcpu { get; } =
    [
        new()
        {
            Id = "vm", Title = "VM", Unit = Unit.Text, Width = 14, Needs = s_vms, ScreenOnly = true, Source = CommandLine,
            Help = "The VM that the vCPU belongs to.",
            Get = r => Figure.Of(r.Vm.Info.Name),
        },
        new()
        {
            Id = "index", Title = "VCPU", Unit = Unit.Count, Width = 4, Needs = s_vms, Source = "thread name, debugfs or KVM_RUN",
            Help = "The vCPU's number.",
            Get = r => Figure.Of(r.Load.Thread.VcpuIndex),
        },
        new()
        {
            Id = "tid", Title = "TID", Unit = Unit.Count, Width = 7, Needs = s_vms, Source = "/proc/PID/task",
            Help = "Thread id.",
            Get = r => Figure.Of(r.Load.Thread.Tid),
        },
        new()
        {
            Id = "cpu_pct", Title = "CPU%", Unit = Unit.Percent, Width = 5, Needs = s_vms, Source = Schedstat,
            Help = "CPU time of the thread, in percent.",
            Get = r => Figure.Of(r.Load.CpuPct, RateReason(r.Vm)),
        },
        new()
        {
            Id = "ready_pct", Title = "RDY%", Unit = Unit.Percent, Width = 5, Needs = s_vms, Source = Schedstat,
            Help = "Time it was runnable but got no CPU, in percent: the guest sees it as steal. Under 5 is healthy, over 10 is bad.",
            Thresholds = new(5, 10),
            Get = r => Figure.Of(r.Load.ReadyPct, RateReason(r.Vm)),
        },
        new()
        {
            Id = "slices_per_s", Title = "RUN/s", Unit = Unit.PerSecond, Width = 6, Needs = s_vms, Source = Schedstat,
            Help = "Times a second it was put on a CPU.",
            Get = r => Figure.Of(r.Load.SlicesPerSecond, RateReason(r.Vm)),
        },
    ];

    /// <summary>A VMM's name as one types it.</summary>
    public static string Name(Vmm.VmmKind vmm) => vmm switch
    {
        Vmm.VmmKind.CloudHypervisor => "cloud-hypervisor",
        _ => vmm.ToString().ToLowerInvariant(),
    };

    private static string RateReason(VmRow row) => RateReason(row.Vm);

    private static string RateReason(VmModel vm) =>
        vm.SchedulerReason ?? (vm.Interval == TimeSpan.Zero ? VmsTopic.NeedsTwo : "a thread or counter began anew in this interval");

    private static string VcpuReason(VmRow row) => row.Vm.Info.VcpuThreads == 0 ? row.Vm.Info.VcpuSource : RateReason(row);
}
