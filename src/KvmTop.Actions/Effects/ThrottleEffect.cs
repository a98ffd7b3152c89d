using System.Text.Json;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Limits a disk of a VM, or takes its limits away. Limits stand as in QMP or libvirt, those that are not 0 only: "bps=1048576 iops=100".</summary>
/// <param name="Vm">Which.</param>
/// <param name="Disk">Its drive's name in QEMU, or its target in libvirt; empty where it is known by its device only.</param>
/// <param name="Device">The device that it hangs on in QEMU, or null.</param>
/// <param name="From">Its limits now; they must still be so when the time comes.</param>
/// <param name="To">Its limits then.</param>
public sealed record ThrottleEffect(VmPeer Vm, string Disk, string? Device, string From, string To) : Effect
{
    internal const string KindName = "throttle";

    private const string NoLimits = "no limits";

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override bool IsOfThisBoot => true;

    /// <summary>It takes back what nobody lived to say the outcome of: QEMU may have named a group of its own.</summary>
    public bool IsUntold { get; init; }

    /// <summary>What the disk is called.</summary>
    public string Shown => Disk.Length > 0 ? Disk : Device ?? "";

    /// <inheritdoc/>
    public override string Describe() => Vm.Route == VmRoute.Libvirt
        ? $"libvirt, domain {Vm.DomainWords}: set-throttle {Shown}: {Word(From)} -> {Word(To)}"
        : $"QMP to {Vm.Name}: block_set_io_throttle {Shown}: {Word(From)} -> {Word(To)}";

    /// <inheritdoc/>
    public override Obstacle? FindObstacle(HostControl host) => Vm.FindObstacle(host);

    /// <summary>The limits of a disk, or why they are not known.</summary>
    public static string? ReadLimits(HostControl host, VmPeer vm, string disk, string? device, out Obstacle? problem)
    {
        problem = null;
        if (vm.Route == VmRoute.Libvirt)
        {
            var told = vm.Libvirt(host, "get-throttle", [disk], s_deadline);
            problem = told.IsOk ? null : VmPeer.Of(told);
            return told.IsOk ? told.Value ?? "" : null;
        }

        var found = ReadDisks(host, vm, out problem)?.FirstOrDefault(d => d.Device == disk && (disk.Length > 0 || d.Qdev == device));
        if (found is null)
            problem ??= Obstacle.Refused("the disk is gone");
        return found?.Limits;
    }

    /// <summary>The disks that its monitor knows, or why they are not known.</summary>
    public static IReadOnlyList<QmpThrottle>? ReadDisks(HostControl host, VmPeer vm, out Obstacle? problem)
    {
        var reply = vm.Qmp(host, "query-block", null, s_deadline);
        var disks = reply.IsOk ? QmpThrottles.Parse(reply.Json) : null;
        problem = disks is null ? VmPeer.OfReason(reply.Reason ?? "QMP: query-block tells nothing") : null;
        return disks;
    }

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        if (Vm.HasEnded(host))
            return EffectResult.Failed($"{Vm.Name} (pid {Vm.Pid}) is gone");
        if (ReadLimits(host, Vm, Disk, Device, out var problem) is not { } before)
            return EffectResult.Failed($"{Vm.Name}: {problem!.Reason}");
        if (before != From && WithoutGroup(before) == WithoutGroup(To))
            return EffectResult.Already(Word(before));
        if (before != From && !(IsUntold && WithoutGroup(before) == WithoutGroup(From)))
            return EffectResult.Failed($"{Shown} of {Vm.Name} has {Word(before)} now, not {Word(From)} as when the plan was made", Word(before));
        if (Set(host) is { } failure)
            return failure;
        var after = ReadLimits(host, Vm, Disk, Device, out _);

        // QEMU puts a disk with limits into a group of its own and tells its name.
        return after == To || (after is not null && WithoutGroup(after) == WithoutGroup(To)) ? EffectResult.Ok(Word(before), Word(after))
            : EffectResult.Broken($"{Shown} of {Vm.Name} has {Word(after ?? "?")} after {Word(To)} was set", Word(before), after is null ? null : Word(after));
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after) => this with { From = after is null ? To : after == NoLimits ? "" : after, To = From, IsUntold = after is null };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        Vm.Write(json);
        json.WriteString("disk", Disk);
        json.WriteString("device", Device);
        json.WriteString("from", From);
        json.WriteString("to", To);
    }

    internal static Effect? Read(EffectFields fields) => VmPeer.Read(fields) is { } vm && fields.Text("disk") is { } disk && fields.Text("from") is { } from && fields.Text("to") is { } to
        ? new ThrottleEffect(vm, disk, fields.Text("device"), from, to)
        : null;

    private static string Word(string limits) => limits.Length == 0 ? NoLimits : limits;

    private static string WithoutGroup(string limits) => limits.IndexOf("group=", StringComparison.Ordinal) is >= 0 and var at ? limits[..at].TrimEnd() : limits;

    private static IEnumerable<string> Names(string limits) => limits.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => w.Split('=')[0]);

    private EffectResult? Set(HostControl host)
    {
        if (Vm.Route == VmRoute.Libvirt)
        {
            // What is not named stays: what goes is set to 0.
            string[] words = [.. Names(From).Except(Names(To)).Where(n => !n.EndsWith("_length", StringComparison.Ordinal)).Select(n => n + "=0"), .. To.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
            var told = Vm.Libvirt(host, "set-throttle", [Disk, .. words], s_deadline);
            return told.IsOk ? null : told.IsOpen ? EffectResult.Broken(told.Problem!, Word(From), null) : EffectResult.Failed(told.Problem ?? "libvirt: refused", Word(From));
        }

        var reply = Vm.Qmp(host, "block_set_io_throttle", QmpThrottles.Arguments(Disk, Device, To), s_deadline);
        return reply.IsOk ? null
            : reply.Status == QmpReplyStatus.TimedOut ? EffectResult.Broken(reply.Reason!, Word(From), null)
            : EffectResult.Failed(reply.Reason ?? "QMP: refused", Word(From));
    }
}
