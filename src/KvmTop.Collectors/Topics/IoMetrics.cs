using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>The figures of disks and networks: of each device, of a VM, and of the one table that shows all devices.</summary>
public static class IoMetrics
{
    private const string BlockStats = "QMP query-blockstats";
    private const string Block = "QMP query-block";
    private const string NetDev = "/proc/PID/net/dev";
    private const string NotSaid = "QMP: query-block has not been answered yet";
    private const string NoOperations = "no reads or writes in this interval";
    private const string NoHistogram = "QEMU keeps no histogram for it (block-latency-histogram-set), or nothing was counted";

    private static readonly Topic[] s_disks = [DisksTopic.Instance];
    private static readonly Topic[] s_nics = [NicsTopic.Instance];
    private static readonly Topic[] s_all = [DisksTopic.Instance, NicsTopic.Instance, PassthroughTopic.Instance];

    /// <summary>Of a disk.</summary>
    public static IReadOnlyList<Metric<DiskRow>> PerDisk { get; } =
    [
        DiskText("name", "DISK", 12, "Its device's id, else the drive's name.", BlockStats, static r => r.Disk.Name, "it has none"),
        DiskText("bus", "BUS", 11, "What the guest sees: virtio, or emulated hardware (ide, scsi, nvme, usb, floppy).", BlockStats, static r => r.Disk.Bus, "neither its path nor the command line says"),
        DiskText("image", "IMAGE", 24, "File, device or address behind it.", Block, static r => r.Disk.Info?.Image, NotSaid),
        DiskText("format", "FORMAT", 6, "Image format.", Block, static r => r.Disk.Info?.Format, NotSaid),
        DiskText("cache", "CACHE", 12, "Cache mode as -drive cache= names it: none, writeback, writethrough, directsync, unsafe.", Block, static r => r.Disk.Info?.Cache, NotSaid),
        DiskText("limits", "LIMIT", 12, "QEMU's throttle limits: the drive's own, or those of the throttle group that a filter node above it belongs to (shared by all in it).", "QMP query-block, qom-get limits", static r => r.Disk.Info?.Limits, "none set, or not known"),
        DiskText("io_status", "IOSTATUS", 8, "ok, failed or nospace, where QEMU stops the guest at errors.", Block, static r => r.Disk.Info?.IoStatus, "QEMU does not keep it for this device"),
        Disk("size_bytes", "SIZE", Unit.Bytes, 6, "Size as the guest sees it.", Block, static r => Figure.Of(r.Disk.Info?.SizeBytes, NotSaid)),
        Disk("allocated_bytes", "ALLOC", Unit.Bytes, 6, "What the image takes on the host.", Block, static r => Figure.Of(r.Disk.Info?.AllocatedBytes, NotSaid)),
        DiskRate("reads_per_s", "RDOP/s", Unit.PerSecond, "Reads a second.", static d => d.ReadsPerSecond),
        DiskRate("writes_per_s", "WROP/s", Unit.PerSecond, "Writes a second.", static d => d.WritesPerSecond),
        DiskRate("flushes_per_s", "FLSH/s", Unit.PerSecond, "Flushes a second: the guest wants its data safe.", static d => d.FlushesPerSecond),
        DiskRate("read_bytes_per_s", "RD/s", Unit.BytesPerSecond, "Bytes read a second.", static d => d.ReadBytesPerSecond),
        DiskRate("write_bytes_per_s", "WR/s", Unit.BytesPerSecond, "Bytes written a second.", static d => d.WrittenBytesPerSecond),
        Disk("latency_s", "LAT", Unit.Seconds, 6, "Average time of a read or write, as QEMU saw it; time held back by a throttle is in it.", BlockStats, static r => Figure.Of(r.Disk.LatencySeconds, r.Disks.Reason ?? NoOperations)),
        Disk("p99_s", "P99", Unit.Seconds, 6, "99 of 100 reads and writes took no longer than this: the boundary of a bin of QEMU's latency histogram.", BlockStats, static r =>
            double.IsPositiveInfinity(r.Disk.P99Seconds) ? Figure.Missing("above the last boundary of QEMU's histogram") : Figure.Of(r.Disk.P99Seconds, r.Disks.Reason ?? NoHistogram)),
        DiskRate("queue", "QUEUE", Unit.Number, "Reads, writes and flushes under way on average (their time together, by the interval's).", static d => d.Queue),
        DiskRate("failed_per_s", "FAIL/s", Unit.PerSecond, "Operations that failed, a second.", static d => d.FailedPerSecond, new(0.001, 1)),
        Disk("failed", "FAILED", Unit.Count, 6, "Operations that have failed since the guest started.", BlockStats, static r => Figure.Of(r.Disk.Failed, "this QEMU does not count them"), new(1, 100)),
    ];

