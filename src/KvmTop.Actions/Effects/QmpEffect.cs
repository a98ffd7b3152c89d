using System.Text.Json;
using KvmTop.Collectors;
using KvmTop.Vmm;

namespace KvmTop.Actions;

/// <summary>One command to the monitor of a VM, by the connection that everybody here shares.</summary>
/// <param name="Pid">The VM's process.</param>
/// <param name="StartTime">When it began: a pid that came to mean another process is left alone.</param>
/// <param name="Vm">The VM's name; cleaned.</param>
/// <param name="Command">"stop", "balloon", ..</param>
/// <param name="Arguments">A JSON object, or null.</param>
public sealed record QmpEffect(int Pid, ulong StartTime, string Vm, string Command, string? Arguments = null) : Effect
{
    internal const string KindName = "qmp";

    private const int DeadlineSeconds = 5;

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <summary>The command that takes it back; null when none does.</summary>
    public string? UndoCommand { get; init; }

    /// <summary>Its arguments.</summary>
    public string? UndoArguments { get; init; }

    /// <inheritdoc/>
    public override string Describe() => $"QMP to {Vm}: {Command}{(Arguments is null ? "" : " " + Arguments)}";

    /// <inheritdoc/>
    public override Obstacle? FindObstacle(HostControl host) => host.QmpRefusal(new VmKey(Pid, StartTime)) is { } refusal
        ? refusal.Contains("no right", StringComparison.Ordinal) ? Obstacle.Privilege(refusal) : Obstacle.Refused(refusal)
        : null;

    /// <inheritdoc/>
    public override EffectResult Apply(HostControl host, Action<string> progress)
    {
        var reply = host.Qmp(new VmKey(Pid, StartTime), Command, Arguments, TimeSpan.FromSeconds(DeadlineSeconds));
        return reply.Status switch
        {
            QmpReplyStatus.Ok => EffectResult.Ok(null, null),
            // Nobody knows whether it was carried out.
            QmpReplyStatus.TimedOut => EffectResult.Broken(reply.Reason!, null, null),
            _ => EffectResult.Failed(reply.Reason ?? "QMP: refused"),
        };
    }

    /// <inheritdoc/>
    public override Effect? Invert(string? after) =>
        UndoCommand is null ? null : this with { Command = UndoCommand, Arguments = UndoArguments, UndoCommand = Command, UndoArguments = Arguments };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json)
    {
        json.WriteNumber("pid", Pid);
        json.WriteNumber("start_time", StartTime);
        json.WriteString("vm", Vm);
        json.WriteString("command", Command);
        json.WriteString("arguments", Arguments);
        json.WriteString("undo_command", UndoCommand);
        json.WriteString("undo_arguments", UndoArguments);
    }

    internal static Effect? Read(EffectFields fields) =>
        fields.Number("pid") is > 0 and <= int.MaxValue and var pid && fields.Number("start_time") is >= 0 and var start && fields.Text("command") is { } command
            ? new QmpEffect((int)pid, (ulong)start, fields.Text("vm") ?? "", command, fields.Text("arguments"))
            {
                UndoCommand = fields.Text("undo_command"),
                UndoArguments = fields.Text("undo_arguments"),
            }
            : null;
}
