using System.Text.Json;
using KvmTop.Collectors;
using KvmTop.Linux;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>Ends a VM that this program started, as QEMU's own "quit" does: images are flushed, the guest is not asked. By SIGTERM to a pidfd, and SIGKILL when that is not heard.</summary>
/// <param name="Name">The VM.</param>
/// <param name="Directory">Where its files lie.</param>
/// <param name="Process">"pid N since TICKS"; null when nobody lived to write it down: then whoever holds the lock on its pid file is asked for.</param>
public sealed record QuitVmEffect(string Name, string Directory, string? Process) : Effect
{
    internal const string KindName = "quit-vm";

    private const int Terminate = 15, Kill = 9;
    private const int Patience = 200;

    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override bool IsOfThisBoot => true;

    private LaunchFiles Paths => new(Directory, Name);

    /// <inheritdoc/>
    public override string Describe() => $"quit {Name} ({Process ?? "by its pid file"}): QEMU flushes its images and ends, the guest is not asked";

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        string? untold = null;
        var vm = Process is null ? RunningVm.Read(host, Paths, out untold) : RunningVm.Parse(Process);
        if (untold is not null)
            return EffectResult.Failed($"whether {Name} runs cannot be told, so nothing was done: {untold}");
        if (vm is null || host.StartTimeOf(vm.Pid) != vm.StartTime)
            return EffectResult.Ok(Process, "not running", Process is null ? "nobody holds its pid file: it had not started, or had ended already" : "it had ended already");
        progress($"ending {Name}");
        foreach (var signal in (ReadOnlySpan<int>)[Terminate, Kill])
        {
            var errno = host.Signal(new VmKey(vm.Pid, vm.StartTime), signal);
            if (errno is not (Errno.None or Errno.ESRCH))
                return EffectResult.Failed($"{Name} may not be ended: {errno.Describe()}", Process);
            for (var i = 0; i < Patience && host.StartTimeOf(vm.Pid) == vm.StartTime; i++)
                host.Pause(s_moment);
            if (host.StartTimeOf(vm.Pid) != vm.StartTime)
                return EffectResult.Ok(vm.ToString(), "not running", signal == Kill ? "it did not hear SIGTERM and was killed" : null);
        }

        return EffectResult.Broken($"{Name} is still there after SIGKILL: it waits for the kernel", vm.ToString(), vm.ToString());
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after) => null;

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        json.WriteString("name", Name);
        json.WriteString("directory", Directory);
        json.WriteString("process", Process);
    }

    internal static Effect? Read(EffectFields fields) =>
        fields.Text("name") is { } name && VmDefinitionReader.NameFault(name) is null && fields.Path("directory") is { } directory ? new QuitVmEffect(name, directory, fields.Text("process")) : null;
}
