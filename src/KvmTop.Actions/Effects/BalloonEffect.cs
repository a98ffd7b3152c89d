using System.Globalization;
using System.Text.Json;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Gives a VM more or less memory by its balloon, and waits for its guest to follow.</summary>
/// <param name="Vm">Which.</param>
/// <param name="From">Bytes that it has now.</param>
/// <param name="To">Bytes that it shall have.</param>
public sealed record BalloonEffect(VmPeer Vm, ulong From, ulong To) : Effect
{
    internal const string KindName = "balloon";

    /// <summary>Guests move whole pages, and some keep a little more than they are asked to.</summary>
    private const ulong Near = 1 << 20;

    private const ulong Slack = 16 * Near;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(250);

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override bool IsOfThisBoot => true;

    /// <summary>It takes a change back: then what the VM has must come of that change.</summary>
    public bool IsUndo { get; init; }

    /// <summary>How long its guest has.</summary>
    public int Seconds { get; init; } = 10;

    /// <inheritdoc/>
    public override string Describe() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(Vm.Route == VmRoute.Libvirt ? $"libvirt, domain {Vm.DomainWords}: set-memory {To >> 10} KiB" : $"QMP to {Vm.Name}: balloon {To}")} ({ByteSize.Text(From)} -> {ByteSize.Text(To)})");

    /// <inheritdoc/>
    public override Obstacle? FindObstacle(HostControl host) => Vm.FindObstacle(host);

    /// <summary>The memory that its balloon leaves it, in bytes; null, and why, when there is no telling.</summary>
    public static ulong? ReadActual(HostControl host, VmPeer vm, out Obstacle? problem)
    {
        problem = null;
        if (vm.Route == VmRoute.Libvirt)
        {
            var told = vm.Libvirt(host, "get-memory", [], s_deadline);
            if (told.IsOk && ulong.TryParse(told.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes))
                return kibibytes << 10;
            problem = VmPeer.Of(told);
            return null;
        }

        var reply = vm.Qmp(host, "query-balloon", null, s_deadline);
        var actual = reply.IsOk ? QmpBalloon.Actual(reply.Json) : null;
        problem = actual is not null ? null
            : reply.Status == QmpReplyStatus.Error ? Obstacle.Refused($"it has no balloon device ({reply.Reason})", "start it with -device virtio-balloon")
            : VmPeer.OfReason(reply.Reason ?? "QMP: query-balloon tells nothing");
        return actual;
    }

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        if (Vm.HasEnded(host))
            return EffectResult.Failed($"{Vm.Name} (pid {Vm.Pid}) is gone");
        if (ReadActual(host, Vm, out var problem) is not { } before)
            return EffectResult.Failed($"{Vm.Name}: {problem!.Reason}");
        // A guest that has not come all the way is between both; what lies outside somebody else has set.
        if (IsUndo && (before + Slack < Math.Min(From, To) || before > Math.Max(From, To) + Slack))
            return EffectResult.Failed($"{Vm.Name} has {ByteSize.Text(before)}, which is neither what it was given nor on the way to it: somebody else has changed it since", ByteSize.Text(before));
        if (Set(host, ByteSize.Text(before)) is { } failure)
            return failure;

        var after = before;
        for (var waited = TimeSpan.Zero; ; waited += s_pace)
        {
            after = ReadActual(host, Vm, out _) ?? after;
            if (Distance(after, To) <= Near)
                return EffectResult.Ok(ByteSize.Text(before), ByteSize.Text(after));
            if (waited >= TimeSpan.FromSeconds(Seconds) || host.IsAskedToEnd || Vm.HasEnded(host))
                break;
            if (waited.Milliseconds == 0)
                progress(string.Create(CultureInfo.InvariantCulture, $"{Vm.Name} has {ByteSize.Text(after)}, shall have {ByteSize.Text(To)}; {waited.TotalSeconds:0} of {Seconds} s"));
            host.Pause(s_pace);
        }

        return after != before
            ? EffectResult.Ok(ByteSize.Text(before), ByteSize.Text(after), $"its guest goes on: {ByteSize.Text(after)} of {ByteSize.Text(To)} after {Seconds} s")
            : EffectResult.Broken($"{Vm.Name} has {ByteSize.Text(after)} still after {Seconds} s: its guest has no balloon driver, or does not run", ByteSize.Text(before), ByteSize.Text(after));
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after) => this with { From = To, To = From, IsUndo = true };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        Vm.Write(json);
        json.WriteString("from", From.ToString(CultureInfo.InvariantCulture));
        json.WriteString("to", To.ToString(CultureInfo.InvariantCulture));
        json.WriteNumber("seconds", Seconds);
    }

    internal static Effect? Read(EffectFields fields) =>
        VmPeer.Read(fields) is { } vm && ulong.TryParse(fields.Text("from"), NumberStyles.None, CultureInfo.InvariantCulture, out var from)
        && ulong.TryParse(fields.Text("to"), NumberStyles.None, CultureInfo.InvariantCulture, out var to)
            ? new BalloonEffect(vm, from, to) { Seconds = (int)Math.Clamp(fields.Number("seconds") ?? 10, 1, 3600) }
            : null;

    private static ulong Distance(ulong a, ulong b) => a > b ? a - b : b - a;

    private static string Text(ulong bytes) => bytes.ToString(CultureInfo.InvariantCulture);

    private EffectResult? Set(HostControl host, string before)
    {
        if (Vm.Route == VmRoute.Libvirt)
        {
            var told = Vm.Libvirt(host, "set-memory", [Text(To >> 10)], s_deadline);
            return told.IsOk ? null : told.IsOpen ? EffectResult.Broken(told.Problem!, before, null) : EffectResult.Failed(told.Problem ?? "libvirt: refused", before);
        }

        var reply = Vm.Qmp(host, "balloon", $"{{\"value\":{Text(To)}}}", s_deadline);
        return reply.IsOk ? null
            : reply.Status == QmpReplyStatus.TimedOut ? EffectResult.Broken(reply.Reason!, before, null)
            : EffectResult.Failed(reply.Reason ?? "QMP: refused", before);
    }
}