    /// <summary>Of a network device.</summary>
    public static IReadOnlyList<Metric<NicRow>> PerNic { get; } =
    [
        NicText("name", "NIC", 12, "The interface on the host, else the device's id.", "/proc/PID/fdinfo/N iff", static n => n.Name, "it has none"),
        NicText("kind", "KIND", 10, "What it stands on: tap, macvtap, user, ..", "/proc/PID/fd, command line", static n => n.Kind, "not known"),
        NicText("model", "MODEL", 14, "The device that the guest sees.", "command line", static n => n.Model, "it is not on the command line"),
        NicText("bridge", "BRIDGE", 10, "Bridge or bond that the interface belongs to.", "/sys/class/net/NAME/master", static n => n.Bridge, "none, or in another network namespace"),
        Nic("queues", "QS", Unit.Count, 3, "Queue pairs: descriptors of the interface that the VMM holds.", "/proc/PID/fd", static r => r.Nic.Info.Interface is null ? Figure.Missing(NicsTopic.NoInterface) : Figure.Of(r.Nic.Info.Queues)),
        NicText("vhost", "VHOST", 5, "yes when the kernel moves the packets (vhost-net), no when QEMU does.", "/proc/PID/fd", static n => n.Interface is null ? null : n.HasVhost ? "yes" : "no", NicsTopic.NoInterface),
        NicRate("rx_bytes_per_s", "RX", Unit.BytesPerSecond, "Bytes a second that the guest receives.", static n => n.RxBytesPerSecond),
        NicRate("tx_bytes_per_s", "TX", Unit.BytesPerSecond, "Bytes a second that the guest sends.", static n => n.TxBytesPerSecond),
        NicRate("rx_packets_per_s", "RXP/s", Unit.PerSecond, "Packets a second that the guest receives.", static n => n.RxPacketsPerSecond),
        NicRate("tx_packets_per_s", "TXP/s", Unit.PerSecond, "Packets a second that the guest sends.", static n => n.TxPacketsPerSecond),
        NicRate("rx_dropped_per_s", "RXD/s", Unit.PerSecond, "Packets a second for the guest that it did not take in time.", static n => n.RxDroppedPerSecond, new(0.1, 100)),
        NicRate("tx_dropped_per_s", "TXD/s", Unit.PerSecond, "Packets a second of the guest's that the host threw away.", static n => n.TxDroppedPerSecond, new(0.1, 100)),
    ];

    /// <summary>Of a VM.</summary>
    public static IReadOnlyList<Metric<VmRow>> PerVm { get; } =
    [
        new()
        {
            Id = "disk_reads_per_s", Title = "RDOP/s", Unit = Unit.PerSecond, Width = 6, Needs = s_disks, Source = BlockStats,
            Help = "Reads a second of all its disks.",
            Get = r => Of(r) is { } d ? Figure.Of(d.ReadsPerSecond, d.Reason ?? VmsTopic.NeedsTwo) : Figure.Missing(QmpTopic.Reason(r)),
        },
        new()
        {
            Id = "disk_writes_per_s", Title = "WROP/s", Unit = Unit.PerSecond, Width = 6, Needs = s_disks, Source = BlockStats,
            Help = "Writes a second of all its disks.",
            Get = r => Of(r) is { } d ? Figure.Of(d.WritesPerSecond, d.Reason ?? VmsTopic.NeedsTwo) : Figure.Missing(QmpTopic.Reason(r)),
        },
        new()
        {
            Id = "disk_latency_s", Title = "LAT", Unit = Unit.Seconds, Width = 6, Needs = s_disks, Source = BlockStats, Thresholds = new(0.02, 0.1),
            Help = "Average time of a read or write of its disks, as QEMU saw it.",
            Get = r => Of(r) is { } d ? Figure.Of(d.LatencySeconds, d.Reason ?? NoOperations) : Figure.Missing(QmpTopic.Reason(r)),
        },
        new()
        {
            Id = "rx_bytes_per_s", Title = "RX", Unit = Unit.BytesPerSecond, Width = 6, Needs = s_nics, Source = NetDev,
            Help = "Bytes a second that the guest receives on all its network devices.",
            Get = r => Nics(r) is { } n ? Figure.Of(n.RxBytesPerSecond, n.Reason ?? VmsTopic.NeedsTwo) : Figure.Missing(r.Snapshot.Get(NicsTopic.Instance).Reason),
        },
        new()
        {
            Id = "tx_bytes_per_s", Title = "TX", Unit = Unit.BytesPerSecond, Width = 6, Needs = s_nics, Source = NetDev,
            Help = "Bytes a second that the guest sends on all its network devices.",
            Get = r => Nics(r) is { } n ? Figure.Of(n.TxBytesPerSecond, n.Reason ?? VmsTopic.NeedsTwo) : Figure.Missing(r.Snapshot.Get(NicsTopic.Instance).Reason),
        },
    ];

