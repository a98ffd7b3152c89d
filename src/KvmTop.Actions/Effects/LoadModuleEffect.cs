using System.Text.Json;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>Loads a module by modprobe(8), within a deadline, and looks whether it is there with the parameters that were asked for.</summary>
/// <param name="Module">Its name, with underscores.</param>
/// <param name="Parameters">What it is given: "nested=1". modprobe.d and the kernel command line come before these, and the last counts.</param>
public sealed record LoadModuleEffect(string Module, IReadOnlyList<string> Parameters) : Effect
{
    internal const string KindName = "load-module";

    /// <inheritdoc/>
    public override string Kind => KindName;

    private IReadOnlyList<string> Command => ["modprobe", Module, .. Parameters];

    /// <inheritdoc/>
    public override string Describe() => "run " + RunCommandEffect.Quote(Command);

    /// <inheritdoc/>
    public override Obstacle? FindObstacle(HostControl host) => ModuleProbe.FindObstacle(host, "modprobe");

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        if (ModuleProbe.IsLoaded(host, Module))
        {
            // Taking back what was cut off half-way comes here: it was not unloaded after all.
            return ModuleProbe.Difference(host, Module, Parameters) is { } other
                ? EffectResult.Failed($"{Module} is loaded already, and its {other}")
                : new EffectResult(true, "loaded", "loaded", null, Changed: false);
        }

        var before = KernelLogTail.LastSequence(host.Files);
        var result = host.Run(Command, TimeSpan.FromSeconds(ModuleProbe.DeadlineSeconds));
        var loaded = ModuleProbe.IsLoaded(host, Module);
        if (result.ExitCode != 0)
        {
            // A modprobe that was killed may have a module in the middle of its start behind it.
            var words = ModuleProbe.Words(host, Command, result, Module, before);
            return loaded || result.ExitCode is null ? EffectResult.Broken(words, "not loaded", loaded ? "loaded" : "not loaded") : EffectResult.Failed(words, "not loaded");
        }

        if (!loaded)
            return EffectResult.Failed($"{ModuleProbe.Words(host, Command, result, Module, before)}, but {Module} is not loaded", "not loaded");
        return ModuleProbe.Difference(host, Module, Parameters) is { } difference
            ? EffectResult.Broken($"{Module} was loaded, but its {difference}: the CPU or the kernel does not offer it", "not loaded", "loaded")
            : EffectResult.Ok("not loaded", ModuleProbe.InstanceOf(host, Module) is { } instance ? $"loaded {instance}" : "loaded");
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after) => new UnloadModuleEffect(Module, Parameters) { Instance = after?.StartsWith("loaded (", StringComparison.Ordinal) == true ? after["loaded ".Length..] : null };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        json.WriteString("module", Module);
        WriteList(json, "parameters", Parameters);
    }

    internal static Effect? Read(EffectFields fields) =>
        fields.Text("module") is { } module && ModuleWords.IsName(module) && fields.List("parameters") is { } parameters && parameters.All(ModuleWords.IsAssignment) ? new LoadModuleEffect(module, parameters) : null;
}
