using System.Text.Json;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Tells a VM something whose outcome lies with its guest: there is nothing to read back and nothing to take back.</summary>
/// <param name="Vm">Which.</param>
/// <param name="Verb">"reset" or "shutdown".</param>
public sealed record VmCommandEffect(VmPeer Vm, string Verb) : Effect
{
    internal const string KindName = "vm-command";

    /// <summary>Like the button for a reset.</summary>
    public const string Reset = "reset";

    /// <summary>Like the power button, by ACPI.</summary>
    public const string Shutdown = "shutdown";

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override bool IsOfThisBoot => true;

    private string Command => Verb == Reset ? "system_reset" : "system_powerdown";

    /// <inheritdoc/>
    public override string Describe() => Vm.Route == VmRoute.Libvirt ? $"libvirt, domain {Vm.DomainWords}: {Verb}" : $"QMP to {Vm.Name}: {Command}";

    /// <inheritdoc/>
    public override Obstacle? FindObstacle(HostControl host) => Vm.FindObstacle(host);

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        if (Vm.HasEnded(host))
            return EffectResult.Failed($"{Vm.Name} (pid {Vm.Pid}) is gone");
        if (Vm.Route == VmRoute.Libvirt)
        {
            var told = Vm.Libvirt(host, Verb, [], s_deadline);
            return told.IsOk ? EffectResult.Ok(null, null) : told.IsOpen ? EffectResult.Broken(told.Problem!, null, null) : EffectResult.Failed(told.Problem ?? "libvirt: refused");
        }

        var reply = Vm.Qmp(host, Command, null, s_deadline);
        return reply.IsOk ? EffectResult.Ok(null, null)
            : reply.Status == QmpReplyStatus.TimedOut ? EffectResult.Broken(reply.Reason!, null, null)
            : EffectResult.Failed(reply.Reason ?? "QMP: refused");
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after) => null;

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        Vm.Write(json);
        json.WriteString("verb", Verb);
    }

    internal static Effect? Read(EffectFields fields) =>
        VmPeer.Read(fields) is { } vm && fields.Text("verb") is Reset or Shutdown ? new VmCommandEffect(vm, fields.Text("verb")!) : null;
}
