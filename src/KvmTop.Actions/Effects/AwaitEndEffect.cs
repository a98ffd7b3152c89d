using System.Globalization;
using System.Text.Json;

namespace KvmTop.Actions;

/// <summary>Waits until a VM that was asked to shut down has ended. Changes nothing itself.</summary>
/// <param name="Vm">Which.</param>
/// <param name="Seconds">For how long.</param>
public sealed record AwaitEndEffect(VmPeer Vm, int Seconds) : Effect
{
    internal const string KindName = "await-end";

    private const int LooksPerSecond = 5;

    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(1000.0 / LooksPerSecond);

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override bool IsOfThisBoot => true;

    /// <inheritdoc/>
    public override string Describe() => string.Create(CultureInfo.InvariantCulture, $"wait up to {Seconds} s until {Vm.Name} (process {Vm.Pid}) has ended");

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        for (var looks = 0; looks < Seconds * LooksPerSecond; looks++)
        {
            if (Vm.HasEnded(host))
                return new EffectResult(true, null, null, null, false);
            if (host.IsAskedToEnd)
                return EffectResult.Failed($"{Vm.Name} is not waited for any longer: it was asked to shut down and may still");
            if (looks % LooksPerSecond == 0)
            {
                progress(string.Create(CultureInfo.InvariantCulture, $"waiting for {Vm.Name}: {looks / LooksPerSecond} of {Seconds} s"));

                // -no-shutdown: the guest is off, and its process stays on purpose.
                if (Vm.Route == VmRoute.Qmp && looks > 0 && Vm.ReadState(host, out _) == "shutdown")
                    return new EffectResult(true, null, null, $"its guest is off, and its process stays (-no-shutdown): kvmtop vm kill {Vm.Pid}", false);
            }

            host.Pause(s_pace);
        }

        return EffectResult.Failed(string.Create(
            CultureInfo.InvariantCulture,
            $"{Vm.Name} has not shut down within {Seconds} s: it was asked to and may still, or its guest does not listen to the power button; 'kvmtop vm kill {Vm.Pid}' ends it"));
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after) => null;

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        Vm.Write(json);
        json.WriteNumber("seconds", Seconds);
    }

    internal static Effect? Read(EffectFields fields) =>
        VmPeer.Read(fields) is { } vm && fields.Number("seconds") is > 0 and <= 86400 and var seconds ? new AwaitEndEffect(vm, (int)seconds) : null;
}