    /// <summary>Of any device, for the table of all of them.</summary>
    public static IReadOnlyList<Metric<IoRow>> PerDevice { get; } =
    [
        Io("vm", "VM", Unit.Text, 14, "The VM that it belongs to.", "command line", static r => Figure.Of(r.Vm.Vm.Info.Name)),
        Io("device", "DEVICE", Unit.Text, 12, "A disk, the interface of a network device, the address of a passthrough device; (process) stands for all disks where they are not known.", BlockStats, static r => Figure.Of(r.Name)),
        Io("kind", "KIND", Unit.Text, 4, "disk, net, pci (passthrough), or proc: the whole process by /proc/PID/io.", "", static r => Figure.Of(r.Kind)),
        Lift("in_ops_per_s", "INOP/s", Unit.PerSecond, 6, "Reads, or packets that the guest receives, a second.", "reads_per_s", "rx_packets_per_s"),
        Lift("out_ops_per_s", "OUTOP", Unit.PerSecond, 6, "Writes, or packets that the guest sends, a second.", "writes_per_s", "tx_packets_per_s"),
        Lift("in_bytes_per_s", "IN/s", Unit.BytesPerSecond, 6, "Bytes a second into the guest: read, or received.", "read_bytes_per_s", "rx_bytes_per_s", "read_bytes_per_s"),
        Lift("out_bytes_per_s", "OUT/s", Unit.BytesPerSecond, 6, "Bytes a second out of the guest: written, or sent.", "write_bytes_per_s", "tx_bytes_per_s", "write_bytes_per_s"),
        Lift("latency_s", "LAT", Unit.Seconds, 6, "Average time of a read or write.", "latency_s", null),
        Lift("p99_s", "P99", Unit.Seconds, 6, "99 of 100 reads and writes took no longer (where QEMU keeps a histogram).", "p99_s", null),
        Lift("queue", "QUEUE", Unit.Number, 5, "Operations under way on average.", "queue", null),
        Lift("flushes_per_s", "FLSH/s", Unit.PerSecond, 6, "Flushes a second.", "flushes_per_s", null),
        Io("errors_per_s", "ERR/s", Unit.PerSecond, 6, "Operations that failed, or packets that were dropped, a second.", BlockStats + ", " + NetDev, static r =>
            r.Disk is { } d ? Figure.Of(d.Disk.FailedPerSecond, d.Disks.Reason ?? VmsTopic.NeedsTwo)
            : r.Nic is { } n ? Figure.Of(n.Nic.RxDroppedPerSecond + n.Nic.TxDroppedPerSecond, n.Nic.Reason)
            : Figure.Missing(NotCounted(r)), new(0.1, 10)),
        Io("bus", "BUS", Unit.Text, 11, "What the guest sees: virtio, or emulated hardware.", BlockStats + ", command line", static r =>
            r.Disk is { } d ? Figure.Of(d.Disk.Bus, "not known")
            : r.Nic is { } n ? Figure.Of(n.Nic.Info.IsVirtio switch { true => "virtio", false => n.Nic.Info.Model ?? "emulated", _ => null }, "it is not on the command line")
            : Figure.Of(r.Device?.Model, "not known")),
        Io("behind", "BEHIND", Unit.Text, 28, "Image; kind of back end and bridge; IOMMU group, parent and driver; or why the disks are not known.", Block + ", /proc/PID/fdinfo, /sys", static r => Figure.Of(Behind(r), NotSaid)),
        Lift("cache", "CACHE", Unit.Text, 12, "Cache mode of a disk.", "cache", null),
        Lift("format", "FORMAT", Unit.Text, 6, "Format of a disk's image.", "format", null),
        Lift("limits", "LIMIT", Unit.Text, 14, "Throttle limits of a disk.", "limits", null),
        Lift("io_status", "IOSTATUS", Unit.Text, 8, "I/O status of a disk.", "io_status", null),
        Lift("queues", "QS", Unit.Count, 3, "Queue pairs of a network device.", null, "queues"),
        Lift("vhost", "VHOST", Unit.Text, 5, "Whether the kernel moves the packets.", null, "vhost"),
        Io("emulator_pct", "EMU%", Unit.Percent, 5, "CPU of its VM's main loop and workers: emulated devices, and disks without an I/O thread.", "/proc/PID/task/TID/schedstat", static r =>
            Figure.Of(r.CpuPct(static t => t is not (ThreadRole.IoThread or ThreadRole.Vhost)), VmsTopic.NeedsTwo)),
        Io("iothread_pct", "IOT%", Unit.Percent, 5, "CPU of its VM's I/O threads.", "/proc/PID/task/TID/schedstat", static r => Figure.Of(r.CpuPct(static t => t == ThreadRole.IoThread), VmsTopic.NeedsTwo)),
        Io("vhost_pct", "VHST%", Unit.Percent, 5, "CPU of its VM's vhost threads.", "/proc/PID/task/TID/schedstat", static r => Figure.Of(r.CpuPct(static t => t == ThreadRole.Vhost), VmsTopic.NeedsTwo)),
    ];

