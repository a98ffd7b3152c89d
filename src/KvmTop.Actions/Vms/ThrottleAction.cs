using System.Globalization;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Limits a disk of a VM, or takes its limits away.</summary>
public sealed class ThrottleAction() : VmAction("vm throttle")
{
    private const string IopsOption = "--iops";
    private const string BpsOption = "--bps";

    /// <inheritdoc/>
    public override char? Key => 'B';

    /// <inheritdoc/>
    public override string Usage => "VM DISK [--iops N] [--bps SIZE]";

    /// <inheritdoc/>
    public override string Summary => "Limits how much a disk of a virtual machine may do.";

    /// <inheritdoc/>
    public override string Writes => "QMP block_set_io_throttle; libvirt virDomainSetBlockIoTune";

    /// <inheritdoc/>
    public override string Details =>
        """
          VM            Its name, UUID or pid.
          DISK          The drive or device as QEMU calls it (drive0), the target as libvirt does (vda), or
                        the name of its image.
          --iops N      Operations a second, reads and writes together; 0 for no limit.
          --bps SIZE    Bytes a second, as 50M; 0 for no limit.
        """;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Completions => [IopsOption, BpsOption];

    /// <inheritdoc/>
    public override IEnumerable<ActionChoice> Choices(ActionContext context)
    {
        if (context.Selection.Vms is not [var vm, ..])
            yield break;
        var many = MoreThanOne(context.Selection.Vms);
        string[] disks = [.. vm.Description.Devices.Where(d => d.Kind == VmDeviceKind.Disk).Select(d => HostileText.Clean(d.Id ?? FileName(d.Detail) ?? "", 100)).Where(d => d.Length > 0).Distinct()];
        yield return new ActionChoice($"Limit a disk of {Called(context.Selection.Vms)}")
        {
            DisabledReason = many ?? NobodyToAsk(context, [vm]) ?? (vm.Description.Devices.Any(d => d.Kind == VmDeviceKind.Disk) ? null : "it has no disk"),
            Fields =
            [
                new ActionField("Disk", disks.Length > 0 ? string.Join(", ", disks) : "its drive, device, target or image") { Initial = disks.Length == 1 ? disks[0] : "", Options = disks },
                new ActionField("Operations a second", "0 for no limit, empty to leave it"),
                new ActionField("Bytes a second", "as 50M; 0 for no limit, empty to leave it"),
            ],
            Words = values =>
            [
                .. WordsFor([vm], values[0].Trim()),
                .. values[1].Trim().Length > 0 ? [IopsOption, values[1].Trim()] : Array.Empty<string>(),
                .. values[2].Trim().Length > 0 ? [BpsOption, values[2].Trim()] : Array.Empty<string>(),
            ],
        };
    }

