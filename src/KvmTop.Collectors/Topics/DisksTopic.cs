using KvmTop.Vmm;

namespace KvmTop.Collectors;

/// <summary>The disks of one VM at one moment.</summary>
/// <param name="At">When the answer had arrived, on the monotonic clock.</param>
/// <param name="Disks">Their counters.</param>
/// <param name="Infos">What is known of them besides; null until the monitor has said.</param>
/// <param name="Reason">Why there is nothing new; null when all is well.</param>
/// <param name="Before">The answer before this one: answers come between ticks, not with them. Null when there is none to compare with.</param>
public sealed record VmDisksSample(TimeSpan At, IReadOnlyList<BlockCounters> Disks, IReadOnlyList<BlockInfo>? Infos, string? Reason, VmDisksSample? Before = null);

/// <summary>The disks of all VMs.</summary>
/// <param name="Vms">Per VM.</param>
public sealed record DisksSample(IReadOnlyDictionary<VmKey, DisksOfVm> Vms);

/// <summary>The disks of one VM.</summary>
/// <param name="Vm">The VM, with what its command line says.</param>
/// <param name="Disks">Its disks.</param>
public sealed record DisksOfVm(VmInfo Vm, VmDisksSample Disks);

/// <summary>One disk over the last interval. NaN when unknown.</summary>
public sealed class DiskModel
{
    /// <summary>What it is called: the device's id, else the drive's name.</summary>
    public required string Name { get; init; }

    /// <summary>The bus: "virtio", "ide", "scsi", ..</summary>
    public string? Bus { get; init; }

    /// <summary>What stands behind it, and how; null until the monitor has said.</summary>
    public BlockInfo? Info { get; init; }

    public required double ReadsPerSecond { get; init; }

    public required double WritesPerSecond { get; init; }

    public required double FlushesPerSecond { get; init; }

    public required double ReadBytesPerSecond { get; init; }

    public required double WrittenBytesPerSecond { get; init; }

    /// <summary>Average time of a read or write of the interval, in seconds; NaN when there was none.</summary>
    public required double LatencySeconds { get; init; }

    /// <summary>Below this 99 of 100 reads and writes of the interval stayed (the boundary of QEMU's histogram); NaN where QEMU keeps none.</summary>
    public required double P99Seconds { get; init; }

    /// <summary>Reads, writes and flushes under way on average over the interval (their time together, by the interval's length).</summary>
    public required double Queue { get; init; }

    /// <summary>Operations that failed, per second.</summary>
    public required double FailedPerSecond { get; init; }

    /// <summary>Operations that have failed since the guest started.</summary>
    public required ulong? Failed { get; init; }
}

/// <summary>The disks of one VM over the last interval.</summary>
/// <param name="Disks">The disks; empty when not known.</param>
/// <param name="Reason">Why they are not known, or old; null when all is well.</param>
/// <param name="At">When they were read.</param>
/// <param name="ReadsPerSecond">Of all its disks.</param>
/// <param name="WritesPerSecond">Of all its disks.</param>
/// <param name="LatencySeconds">Average over the reads and writes of all its disks.</param>
public sealed record VmDisks(IReadOnlyList<DiskModel> Disks, string? Reason, TimeSpan At, double ReadsPerSecond, double WritesPerSecond, double LatencySeconds);

/// <summary>The disks of all VMs over the last interval.</summary>
/// <param name="Vms">Per VM.</param>
public sealed record DisksModel(IReadOnlyDictionary<VmKey, VmDisks> Vms)
{
    /// <summary>A VM's, or null.</summary>
    public VmDisks? Find(VmKey vm) => Vms.GetValueOrDefault(vm);
}

/// <summary>What each disk of each VM does, as QEMU counts it (QMP query-blockstats, query-block; of libvirt's guests, what libvirt passes on).</summary>
public sealed class DisksTopic : Topic<DisksSample, DisksModel>
{
    private static readonly Func<BlockCounters, BlockCounters, bool> s_same = static (a, b) => a.Device == b.Device && a.Qdev == b.Qdev;

