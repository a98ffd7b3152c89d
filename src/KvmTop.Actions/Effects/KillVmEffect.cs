using System.Globalization;
using System.Text.Json;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Ends a VM at once: its monitor or libvirt is asked to, and where that is not done in time, or there is nobody to ask, its process is told, then made to.</summary>
/// <param name="Vm">Which.</param>
public sealed record KillVmEffect(VmPeer Vm) : Effect
{
    internal const string KindName = "kill-vm";

    private const int SigKill = 9;
    private const int SigTerm = 15;

    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_quitDeadline = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_killPatience = TimeSpan.FromSeconds(20);

    // libvirt itself sends SIGTERM, waits for ten seconds and more, then sends SIGKILL.
    private static readonly TimeSpan s_destroyDeadline = TimeSpan.FromSeconds(45);

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override bool IsOfThisBoot => true;

    /// <inheritdoc/>
    public override string Describe() => Vm.Route switch
    {
        VmRoute.Qmp => FormattableString.Invariant($"QMP to {Vm.Name}: quit; if it stays, SIGTERM and then SIGKILL to process {Vm.Pid}"),
        VmRoute.Libvirt => $"libvirt, domain {Vm.DomainWords}: destroy",
        _ => FormattableString.Invariant($"SIGTERM to process {Vm.Pid} ({Vm.Name}); if it stays, SIGKILL"),
    };

    /// <inheritdoc/>
    public override Obstacle? FindObstacle(HostControl host) =>
        Vm.HasEnded(host) ? Obstacle.Refused($"{Vm.Name} (pid {Vm.Pid}) is gone")
        : Vm.Route == VmRoute.Libvirt && Vm.FindObstacle(host) is { } obstacle ? obstacle with { Remedy = "--signal ends its process without libvirt" }
        : null;

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        if (Vm.HasEnded(host))
            return EffectResult.Failed($"{Vm.Name} (pid {Vm.Pid}) is gone");
        if (Vm.Route == VmRoute.Libvirt)
            return Destroy(host, progress);

        // One whose process is stopped hears nothing but SIGKILL.
        var hears = !Vm.IsStopped(host);
        string? unheard = null;
        if (hears && Vm.Route == VmRoute.Qmp)
        {
            progress($"QMP to {Vm.Name}: quit");
            var reply = Vm.Qmp(host, "quit", null, s_quitDeadline);
            if (reply.Status is QmpReplyStatus.Ok or QmpReplyStatus.NotConnected && Ends(host, reply.IsOk ? s_patience : s_pace))
                return EffectResult.Ok("running", "ended", "by quit");
            unheard = reply.IsOk ? "quit was accepted and not done" : reply.Reason;
        }

        if (hears)
        {
            progress(string.Create(CultureInfo.InvariantCulture, $"SIGTERM to process {Vm.Pid}{(unheard is null ? "" : $" ({unheard})")}"));
            if (host.Signal(Vm.Key, SigTerm) is not Errno.None and not Errno.ESRCH and var denied)
                return EffectResult.Failed($"{Vm.Name}: SIGTERM to process {Vm.Pid}: {denied.Describe()}");
            if (Ends(host, s_patience))
                return EffectResult.Ok("running", "ended", unheard is null ? "by SIGTERM" : $"by SIGTERM: {unheard}");
        }

        progress(string.Create(CultureInfo.InvariantCulture, $"SIGKILL to process {Vm.Pid}"));
        if (host.Signal(Vm.Key, SigKill) is not Errno.None and not Errno.ESRCH and var refused)
            return EffectResult.Failed($"{Vm.Name}: SIGKILL to process {Vm.Pid}: {refused.Describe()}");
        return Ends(host, s_killPatience)
            ? EffectResult.Ok(hears ? "running" : VmPeer.Stopped, "ended", hears ? "by SIGKILL: it did not hear SIGTERM" : "by SIGKILL: its process was stopped")
            : EffectResult.Broken($"{Vm.Name} (pid {Vm.Pid}) survives SIGKILL: it hangs in the kernel, on a disk perhaps", null, null);
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after) => null;

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json) => Vm.Write(json);

    internal static Effect? Read(EffectFields fields) => VmPeer.Read(fields) is { } vm ? new KillVmEffect(vm) : null;

    private EffectResult Destroy(HostControl host, Action<string> progress)
    {
        progress($"libvirt, domain {Vm.DomainWords}: destroy");
        var told = Vm.Libvirt(host, "destroy", [], s_destroyDeadline);
        var ended = Ends(host, told.IsOk ? s_patience : s_pace);
        return ended ? EffectResult.Ok("running", "ended")
            : told.IsOpen ? EffectResult.Broken(told.Problem!, null, null)
            : told.IsOk ? EffectResult.Broken($"libvirt reports {Vm.Name} destroyed, but process {Vm.Pid} is still there", null, null)
            : EffectResult.Failed(told.Problem ?? "libvirt: refused");
    }

    private bool Ends(HostControl host, TimeSpan patience)
    {
        for (var waited = TimeSpan.Zero; waited <= patience; waited += s_pace)
        {
            if (Vm.HasEnded(host))
                return true;
            host.Pause(s_pace);
        }

        return Vm.HasEnded(host);
    }
}