    /// <inheritdoc/>
    public override ActionPlan Plan(ActionContext context, IReadOnlyList<string> words)
    {
        if (ActionWords.Parse(words, [], [IopsOption, BpsOption], out var mistake) is not { } parsed)
            return Mistake(words, mistake);
        var (word, named) = parsed.Rest is [var first, var second] ? (first, second) : (null, parsed.Rest.Count == 1 && context.Selection.Vms.Count > 0 ? parsed.Rest[0] : null);
        if (named is null)
            return Mistake(words, "expected a VM and a disk");
        var (iopsText, bpsText) = (parsed.Value(IopsOption), parsed.Value(BpsOption));
        ulong? iops = ulong.TryParse(iopsText, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n <= int.MaxValue ? n : null;
        var bps = bpsText is null ? null : ByteSize.Parse(bpsText);
        if (iopsText is null && bpsText is null)
            return Mistake(words, $"expected {IopsOption} or {BpsOption}; 0 takes a limit away");
        if (iopsText is not null && iops is null)
            return Mistake(words, $"{IopsOption}: expected a number");
        if (bpsText is not null && bps is null or > 1UL << 50)
            return Mistake(words, $"{BpsOption}: expected a size such as 50M");
        if (context.FindOne(word, out mistake, whole: true) is not { } vm)
            return Mistake(words, mistake);

        var title = $"Limit disk {HostileText.Clean(named, 60)} of {vm.Name}";
        var peer = VmPeer.Of(vm, context.Control);
        if (peer.Route == VmRoute.Signal)
            return new ActionPlan { Action = Name, Title = title, Words = WithName(words), Obstacles = [MonitorObstacle(context, vm, null)] };
        var obstacles = new List<Obstacle>();
        if (Reach(context, vm, obstacles, null) is not { } reached)
            return new ActionPlan { Action = Name, Title = title, Words = WithName(words), Obstacles = obstacles };
        peer = reached;
        if (FindDisk(context, peer, named, out var obstacle) is not { } disk)
            return new ActionPlan { Action = Name, Title = title, Words = WithName(words), Obstacles = [obstacle! with { Reason = $"{vm.Name}: {obstacle.Reason}" }] };

        var to = With(disk.Limits, peer.Route == VmRoute.Libvirt, iops, bps);
        return new ActionPlan
        {
            Action = Name,
            Title = title,
            Words = [.. WordsFor([vm], named), .. iops is null ? [] : new[] { IopsOption, iopsText! }, .. bps is null ? [] : new[] { BpsOption, bpsText! }],
            Effects = to == disk.Limits ? [] : [new ThrottleEffect(peer, disk.Name, disk.Device, disk.Limits, to)],
            Danger = Danger.Disturbs,
            Disturbs = to.Length > 0 ? ["Its guest waits longer for that disk when it wants more."] : [],
            Notes = to.Contains("group=", StringComparison.Ordinal) ? ["QEMU shares a group's limits among the disks in it."] : [],
        };
    }

    private static string? FileName(string? path) => path is null ? null : path[(path.LastIndexOf('/') + 1)..];

    private static (string Name, string? Device, string Limits)? FindDisk(ActionContext context, VmPeer peer, string word, out Obstacle? obstacle)
    {
        if (peer.Route == VmRoute.Libvirt)
            return ThrottleEffect.ReadLimits(context.Control, peer, word, null, out obstacle) is { } limits ? (word, null, limits) : null;
        if (ThrottleEffect.ReadDisks(context.Control, peer, out obstacle) is not { } disks)
            return null;
        var found = disks.Where(d => d.Device == word || d.Qdev == word).ToList();
        if (found.Count == 0)
            found = [.. disks.Where(d => Last(d.Qdev, "/peripheral/") == word || d.Image == word || FileName(d.Image) == word)];
        switch (found.Count)
        {
            case 1 when !found[0].HasMedium:
                obstacle = Obstacle.Refused("that drive is empty");
                return null;
            case 1:
                return (found[0].Device, found[0].Qdev, found[0].Limits);
            default:
                var all = string.Join(", ", disks.Select(d => d.Device.Length > 0 ? d.Device : d.Qdev));
                obstacle = found.Count > 1 ? Obstacle.Mistake($"{HostileText.Clean(word, 60)} is more than one disk: {all}")
                    : Obstacle.Mistake($"it has no disk {HostileText.Clean(word, 60)}{(all.Length > 0 ? $", but {all}" : "; it has none")}");
                return null;
        }
    }

    private static string? Last(string? path, string folder) => path?.LastIndexOf(folder, StringComparison.Ordinal) is >= 0 and var at ? path[(at + folder.Length)..].Split('/')[0] : null;

    /// <summary>The limits with new totals: what was said of reads, of writes and of bursts goes, for QEMU takes either one or the other.</summary>
    private static string With(string limits, bool libvirt, ulong? iops, ulong? bps)
    {
        var words = limits.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        if (bps is { } bytes)
            Put(libvirt ? ["total_bytes_sec", "read_bytes_sec", "write_bytes_sec"] : ["bps", "bps_rd", "bps_wr"], bytes);
        if (iops is { } operations)
            Put(libvirt ? ["total_iops_sec", "read_iops_sec", "write_iops_sec"] : ["iops", "iops_rd", "iops_wr"], operations);
        if (!words.Exists(w => w[0] != 'g' && !w.StartsWith("iops_size=", StringComparison.Ordinal) && !w.StartsWith("size_iops_sec=", StringComparison.Ordinal)))
            words.Clear();

        // In the order in which they are told.
        string[] order = ["bps", "total_bytes", "read_bytes", "write_bytes", "iops", "total_iops", "read_iops", "write_iops", "size_iops", "group"];
        return string.Join(' ', words.OrderBy(w => w.StartsWith("iops_size", StringComparison.Ordinal) ? order.Length - 2 : Array.FindIndex(order, o => w.StartsWith(o, StringComparison.Ordinal))));

        void Put(string[] names, ulong value)
        {
            _ = words.RemoveAll(w => Array.Exists(names, n => w.StartsWith(n + "=", StringComparison.Ordinal) || w.StartsWith(n + "_max", StringComparison.Ordinal)));
            if (value > 0)
                words.Add(string.Create(CultureInfo.InvariantCulture, $"{names[0]}={value}"));
        }
    }
}