    private DisksTopic()
        : base("disks", "Disks of the VMs", TimeSpan.Zero, VmsTopic.Instance, LibvirtTopic.Instance, QmpTopic.Instance)
    {
    }

    /// <summary>The topic.</summary>
    public static DisksTopic Instance { get; } = new();

    /// <inheritdoc/>
    public override ICollector<DisksSample> CreateCollector(CollectorContext context) => new DisksCollector(context);

    /// <inheritdoc/>
    public override DisksModel Derive(DisksSample? before, DisksSample now)
    {
        var vms = new Dictionary<VmKey, VmDisks>(now.Vms.Count);
        foreach (var (key, (vm, sample)) in now.Vms)
            vms.Add(key, Derive(sample.Before, sample, vm.Description.Devices));
        return new DisksModel(vms);
    }

    private static VmDisks Derive(VmDisksSample? before, VmDisksSample now, IReadOnlyList<VmDevice> devices)
    {
        var seconds = before is null ? 0 : (now.At - before.At).TotalSeconds;
        var disks = new List<DiskModel>(now.Disks.Count);
        DeviceSum reads = default, writes = default, time = default;
        for (var i = 0; i < now.Disks.Count; i++)
        {
            var counters = now.Disks[i];
            var info = Find(now.Infos, counters);

            // A drive without a medium is no disk, and does nothing.
            if (info is { Image: null } && (counters.Reads ?? 0) + (counters.Writes ?? 0) == 0)
                continue;
            var was = DevicePlace.Before(before?.Disks, counters, i, s_same) is >= 0 and var place ? before!.Disks[place] : null;
            var readRate = Rates.PerSecond(was?.Reads, counters.Reads, seconds);
            var writeRate = Rates.PerSecond(was?.Writes, counters.Writes, seconds);
            var busy = (Rates.PerSecond(was?.ReadNs, counters.ReadNs, seconds) + Rates.PerSecond(was?.WriteNs, counters.WriteNs, seconds)) / 1e9;
            reads.Add(readRate);
            writes.Add(writeRate);
            time.Add(busy);
            disks.Add(new DiskModel
            {
                Name = NameOf(counters),
                Bus = DiskBus.Of(counters, info, devices),
                Info = info,
                ReadsPerSecond = readRate,
                WritesPerSecond = writeRate,
                FlushesPerSecond = Rates.PerSecond(was?.Flushes, counters.Flushes, seconds),
                ReadBytesPerSecond = Rates.PerSecond(was?.ReadBytes, counters.ReadBytes, seconds),
                WrittenBytesPerSecond = Rates.PerSecond(was?.WrittenBytes, counters.WrittenBytes, seconds),
                LatencySeconds = readRate + writeRate > 0 ? busy / (readRate + writeRate) : double.NaN,
                P99Seconds = LatencyPercentile.Of(0.99, was?.ReadLatency, counters.ReadLatency, was?.WriteLatency, counters.WriteLatency),
                Queue = busy + (Rates.PerSecond(was?.FlushNs, counters.FlushNs, seconds) / 1e9),
                Failed = counters.FailedReads + counters.FailedWrites + counters.FailedFlushes,
                FailedPerSecond = Rates.PerSecond(was?.FailedReads + was?.FailedWrites + was?.FailedFlushes, counters.FailedReads + counters.FailedWrites + counters.FailedFlushes, seconds),
            });
        }

        var known = now.Disks.Count > 0 || now.Infos is not null;
        var operations = reads.PerSecond() + writes.PerSecond();
        return new VmDisks(disks, now.Reason, now.At, reads.PerSecond(known), writes.PerSecond(known), operations > 0 ? time.PerSecond() / operations : double.NaN);
    }

    private static string NameOf(BlockCounters counters)
    {
        // "/machine/peripheral/disk0/virtio-backend" is called disk0 by whoever named it.
        const string named = "/machine/peripheral/";
        if (counters.Qdev is { } qdev && qdev.StartsWith(named, StringComparison.Ordinal))
        {
            var rest = qdev.AsSpan(named.Length);
            var slash = rest.IndexOf('/');
            return (slash < 0 ? rest : rest[..slash]).ToString();
        }

        return counters.Device.Length > 0 ? counters.Device : counters.Qdev is { } path && !path.StartsWith('/') ? path : LastPart(counters.Qdev ?? "");
    }

