using System.Text.Json;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Pauses or resumes a VM, and waits until it says that it is so.</summary>
/// <param name="Vm">Which.</param>
/// <param name="Pause">Pause it; else resume it.</param>
/// <param name="From">What it does now; it must still be so when the time comes.</param>
public sealed record VmStateEffect(VmPeer Vm, bool Pause, string From) : Effect
{
    internal const string KindName = "vm-state";

    private const int SigCont = 18;
    private const int SigStop = 19;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override bool IsOfThisBoot => true;

    /// <summary>What it says it does when all went well.</summary>
    public string To => !Pause ? "running" : Vm.Route == VmRoute.Signal ? VmPeer.Stopped : "paused";

    /// <inheritdoc/>
    public override string Describe() => Vm.Route switch
    {
        VmRoute.Qmp => $"QMP to {Vm.Name}: {(Pause ? "stop" : "cont")} ({From} -> {To})",
        VmRoute.Libvirt => $"libvirt, domain {Vm.DomainWords}: {(Pause ? "suspend" : "resume")} ({From} -> {To})",
        _ => FormattableString.Invariant($"{(Pause ? "SIGSTOP" : "SIGCONT")} to process {Vm.Pid} ({Vm.Name}): {From} -> {To}"),
    };

    /// <inheritdoc/>
    public override Obstacle? FindObstacle(HostControl host) => Vm.FindObstacle(host);

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        if (Vm.HasEnded(host))
            return EffectResult.Failed($"{Vm.Name} (pid {Vm.Pid}) is gone");
        if (Vm.ReadState(host, out var problem) is not { } before)
            return EffectResult.Failed($"{Vm.Name}: {problem!.Reason}");
        if (before != From && before == To)
            return EffectResult.Already(before);
        if (before != From)
            return EffectResult.Failed($"{Vm.Name} is {before} now, not {From} as when the plan was made", before);
        if (Command(host, before) is { } failure)
            return failure;

        var after = Await(host, before);
        return after == To ? EffectResult.Ok(before, after)
            : after == before ? EffectResult.Failed($"{Vm.Name} is {after} still", before)
            : EffectResult.Broken($"{Vm.Name} is {after ?? "in an unknown state"} now, not {To}", before, after);
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after) => this with { Pause = !Pause, From = after ?? To };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        Vm.Write(json);
        json.WriteBoolean("pause", Pause);
        json.WriteString("from", From);
    }

    internal static Effect? Read(EffectFields fields) =>
        VmPeer.Read(fields) is { } vm && fields.Text("from") is { } from ? new VmStateEffect(vm, fields.Flag("pause"), from) : null;

    /// <summary>What came of the command when it was not simply done; null when it was.</summary>
    private EffectResult? Command(HostControl host, string before)
    {
        switch (Vm.Route)
        {
            case VmRoute.Qmp:
                var reply = Vm.Qmp(host, Pause ? "stop" : "cont", null, s_deadline);

                // Without an answer nobody knows whether it was carried out.
                return reply.IsOk ? null : reply.Status == QmpReplyStatus.TimedOut ? EffectResult.Broken(reply.Reason!, before, null) : EffectResult.Failed(reply.Reason ?? "QMP: refused", before);
            case VmRoute.Libvirt:
                var told = Vm.Libvirt(host, Pause ? "suspend" : "resume", [], s_deadline);
                return told.IsOk ? null : told.IsOpen ? EffectResult.Broken(told.Problem!, before, null) : EffectResult.Failed(told.Problem ?? "libvirt: refused", before);
            default:
                var errno = host.Signal(Vm.Key, Pause ? SigStop : SigCont);
                return errno == Errno.None ? null : EffectResult.Failed($"{Vm.Name}: {errno.Describe()}", before);
        }
    }

    private string? Await(HostControl host, string before)
    {
        var pace = TimeSpan.FromMilliseconds(50);
        string? after = null;
        for (var waited = TimeSpan.Zero; waited < s_deadline; waited += pace)
        {
            after = Vm.ReadState(host, out _);
            if (after == To || (after is not null && after != before))
                break;
            host.Pause(pace);
        }

        return after;
    }
}