    private static VmDisks? Of(VmRow row) => row.Snapshot.Get(DisksTopic.Instance).Value?.Find(row.Vm.Info.Key);

    private static VmNics? Nics(VmRow row) => row.Snapshot.Get(NicsTopic.Instance).Value?.Find(row.Vm.Info.Key);

    private static string NotCounted(IoRow row) => row.Device is not null ? "what a passthrough device moves cannot be counted from the host" : row.Reason ?? "not a figure of this kind of device";

    private static string? Behind(IoRow row)
    {
        if (row.Disk is { } disk)
            return disk.Disk.Info?.Image;
        if (row.Nic is { } nic)
            return nic.Nic.Info.Kind + (nic.Nic.Info.Bridge is { } bridge ? " on " + bridge : "") + (nic.Nic.Info.InOtherNamespace ? ", own namespace" : "");
        if (row.Device is { } device)
            return (device.IommuGroup is { } group ? "IOMMU group " + group : "IOMMU group not known") + (device.Parent is { } parent ? ", VF of " + parent : "") + (device.Driver is { } driver ? ", " + driver : "");
        return row.Reason;
    }

    private static Metric<DiskRow> Disk(string id, string title, Unit unit, int width, string help, string source, Func<DiskRow, Figure> get, Thresholds? thresholds = null) =>
        new() { Id = id, Title = title, Unit = unit, Width = width, Needs = s_disks, Source = source, Help = help, Get = get, Thresholds = thresholds };

    private static Metric<DiskRow> DiskText(string id, string title, int width, string help, string source, Func<DiskRow, string?> get, string missing) =>
        Disk(id, title, Unit.Text, width, help, source, r => Figure.Of(get(r), missing));

    private static Metric<DiskRow> DiskRate(string id, string title, Unit unit, string help, Func<DiskModel, double> get, Thresholds? thresholds = null) =>
        Disk(id, title, unit, 6, help, BlockStats, r => Figure.Of(get(r.Disk), r.Disks.Reason ?? VmsTopic.NeedsTwo), thresholds);

    private static Metric<NicRow> Nic(string id, string title, Unit unit, int width, string help, string source, Func<NicRow, Figure> get, Thresholds? thresholds = null) =>
        new() { Id = id, Title = title, Unit = unit, Width = width, Needs = s_nics, Source = source, Help = help, Get = get, Thresholds = thresholds };

    private static Metric<NicRow> NicText(string id, string title, int width, string help, string source, Func<NicInfo, string?> get, string missing) =>
        Nic(id, title, Unit.Text, width, help, source, r => Figure.Of(get(r.Nic.Info), missing));

    private static Metric<NicRow> NicRate(string id, string title, Unit unit, string help, Func<NicModel, double> get, Thresholds? thresholds = null) =>
        Nic(id, title, unit, 6, help, NetDev, r => Figure.Of(get(r.Nic), r.Nic.Reason), thresholds);

    private static Metric<IoRow> Io(string id, string title, Unit unit, int width, string help, string source, Func<IoRow, Figure> get, Thresholds? thresholds = null) =>
        new() { Id = id, Title = title, Unit = unit, Width = width, Needs = s_all, Source = source.Length == 0 ? "command line" : source, Help = help, Get = get, Thresholds = thresholds, ScreenOnly = true };

    /// <summary>The figure of a disk, of a network device, or of the process, each by its own id.</summary>
    private static Metric<IoRow> Lift(string id, string title, Unit unit, int width, string help, string? disk, string? nic, string? process = null)
    {
        var ofDisk = PerDisk.FirstOrDefault(m => m.Id == disk);
        var ofNic = PerNic.FirstOrDefault(m => m.Id == nic);
        var ofVm = VmsMetrics.PerVm.FirstOrDefault(m => m.Id == process);
        var source = ofDisk is null ? ofNic!.Source : ofNic is null ? ofDisk.Source : ofDisk.Source + ", " + ofNic.Source;
        return Io(id, title, unit, width, help, source, r =>
            r.Disk is { } d && ofDisk is not null ? ofDisk.Get(d)
            : r.Nic is { } n && ofNic is not null ? ofNic.Get(n)
            : r.Kind == "proc" && ofVm is not null ? ofVm.Get(r.Vm)
            : Figure.Missing(r.Kind is "disk" or "net" ? "not a figure of this kind of device" : NotCounted(r)));
    }
}