    private static string LastPart(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static BlockInfo? Find(IReadOnlyList<BlockInfo>? infos, BlockCounters counters)
    {
        if (infos is null)
            return null;
        foreach (var info in infos)
        {
            if (info.Device == counters.Device && info.Qdev == counters.Qdev)
                return info;
        }

        return null;
    }
}

/// <summary>Which bus a disk hangs on.</summary>
internal static class DiskBus
{
    private static readonly string[] s_drives = ["ide", "scsi", "sd", "floppy", "nvme", "usb"];

    // A device without an id is known by its image.
    private static bool IsOf(string drive, string qdev, BlockInfo? info, VmDevice device) =>
        device.Id is { Length: > 0 } id
            ? qdev == id || drive == id || qdev.EndsWith("/peripheral/" + id, StringComparison.Ordinal)
            : device.Kind == VmDeviceKind.Disk && device.Detail is { } file && file == info?.Image;

    /// <summary>By where the device is in QEMU's tree, by its model on the command line, by the drive's name; null when none says.</summary>
    public static string? Of(BlockCounters disk, BlockInfo? info, IReadOnlyList<VmDevice> devices)
    {
        var qdev = disk.Qdev ?? "";
        if (qdev.Contains("virtio-backend", StringComparison.Ordinal))
            return "virtio";

        VmDevice? controller = null;
        foreach (var device in devices)
        {
            if (device.Model is { Length: > 0 } model && IsOf(disk.Device, qdev, info, device))
            {
                var kind = model.Split('-', 2)[0];
                if (kind != "scsi")
                    return HostileText.Clean(kind, 16);
                qdev = "scsi";
            }

            if (device.Model?.Contains("scsi", StringComparison.Ordinal) == true && device.Kind == VmDeviceKind.Other)
                controller ??= device;
        }

        if (qdev == "scsi")
            return controller?.IsVirtio == true ? "virtio-scsi" : "scsi";
        if (disk.Device.StartsWith("vd", StringComparison.Ordinal) && disk.Qdev is null)
            return "virtio";
        foreach (var kind in s_drives)
        {
            if (disk.Device.StartsWith(kind, StringComparison.Ordinal) && disk.Device.Length > kind.Length && char.IsAsciiDigit(disk.Device[kind.Length]))
                return kind;
        }

        return null;
    }
}

/// <summary>A percentile of what two histograms gained between two readings.</summary>
internal static class LatencyPercentile
{
    /// <summary>The upper boundary of the bin that it lies in, in seconds: it is not above that. NaN when there are no histograms, or nothing was counted; infinite beyond the last boundary.</summary>
    public static double Of(double share, BlockHistogram? readsBefore, BlockHistogram? reads, BlockHistogram? writesBefore, BlockHistogram? writes)
    {
        var bins = new List<Bin>();
        Add(bins, readsBefore, reads);
        Add(bins, writesBefore, writes);
        bins.Sort(static (a, b) => a.Bound.CompareTo(b.Bound));
        var wanted = bins.Sum(b => b.Count) * share;
        var sum = 0.0;
        foreach (var (bound, count) in bins)
        {
            sum += count;
            if (sum >= wanted)
                return bound / 1e9;
        }

        return double.NaN;
    }

    private static void Add(List<Bin> bins, BlockHistogram? before, BlockHistogram? now)
    {
        // Set anew, or just now: what it held before is not of this interval.
        if (now is null || before is null || !before.Bounds.AsSpan().SequenceEqual(now.Bounds))
            return;
        for (var i = 0; i < now.Bins.Length; i++)
        {
            if (now.Bins[i] > before.Bins[i])
                bins.Add(new Bin(i < now.Bounds.Length ? now.Bounds[i] : double.PositiveInfinity, now.Bins[i] - before.Bins[i]));
        }
    }

    private sealed record Bin(double Bound, double Count);
}
