using System.Text.Json;
using KvmTop.Linux;

namespace KvmTop.Actions;

/// <summary>
/// Unloads one module by rmmod(8), and looks whether it is gone. Not by <c>modprobe -r</c>, which takes along what the module stands on: kvm would lose its own
/// parameters when kvm_amd is reloaded.
/// </summary>
/// <param name="Module">Its name, with underscores.</param>
/// <param name="Parameters">The parameters with which it is loaded again to take this back: "nested=0".</param>
public sealed record UnloadModuleEffect(string Module, IReadOnlyList<string> Parameters) : Effect
{
    internal const string KindName = "unload-module";

    // Whoever looks at a new device for a moment (udev, or this program) holds its module for as long.
    private const int Attempts = 5;
    private static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(200);

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <summary>Which loading of it is meant: see <see cref="ModuleProbe.InstanceOf"/>. Null for any.</summary>
    public string? Instance { get; init; }

    private IReadOnlyList<string> Command => ["rmmod", Module];

    /// <inheritdoc/>
    public override string Describe() => "run " + RunCommandEffect.Quote(Command);

    /// <inheritdoc/>
    public override Obstacle? FindObstacle(HostControl host) => ModuleProbe.FindObstacle(host, "rmmod");

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        if (!ModuleProbe.IsLoaded(host, Module))
            return new EffectResult(true, "not loaded", "not loaded", null, Changed: false);

        if (Instance is not null && ModuleProbe.InstanceOf(host, Module) is { } now && now != Instance)
            return EffectResult.Failed($"{Module} has been unloaded and loaded again since by somebody else: it is left alone", "loaded");

        var before = KernelLogTail.LastSequence(host.Files);
        for (var attempt = 1; ; attempt++)
        {
            var result = host.Run(Command, TimeSpan.FromSeconds(ModuleProbe.DeadlineSeconds));
            if (!ModuleProbe.IsLoaded(host, Module))
                return EffectResult.Ok("loaded", "not loaded");
            if (result.ExitCode is null)
                return EffectResult.Broken(ModuleProbe.Words(host, Command, result, Module, before), "loaded", "loaded");
            if (attempt == Attempts)
            {
                var words = ModuleProbe.Words(host, Command, result, Module, before);
                return EffectResult.Failed(result.ExitCode == 0 ? $"{words}, but {Module} is still loaded" : words, "loaded");
            }

            progress($"{Module} is in use: once more");
            host.Pause(s_retry);
        }
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after) => new LoadModuleEffect(Module, Parameters);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        json.WriteString("module", Module);
        WriteList(json, "parameters", Parameters);
    }

    internal static Effect? Read(EffectFields fields) =>
        fields.Text("module") is { } module && ModuleWords.IsName(module) && fields.List("parameters") is { } parameters && parameters.All(ModuleWords.IsAssignment) ? new UnloadModuleEffect(module, parameters) : null;
}
