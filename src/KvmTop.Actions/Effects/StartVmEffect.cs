using System.Globalization;
using System.Text.Json;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>
/// Starts QEMU by an argument vector, without a shell. It leaves the terminal by itself (-daemonize) and outlives this program; done when its monitor greets.
/// What QEMU says when it cannot is the problem.
/// </summary>
/// <param name="Name">The VM.</param>
/// <param name="Command">The program and its arguments.</param>
/// <param name="Directory">Where its monitor's socket, pid file and log lie: see <see cref="LaunchFiles"/>.</param>
public sealed record StartVmEffect(string Name, IReadOnlyList<string> Command, string Directory) : Effect
{
    internal const string KindName = "start-vm";

    private const int LongestText = 1000;

    private static readonly TimeSpan s_greeting = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override bool IsOfThisBoot => true;

    /// <summary>How long QEMU may take until it stands by itself, in seconds: it takes hugepages before.</summary>
    public int DeadlineSeconds { get; init; } = 30;

    private LaunchFiles Paths => new(Directory, Name);

    /// <inheritdoc/>
    public override string Describe() => $"start {Name}: {RunCommandEffect.Quote(Command)}";

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        if (host.PrivateDirectory(Directory) is { } fault)
            return EffectResult.Failed(fault);
        if (LaunchImages.Fault(host, Command) is { } changed)
            return EffectResult.Failed(changed);

        // The plan looked without the lock: another start may have been carried out since.
        foreach (var socket in (ReadOnlySpan<string>)[Paths.Monitor, Paths.Console, Paths.Vnc])
        {
            if (MadeFiles.IsServed(host, socket))
                return EffectResult.Failed($"somebody listens at {socket}: {Name} has been started since the plan was made");
        }

        var made = new MadeFiles(host, Paths.Monitor, Paths.Console, Paths.Vnc);
        progress($"starting {Name}");
        var result = host.Run(Command, TimeSpan.FromSeconds(DeadlineSeconds));
        if (result.ExitCode is null)
            return EffectResult.Broken(result.Reason ?? "QEMU did not start", null, null);
        var said = Said(host, result);
        if (result.ExitCode != 0)
        {
            // QEMU leaves the sockets that it had made; those of a QEMU that runs are not its.
            made.Remove();
            return EffectResult.Failed(said.Length > 0 ? said : string.Create(CultureInfo.InvariantCulture, $"QEMU: exit code {result.ExitCode}, and not a word"));
        }

        if (RunningVm.Read(host, Paths, out var untold) is not { } vm)
            return untold is not null ? EffectResult.Broken(untold, null, null) : EffectResult.Failed(said.Length > 0 ? said : "QEMU ended as soon as it had started");

        // Its directory keeps others away; QEMU would let its group in.
        _ = host.Protect(Paths.Monitor);
        _ = host.Protect(Paths.Console);
        if (host.AwaitMonitor(Paths.Monitor, vm.Pid, s_greeting) is not { } silent)
            return EffectResult.Ok("not running", vm.ToString(), said.Length > 0 ? said : null);
        var last = Said(host, result);
        return EffectResult.Broken($"QEMU runs, but its monitor does not: {silent}{(last.Length > 0 ? ": " + last : "")}", "not running", vm.ToString());
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after) => new QuitVmEffect(Name, Directory, after);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        json.WriteString("name", Name);
        WriteList(json, "command", Command);
        json.WriteString("directory", Directory);
        json.WriteNumber("deadline_s", DeadlineSeconds);
    }

    internal static Effect? Read(EffectFields fields) =>
        fields.Text("name") is { } name && VmDefinitionReader.NameFault(name) is null && fields.List("command") is { Count: > 0 } command && fields.Path("directory") is { } directory
            ? new StartVmEffect(name, command, directory) { DeadlineSeconds = (int)Math.Clamp(fields.Number("deadline_s") ?? 30, 1, 3600) }
            : null;

    /// <summary>What QEMU said: on its way to the background on its standard error, after that in its log.</summary>
    private string Said(HostControl host, ChildResult result)
    {
        var text = System.Text.Encoding.UTF8.GetString(result.Error).Trim();
        if (text.Length == 0)
            text = host.ReadText(Paths.Log, out _)?.Trim() ?? "";
        return text.Length == 0 ? "" : HostileText.Clean(text.ReplaceLineEndings("; "), LongestText);
    }
}
